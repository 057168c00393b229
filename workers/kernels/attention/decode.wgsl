// Attention forward for few query rows (chat: one), one workgroup per row and head: the keys go by in chunks of one per thread,
// whose scores meet in workgroup memory; then each thread owns one part of the output vector and one share of the keys.
// All reductions run in a fixed order.
// After forward-bindings.wgsl. Prepended: const D4 (head size / 4, at most THREADS), THREADS, SHARES (THREADS / D4, rounded down).
var<workgroup> scores: array<f32, THREADS>;
var<workgroup> parts: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = group.x + p.firstX;
  let head = group.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  let row = p.past + m;
  let q = m * stride + head * D4;
  let kBase = p.firstKey + kvHead * D4;
  let vBase = kBase + p.kvHeads * D4;
  let first = starts[row];
  var stop = row + 1u;
  if (p.causal == 0u) { stop = ends[row]; }
  let d = thread % D4;
  let share = thread / D4;

  var best = LOWEST;
  var total = 0.0;
  var acc = vec4f(0.0);
  let chunks = (stop - first + THREADS - 1u) / THREADS;
  for (var chunk = 0u; chunk < chunks; chunk++) {
    let base = first + chunk * THREADS;
    let count = min(THREADS, stop - base);
    var score = LOWEST;
    if (thread < count) {
      let k = (base + thread) * p.kvStride + kBase;
      var s = 0.0;
      for (var e = 0u; e < D4; e++) { s += dot(qkv[q + e], kv[k + e]); }
      score = s * p.scale;
    }
    scores[thread] = score;
    workgroupBarrier();
    // Every thread finds the same maximum: cheaper than a tree of barriers at this size.
    var next = best;
    for (var i = 0u; i < count; i++) { next = max(next, scores[i]); }
    let shrink = exp(best - next);
    best = next;
    total *= shrink;
    acc *= shrink;
    workgroupBarrier();
    scores[thread] = exp(score - next);
    workgroupBarrier();
    for (var i = 0u; i < count; i++) { total += scores[i]; }
    if (share < SHARES) {
      for (var i = share; i < count; i += SHARES) { acc += scores[i] * kv[(base + i) * p.kvStride + vBase + d]; }
    }
    workgroupBarrier();
  }
  parts[thread] = acc;
  workgroupBarrier();
  let o = m * p.heads + head;
  if (thread < D4) {
    var sum = parts[thread];
    for (var s = 1u; s < SHARES; s++) { sum += parts[s * D4 + thread]; }
    out[o * D4 + thread] = sum / total;
  }
  if (thread == 0u) { lse[o] = best + log(total); }
}
