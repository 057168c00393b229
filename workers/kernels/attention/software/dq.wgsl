// Attention backward, gradient of the queries, software family: one thread owns 4 query rows of one head.
// P is rebuilt from the stored log-sum-exp; dS = P * (dOut V^T - delta); dQ = scale * dS K (FlashAttention, algorithm 4).
// Prepended: const D4 (head size / 4).
struct Params { rows: u32, heads: u32, kvHeads: u32, causal: u32, scale: f32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dQkv: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> starts: array<u32>;
@group(0) @binding(7) var<storage, read> ends: array<u32>;

fn visible(keys: vec4u, first: u32, stop: u32) -> vec4<bool> { return (keys >= vec4u(first)) & (keys < vec4u(stop)); }

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
  let first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]);
  var stop = row + 1u;
  if (p.causal == 0u) { stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]); }
  let last = stop.w - 1u;
  let kBase = (p.heads + kvHead) * D4;
  let vBase = kBase + p.kvHeads * D4;

  var acc: array<vec4f, 4u * D4>;
  for (var j = first.x; j <= last; j += 4u) {
    let keys = vec4u(j, j + 1u, j + 2u, j + 3u);
    let at = min(keys, vec4u(last)) * stride;
    let k = at + kBase;
    let v = at + vBase;
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    var g0 = vec4f(0.0);
    var g1 = vec4f(0.0);
    var g2 = vec4f(0.0);
    var g3 = vec4f(0.0);
    for (var d = 0u; d < D4; d++) {
      let kd = mat4x4f(qkv[k.x + d], qkv[k.y + d], qkv[k.z + d], qkv[k.w + d]);
      s0 += qkv[q.x + d] * kd;
      s1 += qkv[q.y + d] * kd;
      s2 += qkv[q.z + d] * kd;
      s3 += qkv[q.w + d] * kd;
      let vd = mat4x4f(qkv[v.x + d], qkv[v.y + d], qkv[v.z + d], qkv[v.w + d]);
      g0 += dOut[o.x + d] * vd;
      g1 += dOut[o.y + d] * vd;
      g2 += dOut[o.z + d] * vd;
      g3 += dOut[o.w + d] * vd;
    }
    let none = vec4f(0.0);
    s0 = select(none, exp(s0 * p.scale - lse[stat.x]) * (g0 - delta[stat.x]) * p.scale, visible(keys, first.x, stop.x));
    s1 = select(none, exp(s1 * p.scale - lse[stat.y]) * (g1 - delta[stat.y]) * p.scale, visible(keys, first.y, stop.y));
    s2 = select(none, exp(s2 * p.scale - lse[stat.z]) * (g2 - delta[stat.z]) * p.scale, visible(keys, first.z, stop.z));
    s3 = select(none, exp(s3 * p.scale - lse[stat.w]) * (g3 - delta[stat.w]) * p.scale, visible(keys, first.w, stop.w));
    for (var d = 0u; d < D4; d++) {
      let kd = mat4x4f(qkv[k.x + d], qkv[k.y + d], qkv[k.z + d], qkv[k.w + d]);
      let a = d * 4u;
      acc[a] += kd * s0;
      acc[a + 1u] += kd * s1;
      acc[a + 2u] += kd * s2;
      acc[a + 3u] += kd * s3;
    }
  }
  for (var r = 0u; r < 4u && m + r < p.rows; r++) {
    for (var d = 0u; d < D4; d++) { dQkv[q[r] + d] = acc[d * 4u + r]; }
  }
}
