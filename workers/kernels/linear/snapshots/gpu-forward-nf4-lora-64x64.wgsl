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
@group(0) @binding(1) var<storage, read> A: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<u32>;
@group(0) @binding(4) var<storage, read> low: array<f32>;
@group(0) @binding(5) var<storage, read> high: array<f32>;
@group(0) @binding(6) var<storage, read> residual: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
fn blockScale(i: u32) -> f32 { return unpack2x16float(absmax[i >> 1u] >> (16u * (i & 1u))).x; }
var<workgroup> table: array<f32, 16>;
var<workgroup> tileA: array<vec4f, 260>;
var<workgroup> tileB: array<vec4f, 260>;
@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) inPiece: vec3u, @builtin(local_invocation_index) lid: u32) {
  let wid = inPiece + vec3u(p.firstX, p.firstY, p.firstZ);
  let n0 = wid.x * 64u;
  let m0 = wid.y * 64u;
  let tx = lid % 16u;
  let ty = lid / 16u;
  let aRow = p.xRow;
  let depth = p.inSize;
  let aStride = p.inSize / 4u;
  if (lid < 16u) { table[lid] = p.code[lid >> 2u][lid & 3u]; }
  let ka0 = 4u * ((lid + 0u) % 4u);
  let ma0 = (lid + 0u) / 4u;
  let ra0 = min(m0 + ma0, p.rows - 1u);
  let sa0 = ka0 / 4u * 65u + ma0;
  let ka1 = 4u * ((lid + 128u) % 4u);
  let ma1 = (lid + 128u) / 4u;
  let ra1 = min(m0 + ma1, p.rows - 1u);
  let sa1 = ka1 / 4u * 65u + ma1;
  let kb0 = 8u * ((lid + 0u) % 2u);
  let nb0 = n0 + (lid + 0u) / 2u;
  let sb0 = kb0 / 4u * 65u + (lid + 0u) / 2u;
  var a0: vec4f;
  var a1: vec4f;
  var v0: u32; var s0: f32;
  var acc0_0 = vec4f();
  var acc1_0 = vec4f();
  var acc2_0 = vec4f();
  var acc3_0 = vec4f();
  var acc4_0 = vec4f();
  var acc5_0 = vec4f();
  var acc6_0 = vec4f();
  var acc7_0 = vec4f();
  var k0 = 0u;
  a0 = select(vec4f(), A[(aRow + ra0) * aStride + (min(ka0 + k0, depth - 4u)) / 4u], ka0 + k0 < depth);
  a1 = select(vec4f(), A[(aRow + ra1) * aStride + (min(ka1 + k0, depth - 4u)) / 4u], ka1 + k0 < depth);
  { let at = (min(nb0, p.outSize - 1u) * p.inSize + min(kb0 + k0, depth - 8u)) / 8u; v0 = w[at]; s0 = select(0.0, blockScale(at >> (p.blockShift - 3u)), kb0 + k0 < depth); }
  while (k0 < depth) {
    workgroupBarrier();
    tileA[sa0] = a0;
    tileA[sa1] = a1;
    { let v = v0; tileB[sb0] = vec4f(s0 * vec4f(table[(v >> 4u) & 15u], table[(v >> 0u) & 15u], table[(v >> 12u) & 15u], table[(v >> 8u) & 15u])); tileB[sb0 + 65u] = vec4f(s0 * vec4f(table[(v >> 20u) & 15u], table[(v >> 16u) & 15u], table[(v >> 28u) & 15u], table[(v >> 24u) & 15u])); }
    workgroupBarrier();
    k0 += 16u;
    // Beyond the end this reads the last words again, for nothing.
    a0 = select(vec4f(), A[(aRow + ra0) * aStride + (min(ka0 + k0, depth - 4u)) / 4u], ka0 + k0 < depth);
    a1 = select(vec4f(), A[(aRow + ra1) * aStride + (min(ka1 + k0, depth - 4u)) / 4u], ka1 + k0 < depth);
    { let at = (min(nb0, p.outSize - 1u) * p.inSize + min(kb0 + k0, depth - 8u)) / 8u; v0 = w[at]; s0 = select(0.0, blockScale(at >> (p.blockShift - 3u)), kb0 + k0 < depth); }
    for (var k = 0u; k < 4u; k++) {
      let x0 = tileA[k * 65u + ty + 0u];
      let x1 = tileA[k * 65u + ty + 8u];
      let x2 = tileA[k * 65u + ty + 16u];
      let x3 = tileA[k * 65u + ty + 24u];
      let x4 = tileA[k * 65u + ty + 32u];
      let x5 = tileA[k * 65u + ty + 40u];
      let x6 = tileA[k * 65u + ty + 48u];
      let x7 = tileA[k * 65u + ty + 56u];
      { let b0 = tileB[k * 65u + tx + 0u];
        let b1 = tileB[k * 65u + tx + 16u];
        let b2 = tileB[k * 65u + tx + 32u];
        let b3 = tileB[k * 65u + tx + 48u];
        let w0 = vec4f(b0.x, b1.x, b2.x, b3.x);
        let w1 = vec4f(b0.y, b1.y, b2.y, b3.y);
        let w2 = vec4f(b0.z, b1.z, b2.z, b3.z);
        let w3 = vec4f(b0.w, b1.w, b2.w, b3.w);
        acc0_0 += x0.x * w0;
        acc0_0 += x0.y * w1;
        acc0_0 += x0.z * w2;
        acc0_0 += x0.w * w3;
        acc1_0 += x1.x * w0;
        acc1_0 += x1.y * w1;
        acc1_0 += x1.z * w2;
        acc1_0 += x1.w * w3;
        acc2_0 += x2.x * w0;
        acc2_0 += x2.y * w1;
        acc2_0 += x2.z * w2;
        acc2_0 += x2.w * w3;
        acc3_0 += x3.x * w0;
        acc3_0 += x3.y * w1;
        acc3_0 += x3.z * w2;
        acc3_0 += x3.w * w3;
        acc4_0 += x4.x * w0;
        acc4_0 += x4.y * w1;
        acc4_0 += x4.z * w2;
        acc4_0 += x4.w * w3;
        acc5_0 += x5.x * w0;
        acc5_0 += x5.y * w1;
        acc5_0 += x5.z * w2;
        acc5_0 += x5.w * w3;
        acc6_0 += x6.x * w0;
        acc6_0 += x6.y * w1;
        acc6_0 += x6.z * w2;
        acc6_0 += x6.w * w3;
        acc7_0 += x7.x * w0;
        acc7_0 += x7.y * w1;
        acc7_0 += x7.z * w2;
        acc7_0 += x7.w * w3; }
    }
  }
  {
    let begin = group(n0) * p.rank;
    let end = (group(min(n0 + 64u, p.outSize) - 1u) + 1u) * p.rank;
    for (var j0 = begin; j0 < end; j0 += 16u) {
      workgroupBarrier();
      { let k = (lid + 0u) % 4u; let m = (lid + 0u) / 4u;
        let j = j0 + 4u * k;
        let row = min(m0 + m, p.rows - 1u) * p.loraWidth;
        tileA[k * 65u + m] = vec4f(select(0.0, low[row + min(j + 0u, end - 1u)], j + 0u < end), select(0.0, low[row + min(j + 1u, end - 1u)], j + 1u < end), select(0.0, low[row + min(j + 2u, end - 1u)], j + 2u < end), select(0.0, low[row + min(j + 3u, end - 1u)], j + 3u < end)); }
      { let k = (lid + 128u) % 4u; let m = (lid + 128u) / 4u;
        let j = j0 + 4u * k;
        let row = min(m0 + m, p.rows - 1u) * p.loraWidth;
        tileA[k * 65u + m] = vec4f(select(0.0, low[row + min(j + 0u, end - 1u)], j + 0u < end), select(0.0, low[row + min(j + 1u, end - 1u)], j + 1u < end), select(0.0, low[row + min(j + 2u, end - 1u)], j + 2u < end), select(0.0, low[row + min(j + 3u, end - 1u)], j + 3u < end)); }
      { let n = min(n0 + (lid + 0u) / 4u, p.outSize - 1u);
        let j = j0 + 4u * ((lid + 0u) % 4u);
        let first = group(n) * p.rank;
        tileB[0u + (lid + 0u) % 4u * 65u + (lid + 0u) / 4u] = p.scale * vec4f(select(0.0, high[n * p.rank + clamp(j + 0u, first, first + p.rank - 1u) - first], j + 0u >= first && j + 0u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 1u, first, first + p.rank - 1u) - first], j + 1u >= first && j + 1u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 2u, first, first + p.rank - 1u) - first], j + 2u >= first && j + 2u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 3u, first, first + p.rank - 1u) - first], j + 3u >= first && j + 3u < first + p.rank)); }
      { let n = min(n0 + (lid + 128u) / 4u, p.outSize - 1u);
        let j = j0 + 4u * ((lid + 128u) % 4u);
        let first = group(n) * p.rank;
        tileB[0u + (lid + 128u) % 4u * 65u + (lid + 128u) / 4u] = p.scale * vec4f(select(0.0, high[n * p.rank + clamp(j + 0u, first, first + p.rank - 1u) - first], j + 0u >= first && j + 0u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 1u, first, first + p.rank - 1u) - first], j + 1u >= first && j + 1u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 2u, first, first + p.rank - 1u) - first], j + 2u >= first && j + 2u < first + p.rank), select(0.0, high[n * p.rank + clamp(j + 3u, first, first + p.rank - 1u) - first], j + 3u >= first && j + 3u < first + p.rank)); }
      workgroupBarrier();
      for (var k = 0u; k < 4u; k++) {
        let x0 = tileA[k * 65u + ty + 0u];
        let x1 = tileA[k * 65u + ty + 8u];
        let x2 = tileA[k * 65u + ty + 16u];
        let x3 = tileA[k * 65u + ty + 24u];
        let x4 = tileA[k * 65u + ty + 32u];
        let x5 = tileA[k * 65u + ty + 40u];
        let x6 = tileA[k * 65u + ty + 48u];
        let x7 = tileA[k * 65u + ty + 56u];
        { let b0 = tileB[0u + k * 65u + tx + 0u];
          let b1 = tileB[0u + k * 65u + tx + 16u];
          let b2 = tileB[0u + k * 65u + tx + 32u];
          let b3 = tileB[0u + k * 65u + tx + 48u];
          let w0 = vec4f(b0.x, b1.x, b2.x, b3.x);
          let w1 = vec4f(b0.y, b1.y, b2.y, b3.y);
          let w2 = vec4f(b0.z, b1.z, b2.z, b3.z);
          let w3 = vec4f(b0.w, b1.w, b2.w, b3.w);
          acc0_0 += x0.x * w0;
          acc0_0 += x0.y * w1;
          acc0_0 += x0.z * w2;
          acc0_0 += x0.w * w3;
          acc1_0 += x1.x * w0;
          acc1_0 += x1.y * w1;
          acc1_0 += x1.z * w2;
          acc1_0 += x1.w * w3;
          acc2_0 += x2.x * w0;
          acc2_0 += x2.y * w1;
          acc2_0 += x2.z * w2;
          acc2_0 += x2.w * w3;
          acc3_0 += x3.x * w0;
          acc3_0 += x3.y * w1;
          acc3_0 += x3.z * w2;
          acc3_0 += x3.w * w3;
          acc4_0 += x4.x * w0;
          acc4_0 += x4.y * w1;
          acc4_0 += x4.z * w2;
          acc4_0 += x4.w * w3;
          acc5_0 += x5.x * w0;
          acc5_0 += x5.y * w1;
          acc5_0 += x5.z * w2;
          acc5_0 += x5.w * w3;
          acc6_0 += x6.x * w0;
          acc6_0 += x6.y * w1;
          acc6_0 += x6.z * w2;
          acc6_0 += x6.w * w3;
          acc7_0 += x7.x * w0;
          acc7_0 += x7.y * w1;
          acc7_0 += x7.z * w2;
          acc7_0 += x7.w * w3; }
      }
    }
  }
  let keep = p.accumulate != 0u;
  {
    let m = m0 + ty + 0u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc0_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 0u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc0_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 0u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc0_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 0u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc0_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 8u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc1_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 8u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc1_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 8u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc1_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 8u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc1_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 16u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc2_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 16u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc2_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 16u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc2_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 16u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc2_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 24u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc3_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 24u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc3_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 24u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc3_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 24u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc3_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 32u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc4_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 32u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc4_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 32u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc4_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 32u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc4_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 40u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc5_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 40u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc5_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 40u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc5_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 40u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc5_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 48u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc6_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 48u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc6_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 48u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc6_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 48u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc6_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 56u;
    let n = n0 + tx + 0u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc7_0[0];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 56u;
    let n = n0 + tx + 16u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc7_0[1];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 56u;
    let n = n0 + tx + 32u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc7_0[2];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
  {
    let m = m0 + ty + 56u;
    let n = n0 + tx + 48u;
    if (m < p.rows && n < p.outSize) {
      let o = (p.yRow + m) * p.yStride + n;
      var sum = acc7_0[3];
      sum += residual[m * p.outSize + n];
      if (keep) { sum += y[o]; }
      y[o] = sum;
    }
  }
}
