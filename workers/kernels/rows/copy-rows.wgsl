// y[yRow + i] = x[xRow + i], rows of `size` words; copied as words, so that ids and floats travel alike, NaN bits included.
struct Params { size: u32, count: u32, xStart: u32, yStart: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i < p.count) { y[p.yStart * p.size + i] = x[p.xStart * p.size + i]; }
}
