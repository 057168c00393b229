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
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dA: array<vec4f>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read> xa: array<f32>;
@group(0) @binding(6) var<storage, read_write> dB: array<f32>;
fn gradientA(column: u32, j: u32) {
  let q = column / 4u;
  let width = p.inSize / 4u;
  let loraWidth = p.loraWidth;
  if (q >= width || j >= loraWidth) { return; }
  let q0 = min(q + 0u, width - 1u);
  let q1 = min(q + 1u, width - 1u);
  let q2 = min(q + 2u, width - 1u);
  let q3 = min(q + 3u, width - 1u);
  let j0 = min(j + 0u, loraWidth - 1u); var acc0_0 = vec4f();
  var acc0_1 = vec4f();
  var acc0_2 = vec4f();
  var acc0_3 = vec4f();
  let j1 = min(j + 1u, loraWidth - 1u); var acc1_0 = vec4f();
  var acc1_1 = vec4f();
  var acc1_2 = vec4f();
  var acc1_3 = vec4f();
  let j2 = min(j + 2u, loraWidth - 1u); var acc2_0 = vec4f();
  var acc2_1 = vec4f();
  var acc2_2 = vec4f();
  var acc2_3 = vec4f();
  let j3 = min(j + 3u, loraWidth - 1u); var acc3_0 = vec4f();
  var acc3_1 = vec4f();
  var acc3_2 = vec4f();
  var acc3_3 = vec4f();
  let j4 = min(j + 4u, loraWidth - 1u); var acc4_0 = vec4f();
  var acc4_1 = vec4f();
  var acc4_2 = vec4f();
  var acc4_3 = vec4f();
  let j5 = min(j + 5u, loraWidth - 1u); var acc5_0 = vec4f();
  var acc5_1 = vec4f();
  var acc5_2 = vec4f();
  var acc5_3 = vec4f();
  let j6 = min(j + 6u, loraWidth - 1u); var acc6_0 = vec4f();
  var acc6_1 = vec4f();
  var acc6_2 = vec4f();
  var acc6_3 = vec4f();
  let j7 = min(j + 7u, loraWidth - 1u); var acc7_0 = vec4f();
  var acc7_1 = vec4f();
  var acc7_2 = vec4f();
  var acc7_3 = vec4f();
  let rows = p.rows;
  for (var m = 0u; m < rows; m++) {
    let base = (p.xRow + m) * width;
    let at = m * loraWidth;
    let x0 = x[base + q0];
    let x1 = x[base + q1];
    let x2 = x[base + q2];
    let x3 = x[base + q3];
    { let s = t[at + j0]; acc0_0 += s * x0;
      acc0_1 += s * x1;
      acc0_2 += s * x2;
      acc0_3 += s * x3; }
    { let s = t[at + j1]; acc1_0 += s * x0;
      acc1_1 += s * x1;
      acc1_2 += s * x2;
      acc1_3 += s * x3; }
    { let s = t[at + j2]; acc2_0 += s * x0;
      acc2_1 += s * x1;
      acc2_2 += s * x2;
      acc2_3 += s * x3; }
    { let s = t[at + j3]; acc3_0 += s * x0;
      acc3_1 += s * x1;
      acc3_2 += s * x2;
      acc3_3 += s * x3; }
    { let s = t[at + j4]; acc4_0 += s * x0;
      acc4_1 += s * x1;
      acc4_2 += s * x2;
      acc4_3 += s * x3; }
    { let s = t[at + j5]; acc5_0 += s * x0;
      acc5_1 += s * x1;
      acc5_2 += s * x2;
      acc5_3 += s * x3; }
    { let s = t[at + j6]; acc6_0 += s * x0;
      acc6_1 += s * x1;
      acc6_2 += s * x2;
      acc6_3 += s * x3; }
    { let s = t[at + j7]; acc7_0 += s * x0;
      acc7_1 += s * x1;
      acc7_2 += s * x2;
      acc7_3 += s * x3; }
  }
  let keep = p.accumulate != 0u;
  if (j + 0u < loraWidth) {
    let o = (j + 0u) * width + q;
    if (q + 0u < width) { if (keep) { acc0_0 += dA[o + 0u]; } dA[o + 0u] = acc0_0; }
    if (q + 1u < width) { if (keep) { acc0_1 += dA[o + 1u]; } dA[o + 1u] = acc0_1; }
    if (q + 2u < width) { if (keep) { acc0_2 += dA[o + 2u]; } dA[o + 2u] = acc0_2; }
    if (q + 3u < width) { if (keep) { acc0_3 += dA[o + 3u]; } dA[o + 3u] = acc0_3; }
  }
  if (j + 1u < loraWidth) {
    let o = (j + 1u) * width + q;
    if (q + 0u < width) { if (keep) { acc1_0 += dA[o + 0u]; } dA[o + 0u] = acc1_0; }
    if (q + 1u < width) { if (keep) { acc1_1 += dA[o + 1u]; } dA[o + 1u] = acc1_1; }
    if (q + 2u < width) { if (keep) { acc1_2 += dA[o + 2u]; } dA[o + 2u] = acc1_2; }
    if (q + 3u < width) { if (keep) { acc1_3 += dA[o + 3u]; } dA[o + 3u] = acc1_3; }
  }
  if (j + 2u < loraWidth) {
    let o = (j + 2u) * width + q;
    if (q + 0u < width) { if (keep) { acc2_0 += dA[o + 0u]; } dA[o + 0u] = acc2_0; }
    if (q + 1u < width) { if (keep) { acc2_1 += dA[o + 1u]; } dA[o + 1u] = acc2_1; }
    if (q + 2u < width) { if (keep) { acc2_2 += dA[o + 2u]; } dA[o + 2u] = acc2_2; }
    if (q + 3u < width) { if (keep) { acc2_3 += dA[o + 3u]; } dA[o + 3u] = acc2_3; }
  }
  if (j + 3u < loraWidth) {
    let o = (j + 3u) * width + q;
    if (q + 0u < width) { if (keep) { acc3_0 += dA[o + 0u]; } dA[o + 0u] = acc3_0; }
    if (q + 1u < width) { if (keep) { acc3_1 += dA[o + 1u]; } dA[o + 1u] = acc3_1; }
    if (q + 2u < width) { if (keep) { acc3_2 += dA[o + 2u]; } dA[o + 2u] = acc3_2; }
    if (q + 3u < width) { if (keep) { acc3_3 += dA[o + 3u]; } dA[o + 3u] = acc3_3; }
  }
  if (j + 4u < loraWidth) {
    let o = (j + 4u) * width + q;
    if (q + 0u < width) { if (keep) { acc4_0 += dA[o + 0u]; } dA[o + 0u] = acc4_0; }
    if (q + 1u < width) { if (keep) { acc4_1 += dA[o + 1u]; } dA[o + 1u] = acc4_1; }
    if (q + 2u < width) { if (keep) { acc4_2 += dA[o + 2u]; } dA[o + 2u] = acc4_2; }
    if (q + 3u < width) { if (keep) { acc4_3 += dA[o + 3u]; } dA[o + 3u] = acc4_3; }
  }
  if (j + 5u < loraWidth) {
    let o = (j + 5u) * width + q;
    if (q + 0u < width) { if (keep) { acc5_0 += dA[o + 0u]; } dA[o + 0u] = acc5_0; }
    if (q + 1u < width) { if (keep) { acc5_1 += dA[o + 1u]; } dA[o + 1u] = acc5_1; }
    if (q + 2u < width) { if (keep) { acc5_2 += dA[o + 2u]; } dA[o + 2u] = acc5_2; }
    if (q + 3u < width) { if (keep) { acc5_3 += dA[o + 3u]; } dA[o + 3u] = acc5_3; }
  }
  if (j + 6u < loraWidth) {
    let o = (j + 6u) * width + q;
    if (q + 0u < width) { if (keep) { acc6_0 += dA[o + 0u]; } dA[o + 0u] = acc6_0; }
    if (q + 1u < width) { if (keep) { acc6_1 += dA[o + 1u]; } dA[o + 1u] = acc6_1; }
    if (q + 2u < width) { if (keep) { acc6_2 += dA[o + 2u]; } dA[o + 2u] = acc6_2; }
    if (q + 3u < width) { if (keep) { acc6_3 += dA[o + 3u]; } dA[o + 3u] = acc6_3; }
  }
  if (j + 7u < loraWidth) {
    let o = (j + 7u) * width + q;
    if (q + 0u < width) { if (keep) { acc7_0 += dA[o + 0u]; } dA[o + 0u] = acc7_0; }
    if (q + 1u < width) { if (keep) { acc7_1 += dA[o + 1u]; } dA[o + 1u] = acc7_1; }
    if (q + 2u < width) { if (keep) { acc7_2 += dA[o + 2u]; } dA[o + 2u] = acc7_2; }
    if (q + 3u < width) { if (keep) { acc7_3 += dA[o + 3u]; } dA[o + 3u] = acc7_3; }
  }
}
fn gradientB(column: u32, r: u32, g: u32) {
  let end = groupEnd(g);
  let n = groupBegin(g) + column;
  let rank = p.rank;
  if (n >= end || r >= rank) { return; }
  let q0 = min(n + 0u, end - 4u) / 4u;
  let q1 = min(n + 4u, end - 4u) / 4u;
  let q2 = min(n + 8u, end - 4u) / 4u;
  let q3 = min(n + 12u, end - 4u) / 4u;
  let j0 = g * rank + min(r + 0u, rank - 1u); var acc0_0 = vec4f();
  var acc0_1 = vec4f();
  var acc0_2 = vec4f();
  var acc0_3 = vec4f();
  let j1 = g * rank + min(r + 1u, rank - 1u); var acc1_0 = vec4f();
  var acc1_1 = vec4f();
  var acc1_2 = vec4f();
  var acc1_3 = vec4f();
  let j2 = g * rank + min(r + 2u, rank - 1u); var acc2_0 = vec4f();
  var acc2_1 = vec4f();
  var acc2_2 = vec4f();
  var acc2_3 = vec4f();
  let j3 = g * rank + min(r + 3u, rank - 1u); var acc3_0 = vec4f();
  var acc3_1 = vec4f();
  var acc3_2 = vec4f();
  var acc3_3 = vec4f();
  let j4 = g * rank + min(r + 4u, rank - 1u); var acc4_0 = vec4f();
  var acc4_1 = vec4f();
  var acc4_2 = vec4f();
  var acc4_3 = vec4f();
  let j5 = g * rank + min(r + 5u, rank - 1u); var acc5_0 = vec4f();
  var acc5_1 = vec4f();
  var acc5_2 = vec4f();
  var acc5_3 = vec4f();
  let j6 = g * rank + min(r + 6u, rank - 1u); var acc6_0 = vec4f();
  var acc6_1 = vec4f();
  var acc6_2 = vec4f();
  var acc6_3 = vec4f();
  let j7 = g * rank + min(r + 7u, rank - 1u); var acc7_0 = vec4f();
  var acc7_1 = vec4f();
  var acc7_2 = vec4f();
  var acc7_3 = vec4f();
  let rows = p.rows;
  let width = p.outSize / 4u;
  let loraWidth = p.loraWidth;
  for (var m = 0u; m < rows; m++) {
    let base = (p.yRow + m) * width;
    let at = m * loraWidth;
    let d0 = dy[base + q0];
    let d1 = dy[base + q1];
    let d2 = dy[base + q2];
    let d3 = dy[base + q3];
    { let s = xa[at + j0]; acc0_0 += s * d0;
      acc0_1 += s * d1;
      acc0_2 += s * d2;
      acc0_3 += s * d3; }
    { let s = xa[at + j1]; acc1_0 += s * d0;
      acc1_1 += s * d1;
      acc1_2 += s * d2;
      acc1_3 += s * d3; }
    { let s = xa[at + j2]; acc2_0 += s * d0;
      acc2_1 += s * d1;
      acc2_2 += s * d2;
      acc2_3 += s * d3; }
    { let s = xa[at + j3]; acc3_0 += s * d0;
      acc3_1 += s * d1;
      acc3_2 += s * d2;
      acc3_3 += s * d3; }
    { let s = xa[at + j4]; acc4_0 += s * d0;
      acc4_1 += s * d1;
      acc4_2 += s * d2;
      acc4_3 += s * d3; }
    { let s = xa[at + j5]; acc5_0 += s * d0;
      acc5_1 += s * d1;
      acc5_2 += s * d2;
      acc5_3 += s * d3; }
    { let s = xa[at + j6]; acc6_0 += s * d0;
      acc6_1 += s * d1;
      acc6_2 += s * d2;
      acc6_3 += s * d3; }
    { let s = xa[at + j7]; acc7_0 += s * d0;
      acc7_1 += s * d1;
      acc7_2 += s * d2;
      acc7_3 += s * d3; }
  }
  let keep = p.accumulate != 0u;
  if (r + 0u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 0u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc0_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 0u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc0_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 0u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc0_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 0u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc0_3[e]; }
    }
  }
  if (r + 1u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 1u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc1_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 1u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc1_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 1u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc1_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 1u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc1_3[e]; }
    }
  }
  if (r + 2u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 2u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc2_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 2u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc2_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 2u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc2_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 2u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc2_3[e]; }
    }
  }
  if (r + 3u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 3u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc3_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 3u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc3_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 3u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc3_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 3u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc3_3[e]; }
    }
  }
  if (r + 4u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 4u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc4_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 4u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc4_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 4u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc4_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 4u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc4_3[e]; }
    }
  }
  if (r + 5u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 5u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc5_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 5u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc5_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 5u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc5_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 5u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc5_3[e]; }
    }
  }
  if (r + 6u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 6u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc6_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 6u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc6_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 6u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc6_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 6u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc6_3[e]; }
    }
  }
  if (r + 7u < rank) {
    if (n + 0u < end) {
      let o = (n + 0u) * rank + r + 7u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc7_0[e]; }
    }
    if (n + 4u < end) {
      let o = (n + 4u) * rank + r + 7u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc7_1[e]; }
    }
    if (n + 8u < end) {
      let o = (n + 8u) * rank + r + 7u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc7_2[e]; }
    }
    if (n + 12u < end) {
      let o = (n + 12u) * rank + r + 7u;
      for (var e = 0u; e < 4u; e++) { let k = o + e * rank; dB[k] = select(0.0, dB[k], keep) + p.scale * acc7_3[e]; }
    }
  }
}
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(32u, 1u, 1u);
  let column = id.x * 16u;
  let rank = id.y * 8u;
  if (id.z == 0u) { gradientA(column, rank); } else { gradientB(column, rank, id.z - 1u); }
}
