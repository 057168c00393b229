// Sums of squares of 4096 elements each, as f32 bits. A block that holds an infinity or NaN is marked by the bits of infinity:
// found by looking at exponents, since WGSL lets compilers assume that floats are finite.
struct Params { count: u32, blocks: u32, firstBlock: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<u32>;

const EXPONENT = 0x7f800000u;
var<workgroup> sums: array<f32, 64>;
var<workgroup> broken: array<u32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let block = wid.y * groups.x + wid.x;
  if (block >= p.blocks) { return; }
  let base = block * 4096u + lid;
  var total = 0.0;
  var flag = 0u;
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) {
      let at = base + (i + j) * 64u;
      if (at < p.count) {
        let value = x[at];
        flag |= u32((bitcast<u32>(value) & EXPONENT) == EXPONENT);
        part += value * value;
      }
    }
    total += part;
  }
  sums[lid] = total;
  broken[lid] = flag;
  workgroupBarrier();
  if (lid != 0u) { return; }
  total = 0.0;
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) {
      part += sums[i + j];
      flag |= broken[i + j];
    }
    total += part;
  }
  partials[p.firstBlock + block] = select(bitcast<u32>(total), EXPONENT, flag != 0u);
}
