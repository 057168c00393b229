// Attention backward, gradients of keys and values, software family: one thread owns 4 key rows of one key head and walks, in a
// fixed order, the query heads of its group and the query rows that see those keys, 4 at a time. No atomics: each output is
// summed by one thread. dV = P^T dOut; dK = scale * dS^T Q.
// After backward-bindings.wgsl and common.wgsl. Prepended: const D4 (head size / 4).
@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = (id.x + p.firstX * 16u) * 4u;
  if (j >= p.rows) { return; }
  let kvHead = id.y + p.firstY;
  let group = p.heads / p.kvHeads;
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  // Rows past the end repeat the last one and are not stored.
  let row = min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(p.rows - 1u));
  let k = row * stride + (p.heads + kvHead) * D4;
  let v = k + p.kvHeads * D4;
  let stop = endsAt(row);
  let first = firstQueriesAt(row);
  let last = stop.w - 1u;

  var dK: array<mat4x4f, D4>;
  var dV: array<mat4x4f, D4>;
  for (var head = kvHead * group; head < (kvHead + 1u) * group; head++) {
    for (var m = first.x; m <= last; m += 4u) {
      let queries = vec4u(m, m + 1u, m + 2u, m + 3u);
      let at = min(queries, vec4u(last));
      let q = at * stride + head * D4;
      let stat = at * p.heads + head;
      let o = stat * D4;
      // Rows of s and g are keys, columns queries: what the second half needs.
      var s = mat4x4f();
      var g = mat4x4f();
      for (var d = 0u; d < D4; d++) {
        s = scores(s, qkvAt(k + d), qkvAt(q + d));
        g = scores(g, qkvAt(v + d), dOutAt(o + d));
      }
      let norm = lseAt(stat);
      let shift = deltaAt(stat);
      let none = vec4f(0.0);
      let s0 = select(none, exp(s[0] * p.scale - norm), visible(queries, first.x, stop.x));
      let s1 = select(none, exp(s[1] * p.scale - norm), visible(queries, first.y, stop.y));
      let s2 = select(none, exp(s[2] * p.scale - norm), visible(queries, first.z, stop.z));
      let s3 = select(none, exp(s[3] * p.scale - norm), visible(queries, first.w, stop.w));
      let weights = mat4x4f(s0, s1, s2, s3);
      let dS = mat4x4f(
        s0 * (g[0] - shift) * p.scale,
        s1 * (g[1] - shift) * p.scale,
        s2 * (g[2] - shift) * p.scale,
        s3 * (g[3] - shift) * p.scale,
      );
      for (var d = 0u; d < D4; d++) {
        dV[d] = weighted(dV[d], dOutAt(o + d), weights);
        dK[d] = weighted(dK[d], qkvAt(q + d), dS);
      }
    }
  }
  for (var r = 0u; r < 4u && j + r < p.rows; r++) {
    for (var d = 0u; d < D4; d++) {
      dQkv[k[r] + d] = dK[d][r];
      dQkv[v[r] + d] = dV[d][r];
    }
  }
}
