// Word i of a tensor's part: a hash of i and the seed, as it is, or as numbers uniform in offset ± scale.
struct Params {
  first: u32,
  count: u32, // words
  seed: u32,
  kind: u32, // 0 bits, 1 f32, 2 two f16, 3 two bf16
  scale: f32,
  offset: f32,
  // First workgroup of this piece of the dispatch.
  firstX: u32, firstY: u32, firstZ: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

// Wellons' "lowbias32".
fn hash(value: u32) -> u32 {
  var h = value;
  h = (h ^ (h >> 16u)) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}

// In [-1, 1), from the upper 16 bits.
fn unit(h: u32) -> f32 { return f32(h >> 16u) / 32768.0 - 1.0; }

fn word(i: u32) -> u32 {
  let h = hash(i ^ p.seed);
  if (p.kind == 0u) { return h; }
  let values = vec2f(unit(h), unit(h << 16u)) * p.scale + p.offset;
  if (p.kind == 1u) { return bitcast<u32>(values.x); }
  if (p.kind == 2u) { return pack2x16float(values); }
  return (bitcast<u32>(values.x) >> 16u) | (bitcast<u32>(values.y) & 0xffff0000u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let first = (gid.x + p.firstX * 64u) * 16u;
  for (var n = 0u; n < 16u; n++) {
    let i = first + n;
    if (i < p.count) { y[p.first + i] = word(i); }
  }
}
