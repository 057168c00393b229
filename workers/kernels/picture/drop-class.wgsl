// y: the rows of x without the first of each image.
struct Params { count: u32, size: u32, patches: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let image = i / (p.size * p.patches);
  y[i] = x[i + (image + 1u) * p.size];
}
