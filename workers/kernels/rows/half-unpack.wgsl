// Two words of f16 to four values, times the scale of their row; all of a row that was not finite is NaN.
struct Params { count: u32, quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> x: array<vec4u>;
@group(0) @binding(2) var<storage, read> half: array<vec2u>;
@group(0) @binding(3) var<storage, read> scales: array<u32>;

const EXPONENT = 0x7f800000u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let h = half[i];
  let scale = scales[i / p.quads];
  let values = vec4f(unpack2x16float(h.x), unpack2x16float(h.y)) * bitcast<f32>(scale);
  x[i] = select(bitcast<vec4u>(values), vec4u(scale), (scale & EXPONENT) == EXPONENT);
}
