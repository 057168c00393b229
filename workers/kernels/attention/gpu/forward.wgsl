// Attention forward, GPU family: a workgroup owns 32 query rows of one head (FlashAttention-2). After common.wgsl.
struct Params {
  rows: u32, past: u32, heads: u32, kvHeads: u32, causal: u32, scale: f32,
  // Vectors from one row of keys and values to the next, and before the first key head.
  kvStride: u32, firstKey: u32,
  firstX: u32, firstY: u32, firstZ: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
// The keys and values: of qkv itself, or of a cache.
@group(0) @binding(4) var<storage, read> kv: array<vec4f>;
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read> ends: array<u32>;

// Finite, so that "nothing seen yet" never makes inf - inf.
const LOWEST = -1e30;
var<workgroup> stage: array<vec4f, 320>;
// One number per row and tx.
var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let m = (group.x + p.firstX) * TILE;
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
  let row = p.past + min(local, vec4u(p.rows - 1u));
  let first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]);
  var stop = row + 1u;
  if (p.causal == 0u) { stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]); }
  // Rows lie in order of their sequences: the tile's first row starts earliest, its last one stops latest.
  let bottom = p.past + min(m + TILE, p.rows) - 1u;
  var limit = bottom + 1u;
  if (p.causal == 0u) { limit = ends[bottom]; }

  var best = vec4f(LOWEST);
  var total = vec4f(0.0);
  var acc: array<vec4f, 4u * WIDTHS>;
  for (var j = starts[p.past + m]; j < limit; j += TILE) {
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 4u; t += 64u) {
        let r = t / 4u;
        let d = chunk * 4u + t % 4u;
        let to = slot(r) + t % 4u;
        var q = vec4f(0.0);
        var k = vec4f(0.0);
        if (d < D4) {
          q = qkv[min(m + r, p.rows - 1u) * stride + qBase + d];
          k = kv[min(j + r, limit - 1u) * p.kvStride + kBase + d];
        }
        stage[to] = q;
        stage[OPERAND + to] = k;
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
      }
    }
    let keys = j + tx * 4u + vec4u(0u, 1u, 2u, 3u);
    let v0 = visible(keys, first.x, stop.x);
    let v1 = visible(keys, first.y, stop.y);
    let v2 = visible(keys, first.z, stop.z);
    let v3 = visible(keys, first.w, stop.w);
    s0 = select(vec4f(LOWEST), s0 * p.scale, v0);
    s1 = select(vec4f(LOWEST), s1 * p.scale, v1);
    s2 = select(vec4f(LOWEST), s2 * p.scale, v2);
    s3 = select(vec4f(LOWEST), s3 * p.scale, v3);
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
    s0 = select(vec4f(0.0), exp(s0 - next.x), v0);
    s1 = select(vec4f(0.0), exp(s1 - next.y), v1);
    s2 = select(vec4f(0.0), exp(s2 - next.z), v2);
    s3 = select(vec4f(0.0), exp(s3 - next.w), v3);
    // This thread's share of the row's sum; the shares meet after the last key.
    total = total * shrink + vec4f(sum(s0), sum(s1), sum(s2), sum(s3));
    let w = ty * 36u + tx;
    weights[w] = s0;
    weights[w + 9u] = s1;
    weights[w + 18u] = s2;
    weights[w + 27u] = s3;
    for (var n = 0u; n < WIDTHS; n++) {
      workgroupBarrier();
      for (var t = thread; t < TILE * 8u; t += 64u) {
        let d = n * 8u + t % 8u;
        var v = vec4f(0.0);
        if (d < D4) { v = kv[min(j + t / 8u, limit - 1u) * p.kvStride + vBase + d]; }
        stage[t] = v;
      }
      workgroupBarrier();
      let a = n * 4u;
      acc[a] *= shrink.x;
      acc[a + 1u] *= shrink.y;
      acc[a + 2u] *= shrink.z;
      acc[a + 3u] *= shrink.w;
      for (var k = 0u; k < 8u; k++) {
        let b = k * 32u + tx;
        let c = ty * 36u + k;
        let v = mat4x4f(stage[b], stage[b + 8u], stage[b + 16u], stage[b + 24u]);
        acc[a] += v * weights[c];
        acc[a + 1u] += v * weights[c + 9u];
        acc[a + 2u] += v * weights[c + 18u];
        acc[a + 3u] += v * weights[c + 27u];
      }
    }
  }
  for (var i = 0u; i < 4u; i++) { partial[(ty * 4u + i) * 8u + tx] = total[i]; }
  workgroupBarrier();
  for (var i = 0u; i < 4u; i++) {
    var whole = 0.0;
    for (var t = 0u; t < 8u; t++) { whole += partial[(ty * 4u + i) * 8u + t]; }
    if (local[i] >= p.rows) { continue; }
    let o = local[i] * p.heads + head;
    if (tx == 0u) { lse[o] = best[i] + log(whole); }
    for (var n = 0u; n < WIDTHS; n++) {
      let d = n * 8u + tx;
      if (d < D4) { out[o * D4 + d] = acc[n * 4u + i] / whole; }
    }
  }
}
