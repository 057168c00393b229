/**
 * Rows as weighted sums of up to four others: a map of features that is shrunk (torch.nn.functional.interpolate, bilinear), and with
 * the transposed sums its backward. A gather both ways: no two threads write the same place.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./blend.wgsl?raw";

const kernel: Kernel = { name: "blend", code, access: ["read", "read", "read", "read_write"] };

/** Rows that a sum takes at most. */
export const TAPS = 4;

/** The sums of so many rows. */
export interface BlendTable {
  /** i32 [rows, 4]: rows of x, those that count first, -1 behind them; a row without any stays as it is. */
  rows: Tensor;
  /** [rows, 4] */
  weights: Tensor;
}

export interface BlendRows<K extends string = string> {
  /** [rows, size]; written where the table has a sum. */
  y: Tensor;
  /** [.., size]; another buffer than `y`. */
  x: Tensor;
  table: BlendTable;
  size: number;
  rows: Size<K>;
  /** True: y += instead of =. */
  accumulate?: boolean;
}

/** y[i] = (accumulate ? y[i] : 0) + sum over k of weights[i, k] * x[rows[i, k]]. */
export function blendRows<K extends string>(
  recorder: Recorder<K>,
  { y, x, table, size, rows, accumulate = false }: BlendRows<K>,
): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel,
    tensors: [x, table.rows, table.weights, y],
    params: [size, count, accumulate ? 1 : 0],
    workgroups: linearGrid(count),
    flops: product(count, 2 * TAPS),
  });
}

/** Sums of rows, on the CPU. */
export interface Blend {
  /** [rows, 4], as in `BlendTable`. */
  rows: Int32Array<ArrayBuffer>;
  weights: Float32Array<ArrayBuffer>;
}

/** No sum for any of `count` rows. */
export const noBlend = (count: number): Blend => ({
  rows: new Int32Array(TAPS * count).fill(-1),
  weights: new Float32Array(TAPS * count),
});

/**
 * The same sums seen from rows `first` … `first + count` of x: what `blendRows` takes to bring a gradient back. Throws where a row
 * goes into more than four sums.
 */
export function transposed({ rows, weights }: Blend, first: number, count: number): Blend {
  const out = noBlend(count);
  const used = new Uint8Array(count);
  rows.forEach((row, i) => {
    const at = row - first;
    if (row < 0 || at < 0 || at >= count) return;
    if (used[at] === TAPS) throw new Error(`row ${row} goes into more than ${TAPS} sums`);
    const k = TAPS * at + used[at]!++;
    out.rows[k] = Math.floor(i / TAPS);
    out.weights[k] = weights[i]!;
  });
  return out;
}
