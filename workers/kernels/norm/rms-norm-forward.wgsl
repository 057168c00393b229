// RMSNorm forward (Zhang & Sennrich 2019), one workgroup per row. After sum.wgsl and row-itself.wgsl or row-gathered.wgsl.
struct Params { size: u32, xRow: u32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = group.x;
  let base = (p.xRow + source(m)) * p.size;
  let to = m * p.size;
  var squares = 0.0;
  for (var i = thread; i < p.size; i += THREADS) { squares += x[base + i] * x[base + i]; }
  // Not inverseSqrt, which WGSL lets be coarser than a square root and a division.
  let scale = 1.0 / sqrt(total(squares, thread) / f32(p.size) + p.eps);
  for (var i = thread; i < p.size; i += THREADS) { y[to + i] = x[base + i] * scale * weight[i]; }
  if (thread == 0u) { rstd[m] = scale; }
}
