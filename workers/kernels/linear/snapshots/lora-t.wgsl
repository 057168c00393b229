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
fn groupBegin(g: u32) -> u32 { if (g == 0u) { return 0u; } if (g == 1u) { return p.group1; } return p.group2; }
fn groupEnd(g: u32) -> u32 {
  if (g == 0u) { return min(p.group1, p.outSize); }
  if (g == 1u) { return min(p.group2, p.outSize); }
  return p.outSize;
}
@group(0) @binding(1) var<storage, read> dy: array<vec2f>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> t: array<f32>;
@compute @workgroup_size(8, 4) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(8u, 4u, 1u);
  let r = id.x * 4u;
  let m = id.y * 16u;
  let rank = p.rank;
  if (r >= rank || m >= p.rows) { return; }
  let last = rank - 1u;
  let begin = groupBegin(id.z);
  let end = groupEnd(id.z);
  let y0 = (p.yRow + min(m + 0u, p.rows - 1u)) * p.outSize / 2u; var acc0 = vec4f();
  let y1 = (p.yRow + min(m + 1u, p.rows - 1u)) * p.outSize / 2u; var acc1 = vec4f();
  let y2 = (p.yRow + min(m + 2u, p.rows - 1u)) * p.outSize / 2u; var acc2 = vec4f();
  let y3 = (p.yRow + min(m + 3u, p.rows - 1u)) * p.outSize / 2u; var acc3 = vec4f();
  let y4 = (p.yRow + min(m + 4u, p.rows - 1u)) * p.outSize / 2u; var acc4 = vec4f();
  let y5 = (p.yRow + min(m + 5u, p.rows - 1u)) * p.outSize / 2u; var acc5 = vec4f();
  let y6 = (p.yRow + min(m + 6u, p.rows - 1u)) * p.outSize / 2u; var acc6 = vec4f();
  let y7 = (p.yRow + min(m + 7u, p.rows - 1u)) * p.outSize / 2u; var acc7 = vec4f();
  let y8 = (p.yRow + min(m + 8u, p.rows - 1u)) * p.outSize / 2u; var acc8 = vec4f();
  let y9 = (p.yRow + min(m + 9u, p.rows - 1u)) * p.outSize / 2u; var acc9 = vec4f();
  let y10 = (p.yRow + min(m + 10u, p.rows - 1u)) * p.outSize / 2u; var acc10 = vec4f();
  let y11 = (p.yRow + min(m + 11u, p.rows - 1u)) * p.outSize / 2u; var acc11 = vec4f();
  let y12 = (p.yRow + min(m + 12u, p.rows - 1u)) * p.outSize / 2u; var acc12 = vec4f();
  let y13 = (p.yRow + min(m + 13u, p.rows - 1u)) * p.outSize / 2u; var acc13 = vec4f();
  let y14 = (p.yRow + min(m + 14u, p.rows - 1u)) * p.outSize / 2u; var acc14 = vec4f();
  let y15 = (p.yRow + min(m + 15u, p.rows - 1u)) * p.outSize / 2u; var acc15 = vec4f();
  let r0 = min(r + 0u, last);
  let r1 = min(r + 1u, last);
  let r2 = min(r + 2u, last);
  let r3 = min(r + 3u, last);
  // Groups begin at multiples of 4, so two columns at a time never cross into the next.
  for (var n = begin; n < end; n += 2u) {
    let at = n * rank;
    let v = vec4f(b[at + r0], b[at + r1], b[at + r2], b[at + r3]);
    let w = vec4f(b[at + rank + r0], b[at + rank + r1], b[at + rank + r2], b[at + rank + r3]);
    let q = n / 2u;
    { let d = dy[y0 + q]; acc0 += d.x * v; acc0 += d.y * w; }
    { let d = dy[y1 + q]; acc1 += d.x * v; acc1 += d.y * w; }
    { let d = dy[y2 + q]; acc2 += d.x * v; acc2 += d.y * w; }
    { let d = dy[y3 + q]; acc3 += d.x * v; acc3 += d.y * w; }
    { let d = dy[y4 + q]; acc4 += d.x * v; acc4 += d.y * w; }
    { let d = dy[y5 + q]; acc5 += d.x * v; acc5 += d.y * w; }
    { let d = dy[y6 + q]; acc6 += d.x * v; acc6 += d.y * w; }
    { let d = dy[y7 + q]; acc7 += d.x * v; acc7 += d.y * w; }
    { let d = dy[y8 + q]; acc8 += d.x * v; acc8 += d.y * w; }
    { let d = dy[y9 + q]; acc9 += d.x * v; acc9 += d.y * w; }
    { let d = dy[y10 + q]; acc10 += d.x * v; acc10 += d.y * w; }
    { let d = dy[y11 + q]; acc11 += d.x * v; acc11 += d.y * w; }
    { let d = dy[y12 + q]; acc12 += d.x * v; acc12 += d.y * w; }
    { let d = dy[y13 + q]; acc13 += d.x * v; acc13 += d.y * w; }
    { let d = dy[y14 + q]; acc14 += d.x * v; acc14 += d.y * w; }
    { let d = dy[y15 + q]; acc15 += d.x * v; acc15 += d.y * w; }
  }
  if (m + 0u < p.rows) {
    let o = (m + 0u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc0[c]; }
  }
  if (m + 1u < p.rows) {
    let o = (m + 1u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc1[c]; }
  }
  if (m + 2u < p.rows) {
    let o = (m + 2u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc2[c]; }
  }
  if (m + 3u < p.rows) {
    let o = (m + 3u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc3[c]; }
  }
  if (m + 4u < p.rows) {
    let o = (m + 4u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc4[c]; }
  }
  if (m + 5u < p.rows) {
    let o = (m + 5u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc5[c]; }
  }
  if (m + 6u < p.rows) {
    let o = (m + 6u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc6[c]; }
  }
  if (m + 7u < p.rows) {
    let o = (m + 7u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc7[c]; }
  }
  if (m + 8u < p.rows) {
    let o = (m + 8u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc8[c]; }
  }
  if (m + 9u < p.rows) {
    let o = (m + 9u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc9[c]; }
  }
  if (m + 10u < p.rows) {
    let o = (m + 10u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc10[c]; }
  }
  if (m + 11u < p.rows) {
    let o = (m + 11u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc11[c]; }
  }
  if (m + 12u < p.rows) {
    let o = (m + 12u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc12[c]; }
  }
  if (m + 13u < p.rows) {
    let o = (m + 13u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc13[c]; }
  }
  if (m + 14u < p.rows) {
    let o = (m + 14u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc14[c]; }
  }
  if (m + 15u < p.rows) {
    let o = (m + 15u) * p.loraWidth + id.z * rank + r;
    for (var c = 0u; c < min(4u, rank - r); c++) { t[o + c] = p.scale * acc15[c]; }
  }
}
