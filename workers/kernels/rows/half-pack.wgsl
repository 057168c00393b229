// Four values to two words of f16. Beyond the range of f16 the result of pack2x16float is indeterminate: such values are held at its end.
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> half: array<vec2u>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let v = clamp(x[i], vec4f(-65504.0), vec4f(65504.0));
  half[i] = vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
}
