// Row f of dFeatures is row featureRows[f] of dy, or zero where no token took the feature.
struct Params { size: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> featureRows: array<i32>;
@group(0) @binding(3) var<storage, read_write> dFeatures: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = featureRows[i / p.size];
  var value = 0.0;
  if (row >= 0) { value = dy[u32(row) * p.size + i % p.size]; }
  dFeatures[i] = value;
}
