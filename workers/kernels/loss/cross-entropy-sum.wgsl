// out[outIndex] = (or +=) the sum of x[0 .. count), in a fixed order by one workgroup; short partial sums keep the error small.
struct Params { count: u32, outIndex: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lid: u32) {
  var total = 0.0;
  for (var i = lid; i < p.count;) {
    let end = min(p.count, i + 1024u);
    var part = 0.0;
    for (; i < end; i += 64u) { part += x[i]; }
    total += part;
  }
  sums[lid] = total;
  workgroupBarrier();
  if (lid != 0u) { return; }
  total = 0.0;
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) { part += sums[i + j]; }
    total += part;
  }
  if (p.accumulate == 1u) { total += out[p.outIndex]; }
  out[p.outIndex] = total;
}
