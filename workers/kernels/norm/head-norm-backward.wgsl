// Gradient of head-norm-forward.wgsl with respect to x, in place on the query and key heads of dQkv; one workgroup per head and row.
// After sum.wgsl.
struct Params { heads: u32, kvHeads: u32, size: u32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dQkv: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> queryWeight: array<f32>;
@group(0) @binding(4) var<storage, read> keyWeight: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let at = (group.y * (p.heads + 2u * p.kvHeads) + head) * p.size;
  var squares = 0.0;
  var product = 0.0;
  for (var i = thread; i < p.size; i += THREADS) {
    let weight = select(keyWeight[i], queryWeight[i], head < p.heads);
    squares += x[at + i] * x[at + i];
    product += dQkv[at + i] * weight * x[at + i];
  }
  let scale = 1.0 / sqrt(total(squares, thread) / f32(p.size) + p.eps);
  let pull = total(product, thread) * scale * scale / f32(p.size);
  for (var i = thread; i < p.size; i += THREADS) {
    let weight = select(keyWeight[i], queryWeight[i], head < p.heads);
    dQkv[at + i] = scale * (dQkv[at + i] * weight - x[at + i] * pull);
  }
}
