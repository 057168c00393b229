// Attention forward, software family: one thread owns 4 query rows of one head and walks the keys 4 at a time (online softmax,
// Milakov & Gimelshein 2018; FlashAttention, Dao et al. 2022). No barrier, no workgroup memory.
// After forward-bindings.wgsl and common.wgsl. Prepended: const D4 (head size / 4).
@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let block = id.x + p.firstX * 16u;
  let own = rowsOfBlock(block, 4u);
  let m = own.x;
  let end = own.y;
  if (m >= end) { return; }
  let head = id.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  // Rows past the end repeat the last one and are not stored.
  let local = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(end - 1u));
  let q = local * stride + head * D4;
  let row = p.past + local;
  let first = startsAt(row);
  let stop = stopsAt(row);
  // Rows lie in order of their sequences, so the first row starts earliest and the last one stops latest.
  let last = stop.w - 1u;
  let kBase = p.firstKey + kvHead * D4;
  let vBase = kBase + p.kvHeads * D4;

  var best = vec4f(LOWEST);
  var total = vec4f(0.0);
  var acc: array<mat4x4f, D4>;
  for (var j = first.x; j <= last; j += 4u) {
    let keys = vec4u(j, j + 1u, j + 2u, j + 3u);
    let at = min(keys, vec4u(last)) * p.kvStride;
    let k = at + kBase;
    var s = mat4x4f();
    for (var d = 0u; d < D4; d++) { s = scores(s, qkvAt(q + d), kvAt(k + d)); }
    let v0 = visible(keys, first.x, stop.x);
    let v1 = visible(keys, first.y, stop.y);
    let v2 = visible(keys, first.z, stop.z);
    let v3 = visible(keys, first.w, stop.w);
    let s0 = select(vec4f(LOWEST), s[0] * p.scale, v0);
    let s1 = select(vec4f(LOWEST), s[1] * p.scale, v1);
    let s2 = select(vec4f(LOWEST), s[2] * p.scale, v2);
    let s3 = select(vec4f(LOWEST), s[3] * p.scale, v3);
    let next = max(best, vec4f(largest(s0), largest(s1), largest(s2), largest(s3)));
    let shrink = exp(best - next);
    best = next;
    let w = mat4x4f(
      select(vec4f(0.0), exp(s0 - next.x), v0),
      select(vec4f(0.0), exp(s1 - next.y), v1),
      select(vec4f(0.0), exp(s2 - next.z), v2),
      select(vec4f(0.0), exp(s3 - next.w), v3),
    );
    total = total * shrink + vec4f(sum(w[0]), sum(w[1]), sum(w[2]), sum(w[3]));
    let v = at + vBase;
    for (var d = 0u; d < D4; d++) {
      let a = acc[d];
      acc[d] = weighted(mat4x4f(a[0] * shrink.x, a[1] * shrink.y, a[2] * shrink.z, a[3] * shrink.w), kvAt(v + d), w);
    }
  }
  for (var r = 0u; r < 4u && m + r < end; r++) {
    let o = ((m + r) * p.heads + head);
    lse[o] = best[r] + log(total[r]);
    for (var d = 0u; d < D4; d++) { out[o * D4 + d] = acc[d][r] / total[r]; }
  }
}
