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
@group(0) @binding(2) var<storage, read> w: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;
fn quad(i: u32) -> vec4f { return vec4f(unpack2x16float(w[i].x), unpack2x16float(w[i].y)); }
@compute @workgroup_size(8, 1) fn main(@builtin(global_invocation_id) gid: vec3u) {
  let id = gid + vec3u(p.firstX, p.firstY, p.firstZ) * vec3u(8u, 1u, 1u);
  let columns = p.outSize;
  let n = id.x * 16u;
  let m = id.y * 128u;
  if (n >= columns || m >= p.rows) { return; }
  let last = columns - 1u;
  let rowCount = min(128u, p.rows - m);
  let rowStride = p.yStride / 4u;
  let origin = (p.yRow + m) * rowStride + n / 4u;
  let keep = p.accumulate != 0u;
  {
    for (var i = 0u; i < rowCount; i++) {
      let o = origin + i * rowStride;
      if (n + 0u < columns) { result[o + 0u] = select(vec4f(), result[o + 0u], keep) + bias[min(n + 0u, last) / 4u]; }
      if (n + 4u < columns) { result[o + 1u] = select(vec4f(), result[o + 1u], keep) + bias[min(n + 4u, last) / 4u]; }
      if (n + 8u < columns) { result[o + 2u] = select(vec4f(), result[o + 2u], keep) + bias[min(n + 8u, last) / 4u]; }
      if (n + 12u < columns) { result[o + 3u] = select(vec4f(), result[o + 3u], keep) + bias[min(n + 12u, last) / 4u]; }
    }
  }
  var panel: array<f32, 512>;
  {
    let depth = p.inSize;
    let first = ((p.xRow + m) * p.inSize) / 4u;
    let stride = p.inSize / 4u;
    for (var k = 0u; k < depth; k += 32u) {
      for (var c = 0u; c < 16u; c++) {
        let f = (min(n + c, last) * depth + k) >> 2u;
        for (var h = 0u; h < 8u; h++) {
          let v = select(vec4f(), quad(f + h), k + 4u * h < depth);
          let to = c * 32u + 4u * h;
          panel[to + 0u] = v[0];
          panel[to + 1u] = v[1];
          panel[to + 2u] = v[2];
          panel[to + 3u] = v[3];
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
        let x0 = x[at + d0];
        let x1 = x[at + d1];
        let x2 = x[at + d2];
        let x3 = x[at + d3];
        let x4 = x[at + d4];
        let x5 = x[at + d5];
        let x6 = x[at + d6];
        let x7 = x[at + d7];
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
}
