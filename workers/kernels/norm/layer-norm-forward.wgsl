// LayerNorm forward (Ba et al. 2016), one workgroup per row; the variance is taken about the mean, in a second pass. After sum.wgsl.
struct Params { size: u32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> weight: array<f32>;
@group(0) @binding(6) var<storage, read> bias: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = group.x;
  let at = m * p.size;
  var sum = 0.0;
  for (var i = thread; i < p.size; i += THREADS) { sum += x[at + i]; }
  let middle = total(sum, thread) / f32(p.size);
  var squares = 0.0;
  for (var i = thread; i < p.size; i += THREADS) {
    let off = x[at + i] - middle;
    squares += off * off;
  }
  // Not inverseSqrt, which WGSL lets be coarser than a square root and a division.
  let scale = 1.0 / sqrt(total(squares, thread) / f32(p.size) + p.eps);
  for (var i = thread; i < p.size; i += THREADS) { y[at + i] = (x[at + i] - middle) * scale * weight[i] + bias[i]; }
  if (thread == 0u) {
    mean[m] = middle;
    rstd[m] = scale;
  }
}
