// One workgroup per row: log-sum-exp, nll of the target, and (gradient = 1) the logits turned into their own gradient.
// Each thread goes over every 64th column; the 64 partial results are folded by all threads in the same order, which costs one
// barrier where a tree costs six and is bitwise the same every time. A row with an infinity or NaN gets a NaN loss and a NaN
// gradient by its bits: WGSL lets max() and exp() make something finite of it, and such a step must not pass for a good one.
struct Params { vocab: u32, ld: u32, rows: u32, nllRow: u32, gradScale: f32, gradient: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> nll: array<u32>;

const LOWEST = -3.4028234e38;
const EXPONENT = 0x7f800000u;
const QUIET_NAN = 0x7fc00000u;
var<workgroup> largest: array<f32, 64>;
var<workgroup> broken: array<u32, 64>;
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let base = row * p.ld;

  var top = LOWEST;
  var flag = 0u;
  for (var i = lid; i < p.vocab; i += 64u) {
    let value = logits[base + i];
    flag |= u32((bitcast<u32>(value) & EXPONENT) == EXPONENT);
    top = max(top, value);
  }
  largest[lid] = top;
  broken[lid] = flag;
  workgroupBarrier();
  for (var i = 0u; i < 64u; i++) {
    top = max(top, largest[i]);
    flag |= broken[i];
  }

  // Sums of 16 first, then of those, so that the rounding error grows with 16 + vocab / 1024 terms, not with vocab / 64.
  var total = 0.0;
  for (var i = lid; i < p.vocab;) {
    let end = min(p.vocab, i + 1024u);
    var part = 0.0;
    for (; i < end; i += 64u) { part += exp(logits[base + i] - top); }
    total += part;
  }
  sums[lid] = total;
  // Before the barrier: behind it, other threads overwrite the row.
  let goal = targets[row];
  let score = logits[base + goal];
  workgroupBarrier();
  total = 0.0;
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) { part += sums[i + j]; }
    total += part;
  }

  if (lid == 0u) {
    let loss = (top - score) + log(total);
    nll[p.nllRow + row] = select(bitcast<u32>(loss), QUIET_NAN, flag != 0u);
  }
  if (p.gradient == 1u) {
    for (var i = lid; i < p.ld; i += 64u) {
      var d = 0.0;
      if (i < p.vocab) {
        d = exp(logits[base + i] - top) / total;
        if (i == goal) { d -= 1.0; }
        d *= p.gradScale;
      }
      logits[base + i] = bitcast<f32>(select(bitcast<u32>(d), QUIET_NAN, flag != 0u));
    }
  }
}
