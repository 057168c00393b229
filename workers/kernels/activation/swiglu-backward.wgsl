// dGate = dy * up * s * (1 + gate * (1 - s)), dUp = dy * gate * s, with s = sigmoid(gate); in place of gate and up.
struct Params { size: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> gateUp: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let at = i + row * p.size;
  let gate = gateUp[at];
  let up = gateUp[at + p.size];
  let e = exp(-abs(gate));
  // s and 1 - s without cancellation.
  let s = select(1.0, e, gate < 0.0) / (1.0 + e);
  let rest = select(e, 1.0, gate < 0.0) / (1.0 + e);
  gateUp[at] = dy[i] * up * s * (1.0 + gate * rest);
  gateUp[at + p.size] = dy[i] * gate * s;
}
