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
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<u32>;
@group(0) @binding(4) var<storage, read> t: array<f32>;
@group(0) @binding(5) var<storage, read> a: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> result: array<vec4f>;
fn blockScale(i: u32) -> f32 { return unpack2x16float(absmax[i >> 1u] >> (16u * (i & 1u))).x; }
@compute @workgroup_size(8, 1) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(8u, 1u, 1u);
  let width = p.inSize / 4u;
  let quadColumn = id.x * 4u;
  var table = array<f32, 16>(p.code[0][0], p.code[0][1], p.code[0][2], p.code[0][3], p.code[1][0], p.code[1][1], p.code[1][2], p.code[1][3], p.code[2][0], p.code[2][1], p.code[2][2], p.code[2][3], p.code[3][0], p.code[3][1], p.code[3][2], p.code[3][3]); let word = quadColumn / 2u; let words = p.inSize / 8u; let blockShift = p.blockShift - 3u;
  let columns = p.inSize;
  let n = id.x * 16u;
  let m = id.y * 128u;
  if (n >= columns || m >= p.rows) { return; }
  let last = columns - 1u;
  let rowCount = min(128u, p.rows - m);
  let rowStride = p.inSize / 4u;
  let origin = (p.xRow + m) * rowStride + n / 4u;
  let keep = p.accumulate != 0u;
  if (!keep) {
    for (var i = 0u; i < rowCount; i++) {
      let o = origin + i * rowStride;
      if (n + 0u < columns) { result[o + 0u] = vec4f(); }
      if (n + 4u < columns) { result[o + 1u] = vec4f(); }
      if (n + 8u < columns) { result[o + 2u] = vec4f(); }
      if (n + 12u < columns) { result[o + 3u] = vec4f(); }
    }
  }
  var panel: array<f32, 512>;
  {
    let depth = p.outSize;
    let first = ((p.yRow + m) * p.yStride) / 4u;
    let stride = p.yStride / 4u;
    for (var k = 0u; k < depth; k += 32u) {
      for (var e = 0u; e < 32u; e++) {
        let f = min(k + e, depth - 1u) * words;
        for (var h = 0u; h < 2u; h++) {
          let at = f + min(word + h, words - 1u);
          let v = w[at];
          let s = select(0.0, blockScale(at >> blockShift), k + e < depth);
          let to = 256u * h + e;
          panel[to + 0u] = s * table[(v >> 4u) & 15u];
          panel[to + 32u] = s * table[(v >> 0u) & 15u];
          panel[to + 64u] = s * table[(v >> 12u) & 15u];
          panel[to + 96u] = s * table[(v >> 8u) & 15u];
          panel[to + 128u] = s * table[(v >> 20u) & 15u];
          panel[to + 160u] = s * table[(v >> 16u) & 15u];
          panel[to + 192u] = s * table[(v >> 28u) & 15u];
          panel[to + 224u] = s * table[(v >> 24u) & 15u];
        }
      }
      // Steps beyond the last read it once more, and meet a zero.
      let end = (depth - 1u - k) / 4u;
      let d0 = min(0u, end);
      let d1 = min(1u, end);
      let d2 = min(2u, end);
      let d3 = min(3u, end);
      let d4 = min(4u, end);
      let d5 = min(5u, end);
      let d6 = min(6u, end);
      let d7 = min(7u, end);
      var at = first + k / 4u;
      var o = origin;
      for (var i = 0u; i < rowCount; i++) {
        let x0 = dy[at + d0];
        let x1 = dy[at + d1];
        let x2 = dy[at + d2];
        let x3 = dy[at + d3];
        let x4 = dy[at + d4];
        let x5 = dy[at + d5];
        let x6 = dy[at + d6];
        let x7 = dy[at + d7];
        if (n + 0u < columns) { result[o + 0u] += vec4f((x0.x * panel[0] + x0.y * panel[1] + x0.z * panel[2] + x0.w * panel[3] + x1.x * panel[4] + x1.y * panel[5] + x1.z * panel[6] + x1.w * panel[7]) +
            (x2.x * panel[8] + x2.y * panel[9] + x2.z * panel[10] + x2.w * panel[11] + x3.x * panel[12] + x3.y * panel[13] + x3.z * panel[14] + x3.w * panel[15]) +
            (x4.x * panel[16] + x4.y * panel[17] + x4.z * panel[18] + x4.w * panel[19] + x5.x * panel[20] + x5.y * panel[21] + x5.z * panel[22] + x5.w * panel[23]) +
            (x6.x * panel[24] + x6.y * panel[25] + x6.z * panel[26] + x6.w * panel[27] + x7.x * panel[28] + x7.y * panel[29] + x7.z * panel[30] + x7.w * panel[31]),
            (x0.x * panel[32] + x0.y * panel[33] + x0.z * panel[34] + x0.w * panel[35] + x1.x * panel[36] + x1.y * panel[37] + x1.z * panel[38] + x1.w * panel[39]) +
            (x2.x * panel[40] + x2.y * panel[41] + x2.z * panel[42] + x2.w * panel[43] + x3.x * panel[44] + x3.y * panel[45] + x3.z * panel[46] + x3.w * panel[47]) +
            (x4.x * panel[48] + x4.y * panel[49] + x4.z * panel[50] + x4.w * panel[51] + x5.x * panel[52] + x5.y * panel[53] + x5.z * panel[54] + x5.w * panel[55]) +
            (x6.x * panel[56] + x6.y * panel[57] + x6.z * panel[58] + x6.w * panel[59] + x7.x * panel[60] + x7.y * panel[61] + x7.z * panel[62] + x7.w * panel[63]),
            (x0.x * panel[64] + x0.y * panel[65] + x0.z * panel[66] + x0.w * panel[67] + x1.x * panel[68] + x1.y * panel[69] + x1.z * panel[70] + x1.w * panel[71]) +
            (x2.x * panel[72] + x2.y * panel[73] + x2.z * panel[74] + x2.w * panel[75] + x3.x * panel[76] + x3.y * panel[77] + x3.z * panel[78] + x3.w * panel[79]) +
            (x4.x * panel[80] + x4.y * panel[81] + x4.z * panel[82] + x4.w * panel[83] + x5.x * panel[84] + x5.y * panel[85] + x5.z * panel[86] + x5.w * panel[87]) +
            (x6.x * panel[88] + x6.y * panel[89] + x6.z * panel[90] + x6.w * panel[91] + x7.x * panel[92] + x7.y * panel[93] + x7.z * panel[94] + x7.w * panel[95]),
            (x0.x * panel[96] + x0.y * panel[97] + x0.z * panel[98] + x0.w * panel[99] + x1.x * panel[100] + x1.y * panel[101] + x1.z * panel[102] + x1.w * panel[103]) +
            (x2.x * panel[104] + x2.y * panel[105] + x2.z * panel[106] + x2.w * panel[107] + x3.x * panel[108] + x3.y * panel[109] + x3.z * panel[110] + x3.w * panel[111]) +
            (x4.x * panel[112] + x4.y * panel[113] + x4.z * panel[114] + x4.w * panel[115] + x5.x * panel[116] + x5.y * panel[117] + x5.z * panel[118] + x5.w * panel[119]) +
            (x6.x * panel[120] + x6.y * panel[121] + x6.z * panel[122] + x6.w * panel[123] + x7.x * panel[124] + x7.y * panel[125] + x7.z * panel[126] + x7.w * panel[127])); }
        if (n + 4u < columns) { result[o + 1u] += vec4f((x0.x * panel[128] + x0.y * panel[129] + x0.z * panel[130] + x0.w * panel[131] + x1.x * panel[132] + x1.y * panel[133] + x1.z * panel[134] + x1.w * panel[135]) +
            (x2.x * panel[136] + x2.y * panel[137] + x2.z * panel[138] + x2.w * panel[139] + x3.x * panel[140] + x3.y * panel[141] + x3.z * panel[142] + x3.w * panel[143]) +
            (x4.x * panel[144] + x4.y * panel[145] + x4.z * panel[146] + x4.w * panel[147] + x5.x * panel[148] + x5.y * panel[149] + x5.z * panel[150] + x5.w * panel[151]) +
            (x6.x * panel[152] + x6.y * panel[153] + x6.z * panel[154] + x6.w * panel[155] + x7.x * panel[156] + x7.y * panel[157] + x7.z * panel[158] + x7.w * panel[159]),
            (x0.x * panel[160] + x0.y * panel[161] + x0.z * panel[162] + x0.w * panel[163] + x1.x * panel[164] + x1.y * panel[165] + x1.z * panel[166] + x1.w * panel[167]) +
            (x2.x * panel[168] + x2.y * panel[169] + x2.z * panel[170] + x2.w * panel[171] + x3.x * panel[172] + x3.y * panel[173] + x3.z * panel[174] + x3.w * panel[175]) +
            (x4.x * panel[176] + x4.y * panel[177] + x4.z * panel[178] + x4.w * panel[179] + x5.x * panel[180] + x5.y * panel[181] + x5.z * panel[182] + x5.w * panel[183]) +
            (x6.x * panel[184] + x6.y * panel[185] + x6.z * panel[186] + x6.w * panel[187] + x7.x * panel[188] + x7.y * panel[189] + x7.z * panel[190] + x7.w * panel[191]),
            (x0.x * panel[192] + x0.y * panel[193] + x0.z * panel[194] + x0.w * panel[195] + x1.x * panel[196] + x1.y * panel[197] + x1.z * panel[198] + x1.w * panel[199]) +
            (x2.x * panel[200] + x2.y * panel[201] + x2.z * panel[202] + x2.w * panel[203] + x3.x * panel[204] + x3.y * panel[205] + x3.z * panel[206] + x3.w * panel[207]) +
            (x4.x * panel[208] + x4.y * panel[209] + x4.z * panel[210] + x4.w * panel[211] + x5.x * panel[212] + x5.y * panel[213] + x5.z * panel[214] + x5.w * panel[215]) +
            (x6.x * panel[216] + x6.y * panel[217] + x6.z * panel[218] + x6.w * panel[219] + x7.x * panel[220] + x7.y * panel[221] + x7.z * panel[222] + x7.w * panel[223]),
            (x0.x * panel[224] + x0.y * panel[225] + x0.z * panel[226] + x0.w * panel[227] + x1.x * panel[228] + x1.y * panel[229] + x1.z * panel[230] + x1.w * panel[231]) +
            (x2.x * panel[232] + x2.y * panel[233] + x2.z * panel[234] + x2.w * panel[235] + x3.x * panel[236] + x3.y * panel[237] + x3.z * panel[238] + x3.w * panel[239]) +
            (x4.x * panel[240] + x4.y * panel[241] + x4.z * panel[242] + x4.w * panel[243] + x5.x * panel[244] + x5.y * panel[245] + x5.z * panel[246] + x5.w * panel[247]) +
            (x6.x * panel[248] + x6.y * panel[249] + x6.z * panel[250] + x6.w * panel[251] + x7.x * panel[252] + x7.y * panel[253] + x7.z * panel[254] + x7.w * panel[255])); }
        if (n + 8u < columns) { result[o + 2u] += vec4f((x0.x * panel[256] + x0.y * panel[257] + x0.z * panel[258] + x0.w * panel[259] + x1.x * panel[260] + x1.y * panel[261] + x1.z * panel[262] + x1.w * panel[263]) +
            (x2.x * panel[264] + x2.y * panel[265] + x2.z * panel[266] + x2.w * panel[267] + x3.x * panel[268] + x3.y * panel[269] + x3.z * panel[270] + x3.w * panel[271]) +
            (x4.x * panel[272] + x4.y * panel[273] + x4.z * panel[274] + x4.w * panel[275] + x5.x * panel[276] + x5.y * panel[277] + x5.z * panel[278] + x5.w * panel[279]) +
            (x6.x * panel[280] + x6.y * panel[281] + x6.z * panel[282] + x6.w * panel[283] + x7.x * panel[284] + x7.y * panel[285] + x7.z * panel[286] + x7.w * panel[287]),
            (x0.x * panel[288] + x0.y * panel[289] + x0.z * panel[290] + x0.w * panel[291] + x1.x * panel[292] + x1.y * panel[293] + x1.z * panel[294] + x1.w * panel[295]) +
            (x2.x * panel[296] + x2.y * panel[297] + x2.z * panel[298] + x2.w * panel[299] + x3.x * panel[300] + x3.y * panel[301] + x3.z * panel[302] + x3.w * panel[303]) +
            (x4.x * panel[304] + x4.y * panel[305] + x4.z * panel[306] + x4.w * panel[307] + x5.x * panel[308] + x5.y * panel[309] + x5.z * panel[310] + x5.w * panel[311]) +
            (x6.x * panel[312] + x6.y * panel[313] + x6.z * panel[314] + x6.w * panel[315] + x7.x * panel[316] + x7.y * panel[317] + x7.z * panel[318] + x7.w * panel[319]),
            (x0.x * panel[320] + x0.y * panel[321] + x0.z * panel[322] + x0.w * panel[323] + x1.x * panel[324] + x1.y * panel[325] + x1.z * panel[326] + x1.w * panel[327]) +
            (x2.x * panel[328] + x2.y * panel[329] + x2.z * panel[330] + x2.w * panel[331] + x3.x * panel[332] + x3.y * panel[333] + x3.z * panel[334] + x3.w * panel[335]) +
            (x4.x * panel[336] + x4.y * panel[337] + x4.z * panel[338] + x4.w * panel[339] + x5.x * panel[340] + x5.y * panel[341] + x5.z * panel[342] + x5.w * panel[343]) +
            (x6.x * panel[344] + x6.y * panel[345] + x6.z * panel[346] + x6.w * panel[347] + x7.x * panel[348] + x7.y * panel[349] + x7.z * panel[350] + x7.w * panel[351]),
            (x0.x * panel[352] + x0.y * panel[353] + x0.z * panel[354] + x0.w * panel[355] + x1.x * panel[356] + x1.y * panel[357] + x1.z * panel[358] + x1.w * panel[359]) +
            (x2.x * panel[360] + x2.y * panel[361] + x2.z * panel[362] + x2.w * panel[363] + x3.x * panel[364] + x3.y * panel[365] + x3.z * panel[366] + x3.w * panel[367]) +
            (x4.x * panel[368] + x4.y * panel[369] + x4.z * panel[370] + x4.w * panel[371] + x5.x * panel[372] + x5.y * panel[373] + x5.z * panel[374] + x5.w * panel[375]) +
            (x6.x * panel[376] + x6.y * panel[377] + x6.z * panel[378] + x6.w * panel[379] + x7.x * panel[380] + x7.y * panel[381] + x7.z * panel[382] + x7.w * panel[383])); }
        if (n + 12u < columns) { result[o + 3u] += vec4f((x0.x * panel[384] + x0.y * panel[385] + x0.z * panel[386] + x0.w * panel[387] + x1.x * panel[388] + x1.y * panel[389] + x1.z * panel[390] + x1.w * panel[391]) +
            (x2.x * panel[392] + x2.y * panel[393] + x2.z * panel[394] + x2.w * panel[395] + x3.x * panel[396] + x3.y * panel[397] + x3.z * panel[398] + x3.w * panel[399]) +
            (x4.x * panel[400] + x4.y * panel[401] + x4.z * panel[402] + x4.w * panel[403] + x5.x * panel[404] + x5.y * panel[405] + x5.z * panel[406] + x5.w * panel[407]) +
            (x6.x * panel[408] + x6.y * panel[409] + x6.z * panel[410] + x6.w * panel[411] + x7.x * panel[412] + x7.y * panel[413] + x7.z * panel[414] + x7.w * panel[415]),
            (x0.x * panel[416] + x0.y * panel[417] + x0.z * panel[418] + x0.w * panel[419] + x1.x * panel[420] + x1.y * panel[421] + x1.z * panel[422] + x1.w * panel[423]) +
            (x2.x * panel[424] + x2.y * panel[425] + x2.z * panel[426] + x2.w * panel[427] + x3.x * panel[428] + x3.y * panel[429] + x3.z * panel[430] + x3.w * panel[431]) +
            (x4.x * panel[432] + x4.y * panel[433] + x4.z * panel[434] + x4.w * panel[435] + x5.x * panel[436] + x5.y * panel[437] + x5.z * panel[438] + x5.w * panel[439]) +
            (x6.x * panel[440] + x6.y * panel[441] + x6.z * panel[442] + x6.w * panel[443] + x7.x * panel[444] + x7.y * panel[445] + x7.z * panel[446] + x7.w * panel[447]),
            (x0.x * panel[448] + x0.y * panel[449] + x0.z * panel[450] + x0.w * panel[451] + x1.x * panel[452] + x1.y * panel[453] + x1.z * panel[454] + x1.w * panel[455]) +
            (x2.x * panel[456] + x2.y * panel[457] + x2.z * panel[458] + x2.w * panel[459] + x3.x * panel[460] + x3.y * panel[461] + x3.z * panel[462] + x3.w * panel[463]) +
            (x4.x * panel[464] + x4.y * panel[465] + x4.z * panel[466] + x4.w * panel[467] + x5.x * panel[468] + x5.y * panel[469] + x5.z * panel[470] + x5.w * panel[471]) +
            (x6.x * panel[472] + x6.y * panel[473] + x6.z * panel[474] + x6.w * panel[475] + x7.x * panel[476] + x7.y * panel[477] + x7.z * panel[478] + x7.w * panel[479]),
            (x0.x * panel[480] + x0.y * panel[481] + x0.z * panel[482] + x0.w * panel[483] + x1.x * panel[484] + x1.y * panel[485] + x1.z * panel[486] + x1.w * panel[487]) +
            (x2.x * panel[488] + x2.y * panel[489] + x2.z * panel[490] + x2.w * panel[491] + x3.x * panel[492] + x3.y * panel[493] + x3.z * panel[494] + x3.w * panel[495]) +
            (x4.x * panel[496] + x4.y * panel[497] + x4.z * panel[498] + x4.w * panel[499] + x5.x * panel[500] + x5.y * panel[501] + x5.z * panel[502] + x5.w * panel[503]) +
            (x6.x * panel[504] + x6.y * panel[505] + x6.z * panel[506] + x6.w * panel[507] + x7.x * panel[508] + x7.y * panel[509] + x7.z * panel[510] + x7.w * panel[511])); }
        at += stride;
        o += rowStride;
      }
    }
  }
  {
    let depth = p.loraWidth;
    let first = (m * p.loraWidth) / 1u;
    let stride = p.loraWidth / 1u;
    for (var k = 0u; k < depth; k += 16u) {
      for (var e = 0u; e < 16u; e++) {
        let f = min(k + e, depth - 1u) * width;
        for (var h = 0u; h < 4u; h++) {
          let v = select(vec4f(), a[f + min(quadColumn + h, width - 1u)], k + e < depth);
          let to = 64u * h + e;
          panel[to + 0u] = v[0];
          panel[to + 16u] = v[1];
          panel[to + 32u] = v[2];
          panel[to + 48u] = v[3];
        }
      }
      // Steps beyond the last read it once more, and meet a zero.
      let end = (depth - 1u - k) / 1u;
      let d0 = min(0u, end);
      let d1 = min(1u, end);
      let d2 = min(2u, end);
      let d3 = min(3u, end);
      let d4 = min(4u, end);
      let d5 = min(5u, end);
      let d6 = min(6u, end);
      let d7 = min(7u, end);
      let d8 = min(8u, end);
      let d9 = min(9u, end);
      let d10 = min(10u, end);
      let d11 = min(11u, end);
      let d12 = min(12u, end);
      let d13 = min(13u, end);
      let d14 = min(14u, end);
      let d15 = min(15u, end);
      var at = first + k / 1u;
      var o = origin;
      for (var i = 0u; i < rowCount; i++) {
        let x0 = t[at + d0];
        let x1 = t[at + d1];
        let x2 = t[at + d2];
        let x3 = t[at + d3];
        let x4 = t[at + d4];
        let x5 = t[at + d5];
        let x6 = t[at + d6];
        let x7 = t[at + d7];
        let x8 = t[at + d8];
        let x9 = t[at + d9];
        let x10 = t[at + d10];
        let x11 = t[at + d11];
        let x12 = t[at + d12];
        let x13 = t[at + d13];
        let x14 = t[at + d14];
        let x15 = t[at + d15];
        if (n + 0u < columns) { result[o + 0u] += vec4f((x0 * panel[0] + x1 * panel[1] + x2 * panel[2] + x3 * panel[3] + x4 * panel[4] + x5 * panel[5] + x6 * panel[6] + x7 * panel[7]) +
            (x8 * panel[8] + x9 * panel[9] + x10 * panel[10] + x11 * panel[11] + x12 * panel[12] + x13 * panel[13] + x14 * panel[14] + x15 * panel[15]),
            (x0 * panel[16] + x1 * panel[17] + x2 * panel[18] + x3 * panel[19] + x4 * panel[20] + x5 * panel[21] + x6 * panel[22] + x7 * panel[23]) +
            (x8 * panel[24] + x9 * panel[25] + x10 * panel[26] + x11 * panel[27] + x12 * panel[28] + x13 * panel[29] + x14 * panel[30] + x15 * panel[31]),
            (x0 * panel[32] + x1 * panel[33] + x2 * panel[34] + x3 * panel[35] + x4 * panel[36] + x5 * panel[37] + x6 * panel[38] + x7 * panel[39]) +
            (x8 * panel[40] + x9 * panel[41] + x10 * panel[42] + x11 * panel[43] + x12 * panel[44] + x13 * panel[45] + x14 * panel[46] + x15 * panel[47]),
            (x0 * panel[48] + x1 * panel[49] + x2 * panel[50] + x3 * panel[51] + x4 * panel[52] + x5 * panel[53] + x6 * panel[54] + x7 * panel[55]) +
            (x8 * panel[56] + x9 * panel[57] + x10 * panel[58] + x11 * panel[59] + x12 * panel[60] + x13 * panel[61] + x14 * panel[62] + x15 * panel[63])); }
        if (n + 4u < columns) { result[o + 1u] += vec4f((x0 * panel[64] + x1 * panel[65] + x2 * panel[66] + x3 * panel[67] + x4 * panel[68] + x5 * panel[69] + x6 * panel[70] + x7 * panel[71]) +
            (x8 * panel[72] + x9 * panel[73] + x10 * panel[74] + x11 * panel[75] + x12 * panel[76] + x13 * panel[77] + x14 * panel[78] + x15 * panel[79]),
            (x0 * panel[80] + x1 * panel[81] + x2 * panel[82] + x3 * panel[83] + x4 * panel[84] + x5 * panel[85] + x6 * panel[86] + x7 * panel[87]) +
            (x8 * panel[88] + x9 * panel[89] + x10 * panel[90] + x11 * panel[91] + x12 * panel[92] + x13 * panel[93] + x14 * panel[94] + x15 * panel[95]),
            (x0 * panel[96] + x1 * panel[97] + x2 * panel[98] + x3 * panel[99] + x4 * panel[100] + x5 * panel[101] + x6 * panel[102] + x7 * panel[103]) +
            (x8 * panel[104] + x9 * panel[105] + x10 * panel[106] + x11 * panel[107] + x12 * panel[108] + x13 * panel[109] + x14 * panel[110] + x15 * panel[111]),
            (x0 * panel[112] + x1 * panel[113] + x2 * panel[114] + x3 * panel[115] + x4 * panel[116] + x5 * panel[117] + x6 * panel[118] + x7 * panel[119]) +
            (x8 * panel[120] + x9 * panel[121] + x10 * panel[122] + x11 * panel[123] + x12 * panel[124] + x13 * panel[125] + x14 * panel[126] + x15 * panel[127])); }
        if (n + 8u < columns) { result[o + 2u] += vec4f((x0 * panel[128] + x1 * panel[129] + x2 * panel[130] + x3 * panel[131] + x4 * panel[132] + x5 * panel[133] + x6 * panel[134] + x7 * panel[135]) +
            (x8 * panel[136] + x9 * panel[137] + x10 * panel[138] + x11 * panel[139] + x12 * panel[140] + x13 * panel[141] + x14 * panel[142] + x15 * panel[143]),
            (x0 * panel[144] + x1 * panel[145] + x2 * panel[146] + x3 * panel[147] + x4 * panel[148] + x5 * panel[149] + x6 * panel[150] + x7 * panel[151]) +
            (x8 * panel[152] + x9 * panel[153] + x10 * panel[154] + x11 * panel[155] + x12 * panel[156] + x13 * panel[157] + x14 * panel[158] + x15 * panel[159]),
            (x0 * panel[160] + x1 * panel[161] + x2 * panel[162] + x3 * panel[163] + x4 * panel[164] + x5 * panel[165] + x6 * panel[166] + x7 * panel[167]) +
            (x8 * panel[168] + x9 * panel[169] + x10 * panel[170] + x11 * panel[171] + x12 * panel[172] + x13 * panel[173] + x14 * panel[174] + x15 * panel[175]),
            (x0 * panel[176] + x1 * panel[177] + x2 * panel[178] + x3 * panel[179] + x4 * panel[180] + x5 * panel[181] + x6 * panel[182] + x7 * panel[183]) +
            (x8 * panel[184] + x9 * panel[185] + x10 * panel[186] + x11 * panel[187] + x12 * panel[188] + x13 * panel[189] + x14 * panel[190] + x15 * panel[191])); }
        if (n + 12u < columns) { result[o + 3u] += vec4f((x0 * panel[192] + x1 * panel[193] + x2 * panel[194] + x3 * panel[195] + x4 * panel[196] + x5 * panel[197] + x6 * panel[198] + x7 * panel[199]) +
            (x8 * panel[200] + x9 * panel[201] + x10 * panel[202] + x11 * panel[203] + x12 * panel[204] + x13 * panel[205] + x14 * panel[206] + x15 * panel[207]),
            (x0 * panel[208] + x1 * panel[209] + x2 * panel[210] + x3 * panel[211] + x4 * panel[212] + x5 * panel[213] + x6 * panel[214] + x7 * panel[215]) +
            (x8 * panel[216] + x9 * panel[217] + x10 * panel[218] + x11 * panel[219] + x12 * panel[220] + x13 * panel[221] + x14 * panel[222] + x15 * panel[223]),
            (x0 * panel[224] + x1 * panel[225] + x2 * panel[226] + x3 * panel[227] + x4 * panel[228] + x5 * panel[229] + x6 * panel[230] + x7 * panel[231]) +
            (x8 * panel[232] + x9 * panel[233] + x10 * panel[234] + x11 * panel[235] + x12 * panel[236] + x13 * panel[237] + x14 * panel[238] + x15 * panel[239]),
            (x0 * panel[240] + x1 * panel[241] + x2 * panel[242] + x3 * panel[243] + x4 * panel[244] + x5 * panel[245] + x6 * panel[246] + x7 * panel[247]) +
            (x8 * panel[248] + x9 * panel[249] + x10 * panel[250] + x11 * panel[251] + x12 * panel[252] + x13 * panel[253] + x14 * panel[254] + x15 * panel[255])); }
        at += stride;
        o += rowStride;
      }
    }
  }
}
