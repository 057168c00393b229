// Attention backward, gradients of keys and values, GPU family: a workgroup owns 32 key rows of one key head and walks, in
// a fixed order, the query heads of its group and the query rows that see those keys. Rows of a tile are keys, columns queries.
// dV = P^T dOut; dK = scale * dS^T Q. After common.wgsl.
struct Params { rows: u32, heads: u32, kvHeads: u32, causal: u32, scale: f32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dQkv: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> starts: array<u32>;
@group(0) @binding(7) var<storage, read> ends: array<u32>;

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
  // The queries that see key `row`: from itself (causal) or its sequence's start, to its sequence's end.
  let stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]);
  var first = row;
  if (p.causal == 0u) { first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]); }
  let limit = ends[min(j + TILE, p.rows) - 1u];
  var top = j;
  if (p.causal == 0u) { top = starts[j]; }

  var dK: array<vec4f, 4u * WIDTHS>;
  var dV: array<vec4f, 4u * WIDTHS>;
  for (var head = kvHead * ratio; head < (kvHead + 1u) * ratio; head++) {
    for (var m = top; m < limit; m += TILE) {
      var s0 = vec4f(0.0);
      var s1 = vec4f(0.0);
      var s2 = vec4f(0.0);
      var s3 = vec4f(0.0);
      var g0 = vec4f(0.0);
      var g1 = vec4f(0.0);
      var g2 = vec4f(0.0);
      var g3 = vec4f(0.0);
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
        for (var d = 0u; d < 4u; d++) {
          let a = ty * 5u + d;
          let b = OPERAND + tx * 5u + d;
          let q = mat4x4f(stage[b], stage[b + 40u], stage[b + 80u], stage[b + 120u]);
          s0 += stage[a] * q;
          s1 += stage[a + 40u] * q;
          s2 += stage[a + 80u] * q;
          s3 += stage[a + 120u] * q;
          let e = a + 2u * OPERAND;
          let f = b + 2u * OPERAND;
          let o = mat4x4f(stage[f], stage[f + 40u], stage[f + 80u], stage[f + 120u]);
          g0 += stage[e] * o;
          g1 += stage[e + 40u] * o;
          g2 += stage[e + 80u] * o;
          g3 += stage[e + 120u] * o;
        }
      }
      let queries = m + tx * 4u + vec4u(0u, 1u, 2u, 3u);
      let stat = min(queries, vec4u(limit - 1u)) * p.heads + head;
      let norm = vec4f(lse[stat.x], lse[stat.y], lse[stat.z], lse[stat.w]);
      let shift = vec4f(delta[stat.x], delta[stat.y], delta[stat.z], delta[stat.w]);
      let none = vec4f(0.0);
      s0 = select(none, exp(s0 * p.scale - norm), visible(queries, first.x, stop.x));
      s1 = select(none, exp(s1 * p.scale - norm), visible(queries, first.y, stop.y));
      s2 = select(none, exp(s2 * p.scale - norm), visible(queries, first.z, stop.z));
      s3 = select(none, exp(s3 * p.scale - norm), visible(queries, first.w, stop.w));
      let w = ty * 36u + tx;
      weights[w] = s0;
      weights[w + 9u] = s1;
      weights[w + 18u] = s2;
      weights[w + 27u] = s3;
      for (var n = 0u; n < WIDTHS; n++) {
        workgroupBarrier();
        for (var t = thread; t < TILE * 8u; t += 64u) {
          let d = n * 8u + t % 8u;
          var o = vec4f(0.0);
          if (d < D4) { o = dOut[(min(m + t / 8u, limit - 1u) * p.heads + head) * D4 + d]; }
          stage[t] = o;
        }
        workgroupBarrier();
        let a = n * 4u;
        for (var k = 0u; k < 8u; k++) {
          let b = k * 32u + tx;
          let c = ty * 36u + k;
          let o = mat4x4f(stage[b], stage[b + 8u], stage[b + 16u], stage[b + 24u]);
          dV[a] += o * weights[c];
          dV[a + 1u] += o * weights[c + 9u];
          dV[a + 2u] += o * weights[c + 18u];
          dV[a + 3u] += o * weights[c + 27u];
        }
      }
      // P is used up: its place is taken by dS.
      workgroupBarrier();
      weights[w] = s0 * (g0 - shift) * p.scale;
      weights[w + 9u] = s1 * (g1 - shift) * p.scale;
      weights[w + 18u] = s2 * (g2 - shift) * p.scale;
      weights[w + 27u] = s3 * (g3 - shift) * p.scale;
      for (var n = 0u; n < WIDTHS; n++) {
        workgroupBarrier();
        for (var t = thread; t < TILE * 8u; t += 64u) {
          let d = n * 8u + t % 8u;
          var q = vec4f(0.0);
          if (d < D4) { q = qkv[min(m + t / 8u, limit - 1u) * stride + head * D4 + d]; }
          stage[t] = q;
        }
        workgroupBarrier();
        let a = n * 4u;
        for (var k = 0u; k < 8u; k++) {
          let b = k * 32u + tx;
          let c = ty * 36u + k;
          let q = mat4x4f(stage[b], stage[b + 8u], stage[b + 16u], stage[b + 24u]);
          dK[a] += q * weights[c];
          dK[a + 1u] += q * weights[c + 9u];
          dK[a + 2u] += q * weights[c + 18u];
          dK[a + 3u] += q * weights[c + 27u];
        }
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    if (local[i] >= p.rows) { continue; }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) {
        dQkv[local[i] * stride + kBase + d] = dK[n * 4u + i];
        dQkv[local[i] * stride + vBase + d] = dV[n * 4u + i];
      }
    }
  }
}
