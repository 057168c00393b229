// LayerNorm backward with respect to x, one workgroup per row. After sum.wgsl.
struct Params { size: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> mean: array<f32>;
@group(0) @binding(6) var<storage, read> rstd: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = group.x;
  let at = m * p.size;
  let middle = mean[m];
  let scale = rstd[m];
  var sum = 0.0;
  var product = 0.0;
  for (var i = thread; i < p.size; i += THREADS) {
    let gradient = dy[at + i] * weight[i];
    sum += gradient;
    product += gradient * (x[at + i] - middle) * scale;
  }
  let shift = total(sum, thread) / f32(p.size);
  let pull = total(product, thread) / f32(p.size);
  for (var i = thread; i < p.size; i += THREADS) {
    var gradient = scale * (dy[at + i] * weight[i] - shift - (x[at + i] - middle) * scale * pull);
    if (p.accumulate != 0u) { gradient += dx[at + i]; }
    dx[at + i] = gradient;
  }
}
