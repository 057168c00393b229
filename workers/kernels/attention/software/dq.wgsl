// Attention backward, gradient of the queries, software family: one thread owns 4 query rows of one head.
// P is rebuilt from the stored log-sum-exp; dS = P * (dOut V^T - delta); dQ = scale * dS K (FlashAttention, algorithm 4).
// After backward-bindings.wgsl and common.wgsl. Prepended: const D4 (head size / 4).
@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = (id.x + p.firstX * 16u) * 4u;
  if (m >= p.rows) { return; }
  let head = id.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  // Rows past the end repeat the last one and are not stored.
  let row = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(p.rows - 1u));
  let q = row * stride + head * D4;
  let stat = row * p.heads + head;
  let o = stat * D4;
  let norm = lseAt(stat);
  let shift = deltaAt(stat);
  let first = startsAt(row);
  let stop = stopsAt(row);
  let last = stop.w - 1u;
  let kBase = (p.heads + kvHead) * D4;
  let vBase = kBase + p.kvHeads * D4;

  var acc: array<mat4x4f, D4>;
  for (var j = first.x; j <= last; j += 4u) {
    let keys = vec4u(j, j + 1u, j + 2u, j + 3u);
    let at = min(keys, vec4u(last)) * stride;
    let k = at + kBase;
    let v = at + vBase;
    var s = mat4x4f();
    var g = mat4x4f();
    for (var d = 0u; d < D4; d++) {
      s = scores(s, qkvAt(q + d), qkvAt(k + d));
      g = scores(g, dOutAt(o + d), qkvAt(v + d));
    }
    let none = vec4f(0.0);
    let dS = mat4x4f(
      select(none, exp(s[0] * p.scale - norm.x) * (g[0] - shift.x) * p.scale, visible(keys, first.x, stop.x)),
      select(none, exp(s[1] * p.scale - norm.y) * (g[1] - shift.y) * p.scale, visible(keys, first.y, stop.y)),
      select(none, exp(s[2] * p.scale - norm.z) * (g[2] - shift.z) * p.scale, visible(keys, first.z, stop.z)),
      select(none, exp(s[3] * p.scale - norm.w) * (g[3] - shift.w) * p.scale, visible(keys, first.w, stop.w)),
    );
    for (var d = 0u; d < D4; d++) { acc[d] = weighted(acc[d], qkvAt(k + d), dS); }
  }
  for (var r = 0u; r < 4u && m + r < p.rows; r++) {
    for (var d = 0u; d < D4; d++) { dQkv[q[r] + d] = acc[d][r]; }
  }
}
