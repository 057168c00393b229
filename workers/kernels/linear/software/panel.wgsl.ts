/**
 * The products of software adapters: a thread packs a panel of W, decoded, into its own memory and sends all rows of its tile past it
 * (Goto & van de Geijn 2008), while the result itself holds the running sums.
 *
 * Why so: SwiftShader runs four threads as lanes of SSE code that its small compiler hardly keeps in registers (seen by sampling its
 * machine code). A load whose index is not a constant is some 80 instructions whatever it reads, a lookup in a private table twice
 * that, a store to a variable 10; private memory at a constant index is one. So a panel is read at constant indices and decoded once
 * for 128 rows, a load of x serves 16 columns, and one of y 32 steps: 2.3 times as fast as a tile of sums held by the thread, for any
 * format. Larger panels gain little and take seconds to compile. Sums are short chains: additions that wait for each other cost more
 * than the multiplications.
 */
import { each, list, type Tile } from "../common.wgsl.ts";

/** What a thread owns. "narrow": for xa = x Aᵀ, whose width is any number, often less than the lanes of a wide tile. */
export const softwareTiles = {
  wide: { rows: 128, quads: 4, workgroup: [8, 1] },
  narrow: { rows: 128, quads: 1, workgroup: [8, 1] },
} satisfies Record<string, Tile>;

/** Steps along the depth that a panel holds: of W; and of the adapter, whose rank is often 16 and whose operand is loaded singly. */
export const WEIGHT_STEPS = 32;
export const ADAPTER_STEPS = 16;

/** Products that are summed before they meet the others. */
const CHAIN = 8;

/** result[i, c] += sum_k operand[i, k] w[c, k]: rows and columns of the thread's tile, all k. */
export interface Pass {
  /** A multiple of CHAIN. */
  steps: number;
  /** WGSL of the number of k. */
  depth: string;
  /** WGSL that fills `panel[c * steps + step]` for the steps from `k` on, with zeros from `depth` on. */
  fill: string;
  /** A binding, of vec4f if `vector`, else of f32; and WGSL, in floats, of where the tile's first row and the next begin. */
  operand: string;
  vector: boolean;
  first: string;
  stride: string;
  /** WGSL of a loop around it. */
  loop?: string;
}

export interface Panel {
  tile: Tile;
  /** WGSL: columns of the result, the number of its first row, floats from one row to the next. */
  columns: string;
  row: string;
  stride: string;
  /** The binding `result` is of f32, not vec4f. */
  narrow: boolean;
  /** WGSL of a vec4f that quad q begins with, at row m + i, beside what `accumulate` keeps. */
  start?: (q: number) => string;
  passes: Pass[];
}

/** WGSL that stores a vec4f in quad q of a row, which begins at `o`. */
const put = ({ narrow }: Panel, q: number, operator: "=" | "+=", value: string): string =>
  narrow
    ? `{ let v = ${value}; ${each(4, (c) => `if (n + ${4 * q + c}u < columns) { result[o + ${4 * q + c}u] ${operator} v[${c}]; }`)} }`
    : `if (n + ${4 * q}u < columns) { result[o + ${q}u] ${operator} ${value}; }`;

function passCode(panel: Panel, { steps, depth, fill, operand, vector, first, stride, loop = "" }: Pass): string {
  const width = vector ? 4 : 1;
  const factor = (k: number): string => (vector ? `x${k >> 2}.${"xyzw"[k & 3]}` : `x${k}`);
  const chain = (c: number, from: number): string =>
    Array.from({ length: CHAIN }, (_, e) => `${factor(from + e)} * panel[${c * steps + from + e}]`).join(" + ");
  const sum = (c: number): string =>
    Array.from({ length: steps / CHAIN }, (_, i) => `(${chain(c, CHAIN * i)})`).join(" + ");
  return /* wgsl */ `${loop} {
  let depth = ${depth};
  let first = (${first}) / ${width}u;
  let stride = ${stride} / ${width}u;
  for (var k = 0u; k < depth; k += ${steps}u) {
    ${fill}
    // Steps beyond the last read it once more, and meet a zero.
    let end = (depth - 1u - k) / ${width}u;
    ${each(steps / width, (j) => `let d${j} = min(${j}u, end);`)}
    var at = first + k / ${width}u;
    var o = origin;
    for (var i = 0u; i < rowCount; i++) {
      ${each(steps / width, (j) => `let x${j} = ${operand}[at + d${j}];`)}
      ${each(panel.tile.quads, (q) => put(panel, q, "+=", `vec4f(${list(4, (c) => sum(4 * q + c))})`))}
      at += stride;
      o += rowStride;
    }
  }
  }`;
}

/** The body of `main(id)`. `fill` and the rest find: n and m (first column and row of the thread), columns, last (the last column). */
export function panelBody(panel: Panel): string {
  const { tile, columns, row, stride, narrow, start, passes } = panel;
  const { rows, quads } = tile;
  const width = narrow ? 1 : 4;
  const kept = (q: number): string =>
    narrow ? `vec4f(${list(4, (c) => `result[o + ${4 * q + c}u]`)})` : `result[o + ${q}u]`;
  return /* wgsl */ `let columns = ${columns};
  let n = id.x * ${4 * quads}u;
  let m = id.y * ${rows}u;
  if (n >= columns || m >= p.rows) { return; }
  let last = columns - 1u;
  let rowCount = min(${rows}u, p.rows - m);
  let rowStride = ${stride} / ${width}u;
  let origin = (${row} + m) * rowStride + n / ${width}u;
  let keep = p.accumulate != 0u;
  ${start ? "" : "if (!keep)"} {
    for (var i = 0u; i < rowCount; i++) {
      let o = origin + i * rowStride;
      ${each(quads, (q) => put(panel, q, "=", start ? `select(vec4f(), ${kept(q)}, keep) + ${start(q)}` : "vec4f()"))}
    }
  }
  var panel: array<f32, ${Math.max(...passes.map((p) => 4 * quads * p.steps))}>;
  ${passes.map((p) => passCode(panel, p)).join("\n")}`;
}
