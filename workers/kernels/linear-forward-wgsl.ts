/** WGSL of y = x Wᵀ (+ bias) (+ LoRA) for each weight format and tile. */
import type { Kernel } from "../gpu/program.ts";
import {
  type Binding,
  cached,
  codeTable,
  declare,
  each,
  type Format,
  invocation,
  isFourBit,
  list,
  PREFILL,
  params,
  type Tile,
  WORKGROUP,
} from "./linear-wgsl.ts";

const wordType: Record<Format, string> = { f32: "vec2f", f16: "u32", bf16: "u32", nf4: "u32", fp4: "u32" };

/** `fn pair(i) -> vec2f`: elements 2i and 2i + 1 of a dense weight. */
function pairReader(format: Format): string {
  const decode = {
    f32: "w[i]",
    f16: "unpack2x16float(w[i])",
    bf16: "bitcast<vec2f>(vec2u(w[i] << 16u, w[i] & 0xffff0000u))",
  }[format as "f32" | "f16" | "bf16"];
  return `fn pair(i: u32) -> vec2f { return ${decode}; }`;
}

const NARROW: Tile = { rows: 16, quads: 1 };
const DECODE: Tile = { rows: 1, quads: 1 };

/** "narrow": for xa = x Aᵀ, whose width is any number. */
export type TileName = "prefill" | "decode" | "narrow" | "narrow-decode";

export function forwardTile(format: Format, name: TileName): Tile {
  if (name === "prefill") return PREFILL[isFourBit(format) ? "fourBit" : "dense"];
  return name === "narrow" ? NARROW : DECODE;
}

export interface Variant {
  format: Format;
  lora: boolean;
  bias: boolean;
  residual: boolean;
  tile: TileName;
}

/** The k loop of a 4-bit forward: a word of each of the tile's columns is kept for its eight steps. */
function fourBitSteps({ rows, quads }: Tile): string {
  const columns = 4 * quads;
  const step = (shift: string, k: string): string => /* wgsl */ `
      ${each(quads, (c) => `let w${c} = s${c} * vec4f(${list(4, (i) => `table[(v${4 * c + i} >> ${shift}) & 15u]`)});`)}
      ${each(rows, (i) => `{ let a = x[x${i} + ${k}]; ${each(quads, (c) => `acc${i}_${c} += a * w${c};`)} }`)}`;
  // A small tile is unrolled: eight steps still make a small body, and the shifts become constants.
  const body =
    rows * columns <= 16
      ? each(8, (e) => `{ ${step(`${(4 * e) ^ 4}u`, `k + ${e}u`)} }`)
      : /* wgsl */ `for (var e = 0u; e < 8u; e++) {
      // Byte j of a word holds element 2j in its high nibble.
      let shift = (4u * e) ^ 4u;
      ${step("shift", "k + e")}
    }`;
  return /* wgsl */ `${each(columns, (j) => `let f${j} = min(n + ${j}u, last) * p.inSize / 8u;`)}
  let blockShift = p.blockShift - 3u;
  for (var k = 0u; k < inSize; k += 8u) {
    let word = k / 8u;
    ${each(columns, (j) => `let v${j} = w[f${j} + word];`)}
    ${each(quads, (c) => `let s${c} = vec4f(${list(4, (i) => `absmax[(f${4 * c + i} + word) >> blockShift]`)});`)}
    ${body}
  }`;
}

function denseSteps({ rows, quads }: Tile): string {
  const columns = 4 * quads;
  return /* wgsl */ `${each(columns, (j) => `let f${j} = min(n + ${j}u, last) * p.inSize / 2u;`)}
  let pairs = inSize / 2u;
  for (var k = 0u; k < pairs; k++) {
    ${each(columns, (j) => `let v${j} = pair(f${j} + k);`)}
    ${each(quads, (c) => `let w${c} = vec4f(${list(4, (i) => `v${4 * c + i}.x`)}); let u${c} = vec4f(${list(4, (i) => `v${4 * c + i}.y`)});`)}
    ${each(rows, (i) => `{ let a = x[x${i} + k]; ${each(quads, (c) => `acc${i}_${c} += a.x * w${c}; acc${i}_${c} += a.y * u${c};`)} }`)}
  }`;
}

