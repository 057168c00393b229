// Row m of y is the table's row ids[m], or the projected image feature imageSlots[m] where that is not -1. The table here is `partRows`
// rows from row `firstId` on; the first part of a table writes the features, and a token's row comes from the part that has it.
struct Params { size: u32, count: u32, yStart: u32, format: u32, firstId: u32, partRows: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> imageSlots: array<i32>;
@group(0) @binding(3) var<storage, read> imageFeatures: array<f32>;
@group(0) @binding(4) var<storage, read> table: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const F32 = 0u;
const F16 = 1u;

// Element i of the table; f16 and bf16 lie two to a word, the even one low. A bf16 is the upper half of an f32.
fn weight(i: u32) -> f32 {
  if (p.format == F32) { return bitcast<f32>(table[i]); }
  let half = (table[i / 2u] >> (16u * (i & 1u))) & 0xffffu;
  if (p.format == F16) { return unpack2x16float(half).x; }
  return bitcast<f32>(half << 16u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let column = i - row * p.size;
  let slot = imageSlots[row];
  var value: f32;
  if (slot >= 0) {
    if (p.firstId > 0u) { return; }
    value = imageFeatures[u32(slot) * p.size + column];
  } else {
    // An id below firstId wraps around to a large number.
    let at = ids[row] - p.firstId;
    if (at >= p.partRows) { return; }
    value = weight(at * p.size + column);
  }
  y[p.yStart * p.size + i] = value;
}
