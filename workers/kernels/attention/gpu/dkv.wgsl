// Attention backward, gradients of keys and values, GPU family: a workgroup owns 32 key rows of one key head and walks, in a fixed
// order, the query heads of its group and the query rows that see those keys. Rows of a tile are keys, columns queries.
// dV = P^T dOut; dK = scale * dS^T Q. After backward-bindings.wgsl, common.wgsl and gpu/tile.wgsl.
var<workgroup> stage: array<vec4f, 640>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = (group.x + p.firstX) * TILE;
  let kvHead = group.y + p.firstY;
  let ratio = p.heads / p.kvHeads;
  let ty = thread / 8u;
  let tx = thread % 8u;
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  let kBase = (p.heads + kvHead) * D4;
  let vBase = kBase + p.kvHeads * D4;
  let local = j + ty * 4u + vec4u(0u, 1u, 2u, 3u);
  // Rows past the end repeat the last one and are not stored.
  let row = min(local, vec4u(p.rows - 1u));
  let first = firstQueriesAt(row);
  let stop = endsAt(row);
  let limit = ends[min(j + TILE, p.rows) - 1u];
  var top = j;
  if (p.causal == 0u) { top = starts[j]; }

  var dK: array<mat4x4f, WIDTHS>;
  var dV: array<mat4x4f, WIDTHS>;
  for (var head = kvHead * ratio; head < (kvHead + 1u) * ratio; head++) {
    for (var m = top; m < limit; m += TILE) {
      var s = mat4x4f();
      var g = mat4x4f();
      for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        workgroupBarrier();
        for (var t = thread; t < TILE * 4u; t += 64u) {
          let r = t / 4u;
          let d = chunk * 4u + t % 4u;
          let to = slot(r) + t % 4u;
          var k = vec4f(0.0);
          var q = vec4f(0.0);
          var v = vec4f(0.0);
          var o = vec4f(0.0);
          if (d < D4) {
            let jr = min(j + r, p.rows - 1u) * stride + d;
            let mr = min(m + r, limit - 1u);
            k = qkv[jr + kBase];
            q = qkv[mr * stride + head * D4 + d];
            v = qkv[jr + vBase];
            o = dOut[(mr * p.heads + head) * D4 + d];
          }
          stage[to] = k;
          stage[OPERAND + to] = q;
          stage[2u * OPERAND + to] = v;
          stage[3u * OPERAND + to] = o;
        }
        workgroupBarrier();
        s = stagedScores(s, 0u, 1u, ty, tx);
        g = stagedScores(g, 2u, 3u, ty, tx);
      }
      let queries = m + tx * 4u + vec4u(0u, 1u, 2u, 3u);
      let stat = min(queries, vec4u(limit - 1u)) * p.heads + head;
      let norm = lseAt(stat);
      let shift = deltaAt(stat);
      let none = vec4f(0.0);
      let s0 = select(none, exp(s[0] * p.scale - norm), visible(queries, first.x, stop.x));
      let s1 = select(none, exp(s[1] * p.scale - norm), visible(queries, first.y, stop.y));
      let s2 = select(none, exp(s[2] * p.scale - norm), visible(queries, first.z, stop.z));
      let s3 = select(none, exp(s[3] * p.scale - norm), visible(queries, first.w, stop.w));
      putWeights(ty, tx, mat4x4f(s0, s1, s2, s3));
      for (var n = 0u; n < WIDTHS; n++) {
        workgroupBarrier();
        for (var t = thread; t < TILE * 8u; t += 64u) {
          let d = n * 8u + t % 8u;
          var o = vec4f(0.0);
          if (d < D4) { o = dOut[(min(m + t / 8u, limit - 1u) * p.heads + head) * D4 + d]; }
          stage[t] = o;
        }
        workgroupBarrier();
        dV[n] = weightedStage(dV[n], ty, tx);
      }
      // P is used up: its place is taken by dS.
      workgroupBarrier();
      putWeights(ty, tx, mat4x4f(
        s0 * (g[0] - shift) * p.scale,
        s1 * (g[1] - shift) * p.scale,
        s2 * (g[2] - shift) * p.scale,
        s3 * (g[3] - shift) * p.scale,
      ));
      for (var n = 0u; n < WIDTHS; n++) {
        workgroupBarrier();
        for (var t = thread; t < TILE * 8u; t += 64u) {
          let d = n * 8u + t % 8u;
          var q = vec4f(0.0);
          if (d < D4) { q = qkv[min(m + t / 8u, limit - 1u) * stride + head * D4 + d]; }
          stage[t] = q;
        }
        workgroupBarrier();
        dK[n] = weightedStage(dK[n], ty, tx);
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    if (local[i] >= p.rows) { continue; }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) {
        dQkv[local[i] * stride + kBase + d] = dK[n][i];
        dQkv[local[i] * stride + vBase + d] = dV[n][i];
      }
    }
  }
}
