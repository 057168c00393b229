// Rotary position embedding in place on the query and key heads of a packed projection (Su et al. 2021), rotate_half layout:
// element i of a head pairs with element i + D / 2. One thread per pair.
// direction 1 rotates, -1 rotates back (the gradient: a rotation's transpose is its inverse).
struct Params { rotated: u32, stride: u32, half: u32, direction: f32, axes: u32, axesRow: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
// [maxPositions, half]: cosine, sine; and the row of axes, where there is one.
@group(0) @binding(3) var<storage, read> table: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.rotated * p.half) { return; }
  let row = id.y;
  let i = id.x % p.half;
  let at = row * p.stride + (id.x / p.half) * p.half * 2u + i;
  let turn = turnOf(row, i);
  let sine = turn.y * p.direction;
  let a = qkv[at];
  let b = qkv[at + p.half];
  qkv[at] = a * turn.x - b * sine;
  qkv[at + p.half] = b * turn.x + a * sine;
}
