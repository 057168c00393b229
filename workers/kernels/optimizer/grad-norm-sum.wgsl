// The sum of one number a thread, as f32 bits, and whether any thread met an infinity or NaN: found by looking at exponents, since
// WGSL lets compilers assume that floats are finite.
const EXPONENT = 0x7f800000u;
var<workgroup> sums: array<f32, 64>;
var<workgroup> broken: array<u32, 64>;

fn notFinite(bits: u32) -> u32 { return u32((bits & EXPONENT) == EXPONENT); }

struct Sum { total: f32, flag: u32 }

// Of all 64 threads, in a fixed order; only thread 0's result counts. All threads of the workgroup call it.
fn sumOfThreads(mine: Sum, lid: u32) -> Sum {
  sums[lid] = mine.total;
  broken[lid] = mine.flag;
  workgroupBarrier();
  var all = Sum(0.0, mine.flag);
  if (lid != 0u) { return all; }
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) {
      part += sums[i + j];
      all.flag |= broken[i + j];
    }
    all.total += part;
  }
  return all;
}
