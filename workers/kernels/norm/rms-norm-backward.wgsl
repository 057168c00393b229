// RMSNorm backward with respect to x, one workgroup per row. After sum.wgsl and row-itself.wgsl or
// row-scattered.wgsl.
struct Params { size: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> rstd: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = group.x;
  let at = source(m) * p.size;
  let above = m * p.size;
  let scale = rstd[m];
  var product = 0.0;
  for (var i = thread; i < p.size; i += THREADS) { product += dy[above + i] * weight[i] * x[at + i]; }
  let pull = total(product, thread) * scale * scale / f32(p.size);
  for (var i = thread; i < p.size; i += THREADS) {
    var gradient = scale * (dy[above + i] * weight[i] - x[at + i] * pull);
    if (p.accumulate != 0u) { gradient += dx[at + i]; }
    dx[at + i] = gradient;
  }
}
