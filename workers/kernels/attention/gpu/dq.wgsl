// Attention backward, gradient of the queries, GPU family: a workgroup owns 32 query rows of one head.
// dS = P * (dOut V^T - delta); dQ = scale * dS K. After backward-bindings.wgsl, common.wgsl and gpu/tile.wgsl.
var<workgroup> stage: array<vec4f, 640>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = (group.x + p.firstX) * TILE;
  let head = group.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let ty = thread / 8u;
  let tx = thread % 8u;
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  let qBase = head * D4;
  let kBase = (p.heads + kvHead) * D4;
  let vBase = kBase + p.kvHeads * D4;
  let local = m + ty * 4u + vec4u(0u, 1u, 2u, 3u);
  // Rows past the end repeat the last one and are not stored.
  let row = min(local, vec4u(p.rows - 1u));
  let stat = row * p.heads + head;
  let norm = lseAt(stat);
  let shift = deltaAt(stat);
  let first = startsAt(row);
  let stop = stopsAt(row);
  let bottom = min(m + TILE, p.rows) - 1u;
  var limit = bottom + 1u;
  if (p.causal == 0u) { limit = ends[bottom]; }

  var acc: array<mat4x4f, WIDTHS>;
  for (var j = starts[m]; j < limit; j += TILE) {
    var s = mat4x4f();
    var g = mat4x4f();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 4u; t += 64u) {
        let r = t / 4u;
        let d = chunk * 4u + t % 4u;
        let to = slot(r) + t % 4u;
        var q = vec4f(0.0);
        var k = vec4f(0.0);
        var o = vec4f(0.0);
        var v = vec4f(0.0);
        if (d < D4) {
          let mr = min(m + r, p.rows - 1u);
          let jr = min(j + r, limit - 1u) * stride + d;
          q = qkv[mr * stride + qBase + d];
          k = qkv[jr + kBase];
          o = dOut[(mr * p.heads + head) * D4 + d];
          v = qkv[jr + vBase];
        }
        stage[to] = q;
        stage[OPERAND + to] = k;
        stage[2u * OPERAND + to] = o;
        stage[3u * OPERAND + to] = v;
      }
      workgroupBarrier();
      s = stagedScores(s, 0u, 1u, ty, tx);
      g = stagedScores(g, 2u, 3u, ty, tx);
    }
    let keys = j + tx * 4u + vec4u(0u, 1u, 2u, 3u);
    let none = vec4f(0.0);
    let s0 = exp(s[0] * p.scale - norm.x) * (g[0] - shift.x) * p.scale;
    let s1 = exp(s[1] * p.scale - norm.y) * (g[1] - shift.y) * p.scale;
    let s2 = exp(s[2] * p.scale - norm.z) * (g[2] - shift.z) * p.scale;
    let s3 = exp(s[3] * p.scale - norm.w) * (g[3] - shift.w) * p.scale;
    putWeights(ty, tx, mat4x4f(
      select(none, s0, visible(keys, first.x, stop.x)),
      select(none, s1, visible(keys, first.y, stop.y)),
      select(none, s2, visible(keys, first.z, stop.z)),
      select(none, s3, visible(keys, first.w, stop.w)),
    ));
    for (var n = 0u; n < WIDTHS; n++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 8u; t += 64u) {
        let d = n * 8u + t % 8u;
        var k = vec4f(0.0);
        if (d < D4) { k = qkv[min(j + t / 8u, limit - 1u) * stride + kBase + d]; }
        stage[t] = k;
      }
      workgroupBarrier();
      acc[n] = weightedStage(acc[n], ty, tx);
    }
  }
  for (var i = 0u; i < 4u; i++) {
    if (local[i] >= p.rows) { continue; }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) { dQkv[local[i] * stride + qBase + d] = acc[n][i]; }
    }
  }
}
