struct Params { rows: u32, outSize: u32, inSize: u32, accumulate: u32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dW: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> db: array<f32>;
@compute @workgroup_size(32) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(32u, 1u, 1u);
  let q = id.x * 4u;
  let n = id.y * 8u;
  let width = p.inSize / 4u;
  let out = p.outSize;
  if (q >= width || n >= out) { return; }
  let q0 = min(q + 0u, width - 1u);
  let q1 = min(q + 1u, width - 1u);
  let q2 = min(q + 2u, width - 1u);
  let q3 = min(q + 3u, width - 1u);
  let n0 = min(n + 0u, out - 1u); var b0 = 0.0; var acc0_0 = vec4f();
  var acc0_1 = vec4f();
  var acc0_2 = vec4f();
  var acc0_3 = vec4f();
  let n1 = min(n + 1u, out - 1u); var b1 = 0.0; var acc1_0 = vec4f();
  var acc1_1 = vec4f();
  var acc1_2 = vec4f();
  var acc1_3 = vec4f();
  let n2 = min(n + 2u, out - 1u); var b2 = 0.0; var acc2_0 = vec4f();
  var acc2_1 = vec4f();
  var acc2_2 = vec4f();
  var acc2_3 = vec4f();
  let n3 = min(n + 3u, out - 1u); var b3 = 0.0; var acc3_0 = vec4f();
  var acc3_1 = vec4f();
  var acc3_2 = vec4f();
  var acc3_3 = vec4f();
  let n4 = min(n + 4u, out - 1u); var b4 = 0.0; var acc4_0 = vec4f();
  var acc4_1 = vec4f();
  var acc4_2 = vec4f();
  var acc4_3 = vec4f();
  let n5 = min(n + 5u, out - 1u); var b5 = 0.0; var acc5_0 = vec4f();
  var acc5_1 = vec4f();
  var acc5_2 = vec4f();
  var acc5_3 = vec4f();
  let n6 = min(n + 6u, out - 1u); var b6 = 0.0; var acc6_0 = vec4f();
  var acc6_1 = vec4f();
  var acc6_2 = vec4f();
  var acc6_3 = vec4f();
  let n7 = min(n + 7u, out - 1u); var b7 = 0.0; var acc7_0 = vec4f();
  var acc7_1 = vec4f();
  var acc7_2 = vec4f();
  var acc7_3 = vec4f();
  let rows = p.rows;
  for (var m = 0u; m < rows; m++) {
    let x0 = x[m * width + q0];
    let x1 = x[m * width + q1];
    let x2 = x[m * width + q2];
    let x3 = x[m * width + q3];
    { let d = dy[m * out + n0]; b0 += d; acc0_0 += d * x0;
      acc0_1 += d * x1;
      acc0_2 += d * x2;
      acc0_3 += d * x3; }
    { let d = dy[m * out + n1]; b1 += d; acc1_0 += d * x0;
      acc1_1 += d * x1;
      acc1_2 += d * x2;
      acc1_3 += d * x3; }
    { let d = dy[m * out + n2]; b2 += d; acc2_0 += d * x0;
      acc2_1 += d * x1;
      acc2_2 += d * x2;
      acc2_3 += d * x3; }
    { let d = dy[m * out + n3]; b3 += d; acc3_0 += d * x0;
      acc3_1 += d * x1;
      acc3_2 += d * x2;
      acc3_3 += d * x3; }
    { let d = dy[m * out + n4]; b4 += d; acc4_0 += d * x0;
      acc4_1 += d * x1;
      acc4_2 += d * x2;
      acc4_3 += d * x3; }
    { let d = dy[m * out + n5]; b5 += d; acc5_0 += d * x0;
      acc5_1 += d * x1;
      acc5_2 += d * x2;
      acc5_3 += d * x3; }
    { let d = dy[m * out + n6]; b6 += d; acc6_0 += d * x0;
      acc6_1 += d * x1;
      acc6_2 += d * x2;
      acc6_3 += d * x3; }
    { let d = dy[m * out + n7]; b7 += d; acc7_0 += d * x0;
      acc7_1 += d * x1;
      acc7_2 += d * x2;
      acc7_3 += d * x3; }
  }
  let keep = p.accumulate != 0u;
  if (n + 0u < out) {
    let o = (n + 0u) * width + q;
    if (q + 0u < width) { if (keep) { acc0_0 += dW[o + 0u]; } dW[o + 0u] = acc0_0; }
    if (q + 1u < width) { if (keep) { acc0_1 += dW[o + 1u]; } dW[o + 1u] = acc0_1; }
    if (q + 2u < width) { if (keep) { acc0_2 += dW[o + 2u]; } dW[o + 2u] = acc0_2; }
    if (q + 3u < width) { if (keep) { acc0_3 += dW[o + 3u]; } dW[o + 3u] = acc0_3; }
    if (q == 0u) { if (keep) { b0 += db[n + 0u]; } db[n + 0u] = b0; }
  }
  if (n + 1u < out) {
    let o = (n + 1u) * width + q;
    if (q + 0u < width) { if (keep) { acc1_0 += dW[o + 0u]; } dW[o + 0u] = acc1_0; }
    if (q + 1u < width) { if (keep) { acc1_1 += dW[o + 1u]; } dW[o + 1u] = acc1_1; }
    if (q + 2u < width) { if (keep) { acc1_2 += dW[o + 2u]; } dW[o + 2u] = acc1_2; }
    if (q + 3u < width) { if (keep) { acc1_3 += dW[o + 3u]; } dW[o + 3u] = acc1_3; }
    if (q == 0u) { if (keep) { b1 += db[n + 1u]; } db[n + 1u] = b1; }
  }
  if (n + 2u < out) {
    let o = (n + 2u) * width + q;
    if (q + 0u < width) { if (keep) { acc2_0 += dW[o + 0u]; } dW[o + 0u] = acc2_0; }
    if (q + 1u < width) { if (keep) { acc2_1 += dW[o + 1u]; } dW[o + 1u] = acc2_1; }
    if (q + 2u < width) { if (keep) { acc2_2 += dW[o + 2u]; } dW[o + 2u] = acc2_2; }
    if (q + 3u < width) { if (keep) { acc2_3 += dW[o + 3u]; } dW[o + 3u] = acc2_3; }
    if (q == 0u) { if (keep) { b2 += db[n + 2u]; } db[n + 2u] = b2; }
  }
  if (n + 3u < out) {
    let o = (n + 3u) * width + q;
    if (q + 0u < width) { if (keep) { acc3_0 += dW[o + 0u]; } dW[o + 0u] = acc3_0; }
    if (q + 1u < width) { if (keep) { acc3_1 += dW[o + 1u]; } dW[o + 1u] = acc3_1; }
    if (q + 2u < width) { if (keep) { acc3_2 += dW[o + 2u]; } dW[o + 2u] = acc3_2; }
    if (q + 3u < width) { if (keep) { acc3_3 += dW[o + 3u]; } dW[o + 3u] = acc3_3; }
    if (q == 0u) { if (keep) { b3 += db[n + 3u]; } db[n + 3u] = b3; }
  }
  if (n + 4u < out) {
    let o = (n + 4u) * width + q;
    if (q + 0u < width) { if (keep) { acc4_0 += dW[o + 0u]; } dW[o + 0u] = acc4_0; }
    if (q + 1u < width) { if (keep) { acc4_1 += dW[o + 1u]; } dW[o + 1u] = acc4_1; }
    if (q + 2u < width) { if (keep) { acc4_2 += dW[o + 2u]; } dW[o + 2u] = acc4_2; }
    if (q + 3u < width) { if (keep) { acc4_3 += dW[o + 3u]; } dW[o + 3u] = acc4_3; }
    if (q == 0u) { if (keep) { b4 += db[n + 4u]; } db[n + 4u] = b4; }
  }
  if (n + 5u < out) {
    let o = (n + 5u) * width + q;
    if (q + 0u < width) { if (keep) { acc5_0 += dW[o + 0u]; } dW[o + 0u] = acc5_0; }
    if (q + 1u < width) { if (keep) { acc5_1 += dW[o + 1u]; } dW[o + 1u] = acc5_1; }
    if (q + 2u < width) { if (keep) { acc5_2 += dW[o + 2u]; } dW[o + 2u] = acc5_2; }
    if (q + 3u < width) { if (keep) { acc5_3 += dW[o + 3u]; } dW[o + 3u] = acc5_3; }
    if (q == 0u) { if (keep) { b5 += db[n + 5u]; } db[n + 5u] = b5; }
  }
  if (n + 6u < out) {
    let o = (n + 6u) * width + q;
    if (q + 0u < width) { if (keep) { acc6_0 += dW[o + 0u]; } dW[o + 0u] = acc6_0; }
    if (q + 1u < width) { if (keep) { acc6_1 += dW[o + 1u]; } dW[o + 1u] = acc6_1; }
    if (q + 2u < width) { if (keep) { acc6_2 += dW[o + 2u]; } dW[o + 2u] = acc6_2; }
    if (q + 3u < width) { if (keep) { acc6_3 += dW[o + 3u]; } dW[o + 3u] = acc6_3; }
    if (q == 0u) { if (keep) { b6 += db[n + 6u]; } db[n + 6u] = b6; }
  }
  if (n + 7u < out) {
    let o = (n + 7u) * width + q;
    if (q + 0u < width) { if (keep) { acc7_0 += dW[o + 0u]; } dW[o + 0u] = acc7_0; }
    if (q + 1u < width) { if (keep) { acc7_1 += dW[o + 1u]; } dW[o + 1u] = acc7_1; }
    if (q + 2u < width) { if (keep) { acc7_2 += dW[o + 2u]; } dW[o + 2u] = acc7_2; }
    if (q + 3u < width) { if (keep) { acc7_3 += dW[o + 3u]; } dW[o + 3u] = acc7_3; }
    if (q == 0u) { if (keep) { b7 += db[n + 7u]; } db[n + 7u] = b7; }
  }
}
