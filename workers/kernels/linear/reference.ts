/** The linear family in plain f64 loops: what the kernels are held against. Shapes as in linear.ts and lora.ts. */
import { codeValues } from "../../weights/nf4/tables.ts";

export interface ReferenceLora {
  rank: number;
  scale: number;
  groupStarts: number[];
  a: ArrayLike<number>;
  b: ArrayLike<number>;
}

/** Rows of x and dy, and the weight's [out, in]. */
export interface ReferenceShape {
  rows: number;
  out: number;
  inSize: number;
}

const groupOf = (starts: number[], n: number): number => starts.filter((s) => n >= s).length - 1;

/** [rows, out] from x [rows, in], w [out, in]. */
export function forwardReference(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  {
    rows,
    out,
    inSize,
    lora,
    bias,
  }: ReferenceShape & { lora?: ReferenceLora | undefined; bias?: ArrayLike<number> | undefined },
): Float64Array {
  const y = new Float64Array(rows * out);
  const xa = lora && lowRankReference(x, lora, rows, inSize);
  const width = lora ? lora.groupStarts.length * lora.rank : 0;
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < out; n++) {
      let sum = bias?.[n] ?? 0;
      for (let k = 0; k < inSize; k++) sum += x[m * inSize + k]! * w[n * inSize + k]!;
      if (lora && xa) {
        const g = groupOf(lora.groupStarts, n);
        let low = 0;
        for (let r = 0; r < lora.rank; r++) low += xa[m * width + g * lora.rank + r]! * lora.b[n * lora.rank + r]!;
        sum += lora.scale * low;
      }
      y[m * out + n] = sum;
    }
  }
  return y;
}

/** xa [rows, groups * rank] = x aᵀ */
export function lowRankReference(
  x: ArrayLike<number>,
  lora: ReferenceLora,
  rows: number,
  inSize: number,
): Float64Array {
  const width = lora.groupStarts.length * lora.rank;
  const xa = new Float64Array(rows * width);
  for (let m = 0; m < rows; m++)
    for (let j = 0; j < width; j++)
      for (let k = 0; k < inSize; k++) xa[m * width + j]! += x[m * inSize + k]! * lora.a[j * inSize + k]!;
  return xa;
}

/** t [rows, groups * rank] = scale * dy b, per group */
export function gradientLowRankReference(
  dy: ArrayLike<number>,
  lora: ReferenceLora,
  rows: number,
  out: number,
): Float64Array {
  const width = lora.groupStarts.length * lora.rank;
  const t = new Float64Array(rows * width);
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < out; n++) {
      const g = groupOf(lora.groupStarts, n);
      for (let r = 0; r < lora.rank; r++)
        t[m * width + g * lora.rank + r]! += lora.scale * dy[m * out + n]! * lora.b[n * lora.rank + r]!;
    }
  return t;
}

/** dx [rows, in] = dy w + t a */
export function backwardReference(
  dy: ArrayLike<number>,
  w: ArrayLike<number>,
  { rows, out, inSize, lora }: ReferenceShape & { lora?: ReferenceLora | undefined },
): Float64Array {
  const dx = new Float64Array(rows * inSize);
  const t = lora && gradientLowRankReference(dy, lora, rows, out);
  const width = lora ? lora.groupStarts.length * lora.rank : 0;
  for (let m = 0; m < rows; m++)
    for (let k = 0; k < inSize; k++) {
      let sum = 0;
      for (let n = 0; n < out; n++) sum += dy[m * out + n]! * w[n * inSize + k]!;
      if (lora && t) for (let j = 0; j < width; j++) sum += t[m * width + j]! * lora.a[j * inSize + k]!;
      dx[m * inSize + k] = sum;
    }
  return dx;
}

/** dA [groups * rank, in] and dB [out, rank] */
export function loraGradientsReference(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  { rows, out, inSize, lora }: ReferenceShape & { lora: ReferenceLora },
): { dA: Float64Array; dB: Float64Array } {
  const width = lora.groupStarts.length * lora.rank;
  const xa = lowRankReference(x, lora, rows, inSize);
  const t = gradientLowRankReference(dy, lora, rows, out);
  const dA = new Float64Array(width * inSize);
  const dB = new Float64Array(out * lora.rank);
  for (let m = 0; m < rows; m++) {
    for (let j = 0; j < width; j++)
      for (let k = 0; k < inSize; k++) dA[j * inSize + k]! += t[m * width + j]! * x[m * inSize + k]!;
    for (let n = 0; n < out; n++) {
      const g = groupOf(lora.groupStarts, n);
      for (let r = 0; r < lora.rank; r++)
        dB[n * lora.rank + r]! += lora.scale * dy[m * out + n]! * xa[m * width + g * lora.rank + r]!;
    }
  }
  return { dA, dB };
}

/** Values of packed 4-bit codes: byte j holds elements 2j (high nibble) and 2j + 1. */
export function decodeReference(
  type: "nf4" | "fp4",
  codes: Uint8Array,
  absmax: Float32Array,
  blockSize: number,
): Float32Array {
  return Float32Array.from({ length: codes.length * 2 }, (_, i) => {
    const byte = codes[i >> 1]!;
    return codeValues[type][i % 2 === 0 ? byte >> 4 : byte & 15]! * absmax[Math.floor(i / blockSize)]!;
  });
}
