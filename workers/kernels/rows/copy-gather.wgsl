// y[yRow + i] = x[xRow + gather[i]], rows of `size` words.
struct Params { size: u32, count: u32, xStart: u32, yStart: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> gather: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  y[p.yStart * p.size + i] = x[(p.xStart + gather[row]) * p.size + (i - row * p.size)];
}
