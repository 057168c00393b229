// One workgroup per row: the index of the largest of x[row, 0 .. vocab), the lowest one on ties. Floats are compared as integers
// of the same order, which makes -infinity and NaN (above all, as in torch.argmax) well defined.
struct Params { vocab: u32, ld: u32, rows: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

const SIGN = 0x80000000u;
var<workgroup> keys: array<u32, 64>;
var<workgroup> indices: array<u32, 64>;

fn key(bits: u32) -> u32 {
  if ((bits & ~SIGN) > 0x7f800000u) { return 0xffffffffu; }
  if (bits == SIGN) { return SIGN; } // -0 equals +0
  return select(bits | SIGN, ~bits, (bits & SIGN) != 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  var best = 0u; // below the key of -infinity
  var at = 0u;
  for (var i = lid; i < p.vocab; i += 64u) {
    let k = key(x[row * p.ld + i]);
    if (k > best) { best = k; at = i; }
  }
  keys[lid] = best;
  indices[lid] = at;
  workgroupBarrier();
  if (lid != 0u) { return; }
  for (var i = 1u; i < 64u; i++) {
    if (keys[i] > best || (keys[i] == best && indices[i] < at)) { best = keys[i]; at = indices[i]; }
  }
  out[row] = at;
}
