// Attention backward, gradient of the queries, GPU family: a workgroup owns 32 query rows of one head.
// dS = P * (dOut V^T - delta); dQ = scale * dS K. After common.wgsl.
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
  let norm = vec4f(lse[stat.x], lse[stat.y], lse[stat.z], lse[stat.w]);
  let shift = vec4f(delta[stat.x], delta[stat.y], delta[stat.z], delta[stat.w]);
  let first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]);
  var stop = row + 1u;
  if (p.causal == 0u) { stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]); }
  let bottom = min(m + TILE, p.rows) - 1u;
  var limit = bottom + 1u;
  if (p.causal == 0u) { limit = ends[bottom]; }

  var acc: array<vec4f, 4u * WIDTHS>;
  for (var j = starts[m]; j < limit; j += TILE) {
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
      for (var d = 0u; d < 4u; d++) {
        let a = ty * 5u + d;
        let b = OPERAND + tx * 5u + d;
        let k = mat4x4f(stage[b], stage[b + 40u], stage[b + 80u], stage[b + 120u]);
        s0 += stage[a] * k;
        s1 += stage[a + 40u] * k;
        s2 += stage[a + 80u] * k;
        s3 += stage[a + 120u] * k;
        let e = a + 2u * OPERAND;
        let f = b + 2u * OPERAND;
        let v = mat4x4f(stage[f], stage[f + 40u], stage[f + 80u], stage[f + 120u]);
        g0 += stage[e] * v;
        g1 += stage[e + 40u] * v;
        g2 += stage[e + 80u] * v;
        g3 += stage[e + 120u] * v;
      }
    }
    let keys = j + tx * 4u + vec4u(0u, 1u, 2u, 3u);
    let none = vec4f(0.0);
    let w = ty * 36u + tx;
    s0 = exp(s0 * p.scale - norm.x) * (g0 - shift.x) * p.scale;
    s1 = exp(s1 * p.scale - norm.y) * (g1 - shift.y) * p.scale;
    s2 = exp(s2 * p.scale - norm.z) * (g2 - shift.z) * p.scale;
    s3 = exp(s3 * p.scale - norm.w) * (g3 - shift.w) * p.scale;
    weights[w] = select(none, s0, visible(keys, first.x, stop.x));
    weights[w + 9u] = select(none, s1, visible(keys, first.y, stop.y));
    weights[w + 18u] = select(none, s2, visible(keys, first.z, stop.z));
    weights[w + 27u] = select(none, s3, visible(keys, first.w, stop.w));
    for (var n = 0u; n < WIDTHS; n++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 8u; t += 64u) {
        let d = n * 8u + t % 8u;
        var k = vec4f(0.0);
        if (d < D4) { k = qkv[min(j + t / 8u, limit - 1u) * stride + kBase + d]; }
        stage[t] = k;
      }
      workgroupBarrier();
      let a = n * 4u;
      for (var k = 0u; k < 8u; k++) {
        let b = k * 32u + tx;
        let c = ty * 36u + k;
        let kd = mat4x4f(stage[b], stage[b + 8u], stage[b + 16u], stage[b + 24u]);
        acc[a] += kd * weights[c];
        acc[a + 1u] += kd * weights[c + 9u];
        acc[a + 2u] += kd * weights[c + 18u];
        acc[a + 3u] += kd * weights[c + 27u];
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    if (local[i] >= p.rows) { continue; }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) { dQkv[local[i] * stride + qBase + d] = acc[n * 4u + i]; }
    }
  }
}
