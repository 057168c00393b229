/**
 * WGSL of the linear family, put together from a weight format and a direction. Barrier-free register tiles: a thread owns
 * ROWS x 4 (or x 8) outputs, reads a packed word once and decodes its eight weights together.
 */
import type { Kernel } from "../gpu/program.ts";
import type { Weight } from "./weight.ts";

export type Format = Weight["format"];
export const isFourBit = (format: Format): boolean => format === "nf4" || format === "fp4";

/** Columns of `in` that one weight load gives. */
export const loadWidth = (format: Format): 4 | 8 => (isFourBit(format) ? 8 : 4);

const params = /* wgsl */ `
struct Params {
  // The sixteen values of a 4-bit code: a uniform, because an indexed private array spills to memory on many GPUs.
  code: array<vec4f, 4>,
  rows: u32, outSize: u32, inSize: u32, xRow: u32, yRow: u32, accumulate: u32,
  rank: u32, group1: u32, group2: u32, loraWidth: u32, blockShift: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
fn group(n: u32) -> u32 { return select(0u, 1u, n >= p.group1) + select(0u, 1u, n >= p.group2); }
`;

const declare = (bindings: [name: string, type: string, access: "read" | "read_write"][]): string =>
  bindings
    .map(([name, type, access], i) => `@group(0) @binding(${i + 1}) var<storage, ${access}> ${name}: array<${type}>;`)
    .join("\n");

const wordType: Record<Format, string> = { f32: "vec4f", f16: "vec2u", bf16: "vec2u", nf4: "u32", fp4: "u32" };

/** `fn load(n, k) -> Weights`: W[n, k .. k + width) as f32. */
function loader(format: Format): string {
  if (isFourBit(format)) {
    return /* wgsl */ `
struct Weights { lo: vec4f, hi: vec4f }
fn value(nibble: u32) -> f32 { return p.code[nibble >> 2u][nibble & 3u]; }
fn load(n: u32, k: u32) -> Weights {
  let flat = n * p.inSize + k;
  let word = w[flat >> 3u];
  let s = absmax[flat >> p.blockShift];
  return Weights(
    s * vec4f(value((word >> 4u) & 15u), value(word & 15u), value((word >> 12u) & 15u), value((word >> 8u) & 15u)),
    s * vec4f(value((word >> 20u) & 15u), value((word >> 16u) & 15u), value(word >> 28u), value((word >> 24u) & 15u)));
}`;
  }
  const decode = {
    f32: "w[i]",
    f16: "vec4f(unpack2x16float(w[i].x), unpack2x16float(w[i].y))",
    bf16: "bitcast<vec4f>(vec4u(w[i].x << 16u, w[i].x & 0xffff0000u, w[i].y << 16u, w[i].y & 0xffff0000u))",
  }[format as "f32" | "f16" | "bf16"];
  return /* wgsl */ `
struct Weights { lo: vec4f }
fn load(n: u32, k: u32) -> Weights { let i = (n * p.inSize + k) >> 2u; return Weights(${decode}); }`;
}

const each = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join("\n");

export interface Variant {
  format: Format;
  lora: boolean;
  bias: boolean;
  /** Rows that a thread owns. */
  tile: 1 | 4 | 8;
}

const kernels = new Map<string, Kernel>();
/** One Kernel object for one text, so that the pipeline cache sees it once. */
function cached(name: string, make: () => Kernel): Kernel {
  let kernel = kernels.get(name);
  if (!kernel) {
    kernel = make();
    kernels.set(name, kernel);
  }
  return kernel;
}