/** The adapter's K steps, one column quad at a time: quads of one tile may belong to different groups. */
function loraSteps({ rows, quads }: Tile): string {
  return each(
    quads,
    (c) => /* wgsl */ `{
    ${each(4, (i) => `let b${i} = min(n + ${4 * c + i}u, last) * p.rank;`)}
    let first = group(min(n + ${4 * c}u, last)) * p.rank;
    ${each(rows, (i) => `let l${i} = r${i} * p.loraWidth + first;`)}
    let rank = p.rank;
    let scale = p.scale;
    for (var r = 0u; r < rank; r++) {
      let v = scale * vec4f(${list(4, (i) => `b[b${i} + r]`)});
      ${each(rows, (i) => `acc${i}_${c} += xa[l${i} + r] * v;`)}
    }
  }`,
  );
}

/** y[m, n] = sum_k x[m, k] W[n, k] (+ bias[n]) (+ scale * sum_r xa[m, g(n) rank + r] b[n, r]) (+ residual[m, n]) (+ y). */
export function forwardKernel(variant: Variant): Kernel {
  const { format, lora, bias, residual, tile: tileName } = variant;
  const parts = [lora && "lora", bias && "bias", residual && "residual"].filter(Boolean);
  const name = ["linear forward", isFourBit(format) ? "4bit" : format, ...parts, tileName].join(" ");
  return cached(name, () => {
    const fourBit = isFourBit(format);
    const tile = forwardTile(format, tileName);
    const { rows, quads } = tile;
    const narrow = tileName.startsWith("narrow");
    const bindings: Binding[] = [
      ["x", fourBit ? "f32" : "vec2f", "read"],
      ["w", wordType[format], "read"],
      ...(fourBit ? ([["absmax", "f32", "read"]] as Binding[]) : []),
      ...(bias ? ([["bias", "vec4f", "read"]] as Binding[]) : []),
      ...(lora
        ? ([
            ["xa", "f32", "read"],
            ["b", "f32", "read"],
          ] as Binding[])
        : []),
      ...(residual ? ([["residual", "vec4f", "read"]] as Binding[]) : []),
      ["y", narrow ? "f32" : "vec4f", "read_write"],
    ];
    const store = (i: number): string =>
      narrow
        ? each(
            4,
            (c) => `if (n + ${c}u < p.outSize) { y[at + ${c}u] = select(0.0, y[at + ${c}u], keep) + acc${i}_0[${c}]; }`,
          )
        : each(
            quads,
            (c) =>
              `if (n + ${4 * c}u < p.outSize) { let o = at / 4u + ${c}u; ${residual ? `acc${i}_${c} += residual[(m + ${i}u) * p.outSize / 4u + n / 4u + ${c}u];` : ""} if (keep) { acc${i}_${c} += y[o]; } y[o] = acc${i}_${c}; }`,
          );
    const code = /* wgsl */ `${params}
${declare(bindings)}
${fourBit ? "" : pairReader(format)}
@compute @workgroup_size(${WORKGROUP.join(", ")}) fn main(@builtin(global_invocation_id) gid: vec3u) {
  ${invocation(WORKGROUP)}
  let n = id.x * ${4 * quads}u;
  let m = id.y * ${rows}u;
  if (n >= p.outSize || m >= p.rows) { return; }
  ${fourBit ? codeTable : ""}
  // Rows and columns beyond the edge read the last one and are not stored.
  let last = p.outSize - 1u;
  let inSize = p.inSize;
  ${bias ? each(quads, (c) => `let bias${c} = bias[min(n + ${4 * c}u, last) / 4u];`) : ""}
  ${each(
    rows,
    (i) => `let r${i} = min(m + ${i}u, p.rows - 1u); let x${i} = (p.xRow + r${i}) * inSize${fourBit ? "" : " / 2u"};
  ${each(quads, (c) => `var acc${i}_${c} = ${bias ? `bias${c}` : "vec4f()"};`)}`,
  )}
  ${fourBit ? fourBitSteps(tile) : denseSteps(tile)}
  ${lora ? loraSteps(tile) : ""}
  let keep = p.accumulate != 0u;
  ${each(rows, (i) => `if (m + ${i}u < p.rows) { let at = (p.yRow + m + ${i}u) * p.yStride + n; ${store(i)} }`)}
}`;
    return { name, code, access: bindings.map(([, , access]) => access), sliced: true };
  });
}
