// Attention backward, gradients of keys and values, software family: one thread owns 4 key rows of one key head and walks, in a
// fixed order, the query heads of its group and the query rows that see those keys, 4 at a time. No atomics: each output is
// summed by one thread. dV = P^T dOut; dK = scale * dS^T Q.
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

fn visible(queries: vec4u, first: u32, stop: u32) -> vec4<bool> { return (queries >= vec4u(first)) & (queries < vec4u(stop)); }

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
  // The queries that see key `row`: from itself (causal) or its sequence's start, to its sequence's end.
  let stop = vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]);
  var first = row;
  if (p.causal == 0u) { first = vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]); }
  let last = stop.w - 1u;

  var dK: array<vec4f, 4u * D4>;
  var dV: array<vec4f, 4u * D4>;
  for (var head = kvHead * group; head < (kvHead + 1u) * group; head++) {
    for (var m = first.x; m <= last; m += 4u) {
      let queries = vec4u(m, m + 1u, m + 2u, m + 3u);
      let at = min(queries, vec4u(last));
      let q = at * stride + head * D4;
      let stat = at * p.heads + head;
      let o = stat * D4;
      // Rows of s and g are keys, columns queries: what the second half needs.
      var s0 = vec4f(0.0);
      var s1 = vec4f(0.0);
      var s2 = vec4f(0.0);
      var s3 = vec4f(0.0);
      var g0 = vec4f(0.0);
      var g1 = vec4f(0.0);
      var g2 = vec4f(0.0);
      var g3 = vec4f(0.0);
      for (var d = 0u; d < D4; d++) {
        let qd = mat4x4f(qkv[q.x + d], qkv[q.y + d], qkv[q.z + d], qkv[q.w + d]);
        s0 += qkv[k.x + d] * qd;
        s1 += qkv[k.y + d] * qd;
        s2 += qkv[k.z + d] * qd;
        s3 += qkv[k.w + d] * qd;
        let od = mat4x4f(dOut[o.x + d], dOut[o.y + d], dOut[o.z + d], dOut[o.w + d]);
        g0 += qkv[v.x + d] * od;
        g1 += qkv[v.y + d] * od;
        g2 += qkv[v.z + d] * od;
        g3 += qkv[v.w + d] * od;
      }
      let norm = vec4f(lse[stat.x], lse[stat.y], lse[stat.z], lse[stat.w]);
      let shift = vec4f(delta[stat.x], delta[stat.y], delta[stat.z], delta[stat.w]);
      let none = vec4f(0.0);
      s0 = select(none, exp(s0 * p.scale - norm), visible(queries, first.x, stop.x));
      s1 = select(none, exp(s1 * p.scale - norm), visible(queries, first.y, stop.y));
      s2 = select(none, exp(s2 * p.scale - norm), visible(queries, first.z, stop.z));
      s3 = select(none, exp(s3 * p.scale - norm), visible(queries, first.w, stop.w));
      g0 = s0 * (g0 - shift) * p.scale;
      g1 = s1 * (g1 - shift) * p.scale;
      g2 = s2 * (g2 - shift) * p.scale;
      g3 = s3 * (g3 - shift) * p.scale;
      for (var d = 0u; d < D4; d++) {
        let od = mat4x4f(dOut[o.x + d], dOut[o.y + d], dOut[o.z + d], dOut[o.w + d]);
        let qd = mat4x4f(qkv[q.x + d], qkv[q.y + d], qkv[q.z + d], qkv[q.w + d]);
        let a = d * 4u;
        dV[a] += od * s0;
        dV[a + 1u] += od * s1;
        dV[a + 2u] += od * s2;
        dV[a + 3u] += od * s3;
        dK[a] += qd * g0;
        dK[a + 1u] += qd * g1;
        dK[a + 2u] += qd * g2;
        dK[a + 3u] += qd * g3;
      }
    }
  }
  for (var r = 0u; r < 4u && j + r < p.rows; r++) {
    for (var d = 0u; d < D4; d++) {
      dQkv[k[r] + d] = dK[d * 4u + r];
      dQkv[v[r] + d] = dV[d * 4u + r];
    }
  }
}
