// Attention forward, software family: one thread owns 4 query rows of one head and walks the keys 4 at a time (online softmax,
// Milakov & Gimelshein 2018; FlashAttention, Dao et al. 2022). No barrier, no workgroup memory.
// Prepended: const D4 (head size / 4).
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

fn largest(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn sum(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn visible(keys: vec4u, first: u32, stop: u32) -> vec4<bool> { return (keys >= vec4u(first)) & (keys < vec4u(stop)); }

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = (id.x + p.firstX * 16u) * 4u;
  if (m >= p.rows) { return; }
  let head = id.y + p.firstY;
  let kvHead = head / (p.heads / p.kvHeads);
  let stride = (p.heads + 2u * p.kvHeads) * D4;
  // Rows past the end repeat the last one and are not stored.
  let local = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(p.rows - 1u));
  let q = local * stride + head * D4;
  let row = p.past + local;
  let first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]);
  var stop = row + 1u;
  if (p.causal == 0u) { stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]); }
  // Rows lie in order of their sequences, so the first row starts earliest and the last one stops latest.
  let last = stop.w - 1u;
  let kBase = p.firstKey + kvHead * D4;
  let vBase = kBase + p.kvHeads * D4;

  var best = vec4f(LOWEST);
  var total = vec4f(0.0);
  var acc: array<vec4f, 4u * D4>;
  for (var j = first.x; j <= last; j += 4u) {
    let keys = vec4u(j, j + 1u, j + 2u, j + 3u);
    let at = min(keys, vec4u(last)) * p.kvStride;
    let k = at + kBase;
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    for (var d = 0u; d < D4; d++) {
      let kd = mat4x4f(kv[k.x + d], kv[k.y + d], kv[k.z + d], kv[k.w + d]);
      s0 += qkv[q.x + d] * kd;
      s1 += qkv[q.y + d] * kd;
      s2 += qkv[q.z + d] * kd;
      s3 += qkv[q.w + d] * kd;
    }
    let v0 = visible(keys, first.x, stop.x);
    let v1 = visible(keys, first.y, stop.y);
    let v2 = visible(keys, first.z, stop.z);
    let v3 = visible(keys, first.w, stop.w);
    s0 = select(vec4f(LOWEST), s0 * p.scale, v0);
    s1 = select(vec4f(LOWEST), s1 * p.scale, v1);
    s2 = select(vec4f(LOWEST), s2 * p.scale, v2);
    s3 = select(vec4f(LOWEST), s3 * p.scale, v3);
    let next = max(best, vec4f(largest(s0), largest(s1), largest(s2), largest(s3)));
    let shrink = exp(best - next);
    best = next;
    s0 = select(vec4f(0.0), exp(s0 - next.x), v0);
    s1 = select(vec4f(0.0), exp(s1 - next.y), v1);
    s2 = select(vec4f(0.0), exp(s2 - next.z), v2);
    s3 = select(vec4f(0.0), exp(s3 - next.w), v3);
    total = total * shrink + vec4f(sum(s0), sum(s1), sum(s2), sum(s3));
    let v = at + vBase;
    for (var d = 0u; d < D4; d++) {
      let vd = mat4x4f(kv[v.x + d], kv[v.y + d], kv[v.z + d], kv[v.w + d]);
      let a = d * 4u;
      acc[a] = acc[a] * shrink.x + vd * s0;
      acc[a + 1u] = acc[a + 1u] * shrink.y + vd * s1;
      acc[a + 2u] = acc[a + 2u] * shrink.z + vd * s2;
      acc[a + 3u] = acc[a + 3u] * shrink.w + vd * s3;
    }
  }
  for (var r = 0u; r < 4u && m + r < p.rows; r++) {
    let o = ((m + r) * p.heads + head);
    lse[o] = best[r] + log(total[r]);
    for (var d = 0u; d < D4; d++) { out[o * D4 + d] = acc[d * 4u + r] / total[r]; }
  }
}
