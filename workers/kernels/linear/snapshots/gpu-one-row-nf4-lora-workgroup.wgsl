struct Params {
  // The sixteen values of a 4-bit code.
  code: array<vec4f, 4>,
  rows: u32, outSize: u32, inSize: u32, xRow: u32, yRow: u32, accumulate: u32,
  rank: u32, group1: u32, group2: u32, loraWidth: u32, blockShift: u32, scale: f32,
  // Floats from one row of y to the next: more than outSize where y is columns of something wider.
  yStride: u32,
  // First workgroup of this piece of the dispatch.
  firstX: u32, firstY: u32, firstZ: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
fn group(n: u32) -> u32 { return select(0u, 1u, n >= p.group1) + select(0u, 1u, n >= p.group2); }
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<u32>;
@group(0) @binding(4) var<storage, read> xa: array<f32>;
@group(0) @binding(5) var<storage, read> b: array<f32>;
@group(0) @binding(6) var<storage, read> residual: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn blockScale(i: u32) -> f32 { return unpack2x16float(absmax[i >> 1u] >> (16u * (i & 1u))).x; }
var<workgroup> table: array<f32, 16>;
var<workgroup> parts: array<vec4f, 64>;
@compute @workgroup_size(64) fn main(@builtin(workgroup_id) inPiece: vec3u, @builtin(local_invocation_index) lid: u32) {
  let wid = inPiece + vec3u(p.firstX, p.firstY, p.firstZ);
  let n = wid.x * 4u;
  let m = wid.y;
  if (lid < 16u) { table[lid] = p.code[lid >> 2u][lid & 3u]; }
  workgroupBarrier();
  // Columns beyond the edge read the last one and are not stored.
  let n0 = min(n + 0u, p.outSize - 1u); var sum0 = 0.0;
  let n1 = min(n + 1u, p.outSize - 1u); var sum1 = 0.0;
  let n2 = min(n + 2u, p.outSize - 1u); var sum2 = 0.0;
  let n3 = min(n + 3u, p.outSize - 1u); var sum3 = 0.0;
  let row = (p.xRow + m) * p.inSize / 4u;
  let words = p.inSize / 8u;
  let blockShift = p.blockShift - 3u;
  for (var k = lid; k < words; k += 64u) {
    let x0 = x[row + 2u * k];
    let x1 = x[row + 2u * k + 1u];
    { let at = n0 * words + k; let v = w[at]; sum0 += blockScale(at >> blockShift) * (dot(x0, vec4f(table[(v >> 4u) & 15u], table[(v >> 0u) & 15u], table[(v >> 12u) & 15u], table[(v >> 8u) & 15u])) + dot(x1, vec4f(table[(v >> 20u) & 15u], table[(v >> 16u) & 15u], table[(v >> 28u) & 15u], table[(v >> 24u) & 15u]))); }
    { let at = n1 * words + k; let v = w[at]; sum1 += blockScale(at >> blockShift) * (dot(x0, vec4f(table[(v >> 4u) & 15u], table[(v >> 0u) & 15u], table[(v >> 12u) & 15u], table[(v >> 8u) & 15u])) + dot(x1, vec4f(table[(v >> 20u) & 15u], table[(v >> 16u) & 15u], table[(v >> 28u) & 15u], table[(v >> 24u) & 15u]))); }
    { let at = n2 * words + k; let v = w[at]; sum2 += blockScale(at >> blockShift) * (dot(x0, vec4f(table[(v >> 4u) & 15u], table[(v >> 0u) & 15u], table[(v >> 12u) & 15u], table[(v >> 8u) & 15u])) + dot(x1, vec4f(table[(v >> 20u) & 15u], table[(v >> 16u) & 15u], table[(v >> 28u) & 15u], table[(v >> 24u) & 15u]))); }
    { let at = n3 * words + k; let v = w[at]; sum3 += blockScale(at >> blockShift) * (dot(x0, vec4f(table[(v >> 4u) & 15u], table[(v >> 0u) & 15u], table[(v >> 12u) & 15u], table[(v >> 8u) & 15u])) + dot(x1, vec4f(table[(v >> 20u) & 15u], table[(v >> 16u) & 15u], table[(v >> 28u) & 15u], table[(v >> 24u) & 15u]))); }
  }
  for (var r = lid; r < p.rank; r += 64u) {
    sum0 += p.scale * xa[m * p.loraWidth + group(n0) * p.rank + r] * b[n0 * p.rank + r];
    sum1 += p.scale * xa[m * p.loraWidth + group(n1) * p.rank + r] * b[n1 * p.rank + r];
    sum2 += p.scale * xa[m * p.loraWidth + group(n2) * p.rank + r] * b[n2 * p.rank + r];
    sum3 += p.scale * xa[m * p.loraWidth + group(n3) * p.rank + r] * b[n3 * p.rank + r];
  }
  let mine = vec4f(sum0, sum1, sum2, sum3);
  parts[lid] = mine;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lid < half) { parts[lid] += parts[lid + half]; }
    workgroupBarrier();
  }
  if (lid < 4u && n + lid < p.outSize) {
    let o = (p.yRow + m) * p.yStride + n + lid;
    var value = parts[0][lid];
    value += residual[m * p.outSize + n + lid];
    if (p.accumulate != 0u) { value += y[o]; }
    y[o] = value;
  }
}
