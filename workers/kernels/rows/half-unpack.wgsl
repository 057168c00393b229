// Two words of f16 to four values.
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> half: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> x: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let h = half[i];
  x[i] = vec4f(unpack2x16float(h.x), unpack2x16float(h.y));
}
