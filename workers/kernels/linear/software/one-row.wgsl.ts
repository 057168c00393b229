/** WGSL of the products of decoding, on any adapter: a thread owns four columns of a single row. */
import { codeTable, each, type ForwardParts, isFourBit, list } from "../common.wgsl.ts";

/** A word of each column is kept for its eight steps. Byte j of a word holds element 2j in its high nibble. */
const fourBitSteps = /* wgsl */ `${codeTable}
  ${each(4, (j) => `let f${j} = min(n + ${j}u, last) * p.inSize / 8u;`)}
  let blockShift = p.blockShift - 3u;
  for (var k = 0u; k < inSize; k += 8u) {
    let word = k / 8u;
    ${each(4, (j) => `let v${j} = w[f${j} + word];`)}
    let s = vec4f(${list(4, (j) => `blockScale((f${j} + word) >> blockShift)`)});
    ${each(8, (e) => `acc += x[row + k + ${e}u] * (s * vec4f(${list(4, (j) => `table[(v${j} >> ${(4 * e) ^ 4}u) & 15u]`)}));`)}
  }`;

const denseSteps = /* wgsl */ `${each(4, (j) => `let f${j} = min(n + ${j}u, last) * inSize / 4u;`)}
  for (var k = 0u; k < inSize / 4u; k++) {
    ${each(4, (j) => `let v${j} = quad(f${j} + k);`)}
    let a = x[row / 4u + k];
    acc += vec4f(${list(4, (j) => `dot(a, v${j})`)});
  }`;

const loraSteps = /* wgsl */ `${each(4, (j) => `let b${j} = min(n + ${j}u, last) * p.rank;`)}
  let l = m * p.loraWidth + group(n) * p.rank;
  for (var r = 0u; r < p.rank; r++) {
    acc += xa[l + r] * (p.scale * vec4f(${list(4, (j) => `b[b${j} + r]`)}));
  }`;

/** The body of `main(id)`; `narrow`: the number of columns is any, and `result` is of f32. Columns beyond the edge read the last one and are not stored. */
export function softwareOneRowBody({ format, lora, bias, residual }: ForwardParts, narrow: boolean): string {
  const store = narrow
    ? each(
        4,
        (c) => `if (n + ${c}u < p.outSize) { result[at + ${c}u] = select(0.0, result[at + ${c}u], keep) + acc[${c}]; }`,
      )
    : /* wgsl */ `if (keep) { acc += result[at / 4u]; }
  result[at / 4u] = acc;`;
  return /* wgsl */ `let n = 4u * id.x;
  let m = id.y;
  if (n >= p.outSize || m >= p.rows) { return; }
  let last = p.outSize - 1u;
  let inSize = p.inSize;
  let row = (p.xRow + m) * inSize;
  var acc = ${bias ? "bias[n / 4u]" : "vec4f()"};
  ${isFourBit(format) ? fourBitSteps : denseSteps}
  ${lora ? loraSteps : ""}
  ${residual ? "acc += residual[(m * p.outSize + n) / 4u];" : ""}
  let keep = p.accumulate != 0u;
  let at = (p.yRow + m) * p.yStride + n;
  ${store}`;
}
