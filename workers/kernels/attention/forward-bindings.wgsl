// Params and bindings of the forward kernels.
struct Params {
  rows: u32, past: u32, heads: u32, kvHeads: u32, causal: u32, scale: f32,
  // Vectors from one row of keys and values to the next, and before the first key head.
  kvStride: u32, firstKey: u32,
  // No block of queries has rows of two spans; 0: of two sequences.
  span: u32,
  firstX: u32, firstY: u32, firstZ: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
// The keys and values: of qkv itself, or of a cache.
@group(0) @binding(4) var<storage, read> kv: array<vec4f>;
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read> ends: array<u32>;

fn kvAt(i: vec4u) -> mat4x4f { return mat4x4f(kv[i.x], kv[i.y], kv[i.z], kv[i.w]); }

// The first row of a block of `size` rows, and one past the last that it may have; both past the end behind the last block.
fn rowsOfBlock(block: u32, size: u32) -> vec2u {
  if (p.span != 0u) {
    let blocks = (p.span + size - 1u) / size;
    let first = block / blocks * p.span;
    return vec2u(min(first + block % blocks * size, p.rows), min(first + p.span, p.rows));
  }
  var left = block;
  var row = 0u;
  while (row < p.rows) {
    let end = min(ends[row], p.rows);
    let blocks = (end - row + size - 1u) / size;
    if (left < blocks) { return vec2u(row + left * size, end); }
    left -= blocks;
    row = end;
  }
  return vec2u(p.rows);
}

// Finite, so that "nothing seen yet" never makes inf - inf.
const LOWEST = -1e30;