/** y[m, n] = sum_k x[m, k] W[n, k] (+ bias[n]) (+ scale * sum_r xa[m, g(n) rank + r] b[n, r]) (+ y). One thread: tile rows x 4 n. */
export function forwardKernel({ format, lora, bias, tile }: Variant): Kernel {
  const name = `linear forward ${format}${lora ? " lora" : ""}${bias ? " bias" : ""} ${tile}`;
  return cached(name, () => {
    const wide = isFourBit(format);
    const bindings: [string, string, "read" | "read_write"][] = [
      ["x", "vec4f", "read"],
      ["w", wordType[format], "read"],
      ...(wide ? ([["absmax", "f32", "read"]] as [string, string, "read"][]) : []),
      ...(bias ? ([["bias", "f32", "read"]] as [string, string, "read"][]) : []),
      ...(lora
        ? ([
            ["xa", "f32", "read"],
            ["b", "f32", "read"],
          ] as [string, string, "read"][])
        : []),
      ["y", "f32", "read_write"],
    ];
    const step = loadWidth(format);
    // Four weight rows as columns, so that one row's four outputs are one vector.
    const transpose = (part: "lo" | "hi", to: number): string =>
      each(4, (c) => `let c${to + c} = vec4f(w0.${part}[${c}], w1.${part}[${c}], w2.${part}[${c}], w3.${part}[${c}]);`);
    const code = /* wgsl */ `${params}
${declare(bindings)}
${loader(format)}
@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x * 4u;
  let m = id.y * ${tile}u;
  if (n >= p.outSize || m >= p.rows) { return; }
  // Rows and columns beyond the edge read the last one and are not stored.
  let last = p.outSize - 1u;
  let n1 = min(n + 1u, last); let n2 = min(n + 2u, last); let n3 = min(n + 3u, last);
  ${each(tile, (i) => `let r${i} = min(m + ${i}u, p.rows - 1u); let x${i} = (p.xRow + r${i}) * p.inSize / 4u; var acc${i} = vec4f();`)}
  for (var k = 0u; k < p.inSize; k += ${step}u) {
    let w0 = load(n, k); let w1 = load(n1, k); let w2 = load(n2, k); let w3 = load(n3, k);
    ${transpose("lo", 0)}
    ${wide ? transpose("hi", 4) : ""}
    let q = k / 4u;
    ${each(
      tile,
      (i) => `{ let a = x[x${i} + q];
      acc${i} = fma(vec4f(a.x), c0, fma(vec4f(a.y), c1, fma(vec4f(a.z), c2, fma(vec4f(a.w), c3, acc${i}))));
      ${wide ? `let e = x[x${i} + q + 1u]; acc${i} = fma(vec4f(e.x), c4, fma(vec4f(e.y), c5, fma(vec4f(e.z), c6, fma(vec4f(e.w), c7, acc${i}))));` : ""} }`,
    )}
  }
  ${
    lora
      ? `let first = group(n) * p.rank;
  ${each(tile, (i) => `var low${i} = vec4f();`)}
  for (var r = 0u; r < p.rank; r++) {
    let br = vec4f(b[n * p.rank + r], b[n1 * p.rank + r], b[n2 * p.rank + r], b[n3 * p.rank + r]);
    ${each(tile, (i) => `low${i} = fma(vec4f(xa[r${i} * p.loraWidth + first + r]), br, low${i});`)}
  }
  ${each(tile, (i) => `acc${i} = fma(vec4f(p.scale), low${i}, acc${i});`)}`
      : ""
  }
  ${bias ? `let shift = vec4f(bias[n], bias[n1], bias[n2], bias[n3]);` : "let shift = vec4f();"}
  let columns = min(4u, p.outSize - n);
  ${each(
    tile,
    (i) => `if (m + ${i}u < p.rows) {
    let at = (p.yRow + m + ${i}u) * p.outSize + n;
    let v = acc${i} + shift;
    for (var c = 0u; c < columns; c++) { y[at + c] = select(0.0, y[at + c], p.accumulate != 0u) + v[c]; }
  }`,
  )}
}`;
    return { name, code, access: bindings.map(([, , access]) => access) };
  });
}

/** dx[m, k] = sum_n dy[m, n] W[n, k] (+ sum_j t[m, j] a[j, k]) (+ dx). One thread: tile rows x loadWidth columns. */
export function backwardKernel({ format, lora, tile }: Omit<Variant, "bias">): Kernel {
  const name = `linear backward ${format}${lora ? " lora" : ""} ${tile}`;
  return cached(name, () => {
    const wide = isFourBit(format);
    const bindings: [string, string, "read" | "read_write"][] = [
      ["dy", "vec4f", "read"],
      ["w", wordType[format], "read"],
      ...(wide ? ([["absmax", "f32", "read"]] as [string, string, "read"][]) : []),
      ...(lora
        ? ([
            ["t", "f32", "read"],
            ["a", "vec4f", "read"],
          ] as [string, string, "read"][])
        : []),
      ["dx", "vec4f", "read_write"],
    ];
    const code = /* wgsl */ `${params}
${declare(bindings)}
${loader(format)}
@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x * ${loadWidth(format)}u;
  let m = id.y * ${tile}u;
  if (k >= p.inSize || m >= p.rows) { return; }
  ${each(
    tile,
    (i) => `let r${i} = min(m + ${i}u, p.rows - 1u); let y${i} = (p.yRow + r${i}) * p.outSize / 4u;
  var lo${i} = vec4f(); ${wide ? `var hi${i} = vec4f();` : ""}`,
  )}
  for (var n = 0u; n < p.outSize; n += 4u) {
    ${each(tile, (i) => `let d${i} = dy[y${i} + n / 4u];`)}
    ${each(
      4,
      (c) => `{ let v = load(n + ${c}u, k);
      ${each(tile, (i) => `lo${i} = fma(vec4f(d${i}[${c}]), v.lo, lo${i}); ${wide ? `hi${i} = fma(vec4f(d${i}[${c}]), v.hi, hi${i});` : ""}`)} }`,
    )}
  }
  ${
    lora
      ? `for (var j = 0u; j < p.loraWidth; j++) {
    let a0 = a[(j * p.inSize + k) / 4u]; ${wide ? "let a1 = a[(j * p.inSize + k) / 4u + 1u];" : ""}
    ${each(tile, (i) => `{ let s = vec4f(t[r${i} * p.loraWidth + j]); lo${i} = fma(s, a0, lo${i}); ${wide ? `hi${i} = fma(s, a1, hi${i});` : ""} }`)}
  }`
      : ""
  }
  let keep = f32(p.accumulate);
  ${each(
    tile,
    (i) => `if (m + ${i}u < p.rows) {
    let at = ((p.xRow + m + ${i}u) * p.inSize + k) / 4u;
    if (p.accumulate != 0u) { lo${i} += dx[at]; ${wide ? `hi${i} += dx[at + 1u];` : ""} }
    dx[at] = lo${i}; ${wide ? `dx[at + 1u] = hi${i};` : ""}
  }`,
  )}
}`.replace("  let keep = f32(p.accumulate);\n", "");
    return { name, code, access: bindings.map(([, , access]) => access) };
  });
}

