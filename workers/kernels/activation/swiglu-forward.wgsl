// y = silu(gate) * up, the two halves of each row of gateUp. After sigmoid.wgsl.
struct Params { size: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gateUp: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let at = i + row * p.size;
  let gate = gateUp[at];
  y[i] = gate * sigmoid(gate) * gateUp[at + p.size];
}
