// As rope.wgsl, for a pass whose keys and values go to a cache: query heads are rotated in place, key heads on their way, value heads
// are copied. One thread per pair.
struct Params { past: u32, heads: u32, kvHeads: u32, half: u32, axes: u32, axesRow: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(2) var<storage, read_write> kv: array<f32>;
// By row of the cache.
@group(0) @binding(3) var<storage, read> positions: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let all = p.heads + 2u * p.kvHeads;
  if (id.x >= all * p.half) { return; }
  let head = id.x / p.half;
  let i = id.x % p.half;
  let row = p.past + id.y;
  let at = (id.y * all + head) * p.half * 2u + i;
  var a = qkv[at];
  var b = qkv[at + p.half];
  if (head < p.heads + p.kvHeads) {
    let turn = turnOf(row, i);
    let x = a;
    a = x * turn.x - b * turn.y;
    b = b * turn.x + x * turn.y;
  }
  if (head < p.heads) {
    qkv[at] = a;
    qkv[at + p.half] = b;
    return;
  }
  let to = (row * 2u * p.kvHeads + head - p.heads) * p.half * 2u + i;
  kv[to] = a;
  kv[to + p.half] = b;
}