/** t[m, g rank + r] = scale * sum over the columns n of group g of dy[m, n] b[n, r]. One thread: 4 rows x 1 column. */
export const downKernel: Kernel = {
  name: "lora t",
  access: ["read", "read", "read_write"],
  code: /* wgsl */ `${params}
${declare([
  ["dy", "vec4f", "read"],
  ["b", "f32", "read"],
  ["t", "f32", "read_write"],
])}
@compute @workgroup_size(16, 4) fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let m = id.y * 4u;
  if (j >= p.loraWidth || m >= p.rows) { return; }
  let g = j / p.rank;
  let r = j % p.rank;
  let begin = select(select(p.group2, p.group1, g == 1u), 0u, g == 0u);
  let end = min(p.outSize, select(select(p.outSize, p.group2, g == 1u), p.group1, g == 0u));
  ${each(4, (i) => `let y${i} = (p.yRow + min(m + ${i}u, p.rows - 1u)) * p.outSize / 4u; var s${i} = 0.0;`)}
  for (var n = begin; n < end; n += 4u) {
    let v = vec4f(b[n * p.rank + r], b[(n + 1u) * p.rank + r], b[(n + 2u) * p.rank + r], b[(n + 3u) * p.rank + r]);
    ${each(4, (i) => `s${i} += dot(dy[y${i} + n / 4u], v);`)}
  }
  ${each(4, (i) => `if (m + ${i}u < p.rows) { t[(m + ${i}u) * p.loraWidth + j] = p.scale * s${i}; }`)}
}`,
};

/** dA[j, k] (+)= sum_m t[m, j] x[m, k]. One thread: 4 j x 4 k. */
export const gradientAKernel: Kernel = {
  name: "lora dA",
  access: ["read", "read", "read_write"],
  code: /* wgsl */ `${params}
${declare([
  ["t", "f32", "read"],
  ["x", "vec4f", "read"],
  ["dA", "vec4f", "read_write"],
])}
@compute @workgroup_size(16, 4) fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = id.x;
  let j = id.y * 4u;
  let width = p.inSize / 4u;
  if (q >= width || j >= p.loraWidth) { return; }
  ${each(4, (i) => `let j${i} = min(j + ${i}u, p.loraWidth - 1u); var s${i} = vec4f();`)}
  for (var m = 0u; m < p.rows; m++) {
    let v = x[(p.xRow + m) * width + q];
    let at = m * p.loraWidth;
    ${each(4, (i) => `s${i} = fma(vec4f(t[at + j${i}]), v, s${i});`)}
  }
  ${each(4, (i) => `if (j + ${i}u < p.loraWidth) { let o = (j + ${i}u) * width + q; if (p.accumulate != 0u) { s${i} += dA[o]; } dA[o] = s${i}; }`)}
}`,
};

/** dB[n, r] (+)= scale * sum_m dy[m, n] xa[m, g(n) rank + r]. One thread: 4 n x 4 r. */
export const gradientBKernel: Kernel = {
  name: "lora dB",
  access: ["read", "read", "read_write"],
  code: /* wgsl */ `${params}
${declare([
  ["dy", "vec4f", "read"],
  ["xa", "f32", "read"],
  ["dB", "f32", "read_write"],
])}
@compute @workgroup_size(16, 4) fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x * 4u;
  let r = id.y * 4u;
  if (n >= p.outSize || r >= p.rank) { return; }
  let first = group(n) * p.rank;
  ${each(4, (i) => `let c${i} = first + min(r + ${i}u, p.rank - 1u); var s${i} = vec4f();`)}
  for (var m = 0u; m < p.rows; m++) {
    let d = dy[((p.yRow + m) * p.outSize + n) / 4u];
    let at = m * p.loraWidth;
    ${each(4, (i) => `s${i} = fma(vec4f(xa[at + c${i}]), d, s${i});`)}
  }
  ${each(
    4,
    (i) => `if (r + ${i}u < p.rank) {
    for (var c = 0u; c < 4u; c++) {
      let o = (n + c) * p.rank + r + ${i}u;
      dB[o] = select(0.0, dB[o], p.accumulate != 0u) + p.scale * s${i}[c];
    }
  }`,
  )}
}`,
};
