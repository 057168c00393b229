// Attention forward, GPU family: a workgroup owns 32 query rows of one head (FlashAttention-2).
// After forward-bindings.wgsl, common.wgsl and gpu/tile.wgsl.
var<workgroup> stage: array<vec4f, 320>;
// One number per row and tx.
var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = group.x + p.firstX;
  let own = rowsOfBlock(block, TILE);
  let m = own.x;
  let end = own.y;
  if (m >= end) { return; }
  let head = group.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let ty = thread / 8u;
  let tx = thread % 8u;
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  let qBase = head * D4;
  let kBase = p.firstKey + kvHead * D4;
  let vBase = kBase + p.kvHeads * D4;
  let local = m + ty * 4u + vec4u(0u, 1u, 2u, 3u);
  // Rows past the end repeat the last one and are not stored.
  let row = p.past + min(local, vec4u(end - 1u));
  let first = startsAt(row);
  let stop = stopsAt(row);
  // Rows lie in order of their sequences: the tile's first row starts earliest, its last one stops latest.
  let bottom = p.past + min(m + TILE, end) - 1u;
  var limit = bottom + 1u;
  if (p.causal == 0u) { limit = ends[bottom]; }

  var best = vec4f(LOWEST);
  var total = vec4f(0.0);
  var acc: array<mat4x4f, WIDTHS>;
  for (var j = starts[p.past + m]; j < limit; j += TILE) {
    var s = mat4x4f();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 4u; t += 64u) {
        let r = t / 4u;
        let d = chunk * 4u + t % 4u;
        let to = slot(r) + t % 4u;
        var q = vec4f(0.0);
        var k = vec4f(0.0);
        if (d < D4) {
          q = qkv[min(m + r, end - 1u) * stride + qBase + d];
          k = kv[min(j + r, limit - 1u) * p.kvStride + kBase + d];
        }
        stage[to] = q;
        stage[OPERAND + to] = k;
      }
      workgroupBarrier();
      s = stagedScores(s, 0u, 1u, ty, tx);
    }
    let keys = j + tx * 4u + vec4u(0u, 1u, 2u, 3u);
    let v0 = visible(keys, first.x, stop.x);
    let v1 = visible(keys, first.y, stop.y);
    let v2 = visible(keys, first.z, stop.z);
    let v3 = visible(keys, first.w, stop.w);
    let s0 = select(vec4f(LOWEST), s[0] * p.scale, v0);
    let s1 = select(vec4f(LOWEST), s[1] * p.scale, v1);
    let s2 = select(vec4f(LOWEST), s[2] * p.scale, v2);
    let s3 = select(vec4f(LOWEST), s[3] * p.scale, v3);
    let mine = ty * 32u + tx;
    partial[mine] = largest(s0);
    partial[mine + 8u] = largest(s1);
    partial[mine + 16u] = largest(s2);
    partial[mine + 24u] = largest(s3);
    workgroupBarrier();
    var next = best;
    for (var t = 0u; t < 8u; t++) {
      let a = ty * 32u + t;
      next = max(next, vec4f(partial[a], partial[a + 8u], partial[a + 16u], partial[a + 24u]));
    }
    let shrink = exp(best - next);
    best = next;
    let w = mat4x4f(
      select(vec4f(0.0), exp(s0 - next.x), v0),
      select(vec4f(0.0), exp(s1 - next.y), v1),
      select(vec4f(0.0), exp(s2 - next.z), v2),
      select(vec4f(0.0), exp(s3 - next.w), v3),
    );
    // This thread's share of the row's sum; the shares meet after the last key.
    total = total * shrink + vec4f(sum(w[0]), sum(w[1]), sum(w[2]), sum(w[3]));
    putWeights(ty, tx, w);
    for (var n = 0u; n < WIDTHS; n++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 8u; t += 64u) {
        let d = n * 8u + t % 8u;
        var v = vec4f(0.0);
        if (d < D4) { v = kv[min(j + t / 8u, limit - 1u) * p.kvStride + vBase + d]; }
        stage[t] = v;
      }
      workgroupBarrier();
      let a = acc[n];
      acc[n] = weightedStage(mat4x4f(a[0] * shrink.x, a[1] * shrink.y, a[2] * shrink.z, a[3] * shrink.w), ty, tx);
    }
  }
  for (var i = 0u; i < 4u; i++) { partial[(ty * 4u + i) * 8u + tx] = total[i]; }
  workgroupBarrier();
  for (var i = 0u; i < 4u; i++) {
    var whole = 0.0;
    for (var t = 0u; t < 8u; t++) { whole += partial[(ty * 4u + i) * 8u + t]; }
    if (local[i] >= end) { continue; }
    let o = local[i] * p.heads + head;
    if (tx == 0u) { lse[o] = best[i] + log(whole); }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) { out[o * D4 + d] = acc[n][i] / whole; }
    }
  }
}
