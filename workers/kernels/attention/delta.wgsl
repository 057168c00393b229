// Attention backward, first step: delta = rowsum(dOut * out), one thread per row and head (the softmax's inner product).
// Prepended: const D4 (head size / 4).
struct Params { pairs: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> delta: array<f32>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.pairs) { return; }
  var sum = 0.0;
  for (var d = 0u; d < D4; d++) { sum += dot(dOut[id.x * D4 + d], out[id.x * D4 + d]); }
  delta[id.x] = sum;
}
