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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<u32>;
@group(0) @binding(4) var<storage, read> xa: array<f32>;
@group(0) @binding(5) var<storage, read> b: array<f32>;
@group(0) @binding(6) var<storage, read> residual: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> result: array<vec4f>;
fn blockScale(i: u32) -> f32 { return unpack2x16float(absmax[i >> 1u] >> (16u * (i & 1u))).x; }
@compute @workgroup_size(32, 1) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(32u, 1u, 1u);
  let n = 4u * id.x;
  let m = id.y;
  if (n >= p.outSize || m >= p.rows) { return; }
  let last = p.outSize - 1u;
  let inSize = p.inSize;
  let row = (p.xRow + m) * inSize;
  var acc = vec4f();
  var table = array<f32, 16>(p.code[0][0], p.code[0][1], p.code[0][2], p.code[0][3], p.code[1][0], p.code[1][1], p.code[1][2], p.code[1][3], p.code[2][0], p.code[2][1], p.code[2][2], p.code[2][3], p.code[3][0], p.code[3][1], p.code[3][2], p.code[3][3]);
  let f0 = min(n + 0u, last) * p.inSize / 8u;
  let f1 = min(n + 1u, last) * p.inSize / 8u;
  let f2 = min(n + 2u, last) * p.inSize / 8u;
  let f3 = min(n + 3u, last) * p.inSize / 8u;
  let blockShift = p.blockShift - 3u;
  for (var k = 0u; k < inSize; k += 8u) {
    let word = k / 8u;
    let v0 = w[f0 + word];
    let v1 = w[f1 + word];
    let v2 = w[f2 + word];
    let v3 = w[f3 + word];
    let s = vec4f(blockScale((f0 + word) >> blockShift), blockScale((f1 + word) >> blockShift), blockScale((f2 + word) >> blockShift), blockScale((f3 + word) >> blockShift));
    acc += x[row + k + 0u] * (s * vec4f(table[(v0 >> 4u) & 15u], table[(v1 >> 4u) & 15u], table[(v2 >> 4u) & 15u], table[(v3 >> 4u) & 15u]));
    acc += x[row + k + 1u] * (s * vec4f(table[(v0 >> 0u) & 15u], table[(v1 >> 0u) & 15u], table[(v2 >> 0u) & 15u], table[(v3 >> 0u) & 15u]));
    acc += x[row + k + 2u] * (s * vec4f(table[(v0 >> 12u) & 15u], table[(v1 >> 12u) & 15u], table[(v2 >> 12u) & 15u], table[(v3 >> 12u) & 15u]));
    acc += x[row + k + 3u] * (s * vec4f(table[(v0 >> 8u) & 15u], table[(v1 >> 8u) & 15u], table[(v2 >> 8u) & 15u], table[(v3 >> 8u) & 15u]));
    acc += x[row + k + 4u] * (s * vec4f(table[(v0 >> 20u) & 15u], table[(v1 >> 20u) & 15u], table[(v2 >> 20u) & 15u], table[(v3 >> 20u) & 15u]));
    acc += x[row + k + 5u] * (s * vec4f(table[(v0 >> 16u) & 15u], table[(v1 >> 16u) & 15u], table[(v2 >> 16u) & 15u], table[(v3 >> 16u) & 15u]));
    acc += x[row + k + 6u] * (s * vec4f(table[(v0 >> 28u) & 15u], table[(v1 >> 28u) & 15u], table[(v2 >> 28u) & 15u], table[(v3 >> 28u) & 15u]));
    acc += x[row + k + 7u] * (s * vec4f(table[(v0 >> 24u) & 15u], table[(v1 >> 24u) & 15u], table[(v2 >> 24u) & 15u], table[(v3 >> 24u) & 15u]));
  }
  let b0 = min(n + 0u, last) * p.rank;
  let b1 = min(n + 1u, last) * p.rank;
  let b2 = min(n + 2u, last) * p.rank;
  let b3 = min(n + 3u, last) * p.rank;
  let l = m * p.loraWidth + group(n) * p.rank;
  for (var r = 0u; r < p.rank; r++) {
    acc += xa[l + r] * (p.scale * vec4f(b[b0 + r], b[b1 + r], b[b2 + r], b[b3 + r]));
  }
  acc += residual[(m * p.outSize + n) / 4u];
  let keep = p.accumulate != 0u;
  let at = (p.yRow + m) * p.yStride + n;
  if (keep) { acc += result[at / 4u]; }
  result[at / 4u] = acc;
}
