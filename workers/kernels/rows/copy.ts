/**
 * Moving rows: copy, gather, scatter, zero. Gather and scatter are each other's backward (the label rows of the head go one way,
 * their gradient comes back the other).
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import gatherCode from "./copy-gather.wgsl?raw";
import rowsCode from "./copy-rows.wgsl?raw";
import scatterCode from "./copy-scatter.wgsl?raw";
import zeroCode from "./copy-zero.wgsl?raw";

const rowsKernel: Kernel = { name: "copy-rows", code: rowsCode, access: ["read", "read_write"] };
const gatherKernel: Kernel = { name: "copy-gather", code: gatherCode, access: ["read", "read", "read_write"] };
const scatterKernel: Kernel = { name: "copy-scatter", code: scatterCode, access: ["read", "read", "read_write"] };
const zeroKernel: Kernel = { name: "copy-zero", code: zeroCode, access: ["read_write"] };

export interface CopyRows<K extends string = string> {
  /** [at least yRow + rows, size], overwritten; another buffer than `x`. */
  y: Tensor;
  /** [.., size] 32-bit words of any kind. */
  x: Tensor;
  size: number;
  rows: Size<K>;
  /** First row read; 0 if absent. */
  xRow?: Size<K>;
  /** First row written; 0 if absent. */
  yRow?: Size<K>;
  /** u32[rows]: row i comes from x[xRow + gather[i]] instead of x[xRow + i]. */
  gather?: Tensor;
}

/** y[yRow + i] = x[xRow + (gather ? gather[i] : i)] for i < rows. */
export function copyRows<K extends string>(
  recorder: Recorder<K>,
  { y, x, size, rows, xRow = 0, yRow = 0, gather }: CopyRows<K>,
): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: gather ? gatherKernel : rowsKernel,
    tensors: gather ? [x, gather, y] : [x, y],
    params: [size, count, xRow, yRow],
    workgroups: linearGrid(count),
    flops: count,
  });
}

export interface ScatterRows<K extends string = string> {
  /** [.., size]: rows not named by `index` stay as they are. */
  y: Tensor;
  /** [rows, size]; another buffer than `y`. */
  x: Tensor;
  /** u32[rows], all different. */
  index: Tensor;
  size: number;
  rows: Size<K>;
  /** True: y[index[i]] += x[i] instead of = x[i]. */
  accumulate?: boolean;
}

/** y[index[i]] = x[i] (or +=): the backward of a gather. */
export function scatterRows<K extends string>(
  recorder: Recorder<K>,
  { y, x, index, size, rows, accumulate = false }: ScatterRows<K>,
): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: scatterKernel,
    tensors: [x, index, y],
    params: [size, count, accumulate ? 1 : 0],
    workgroups: linearGrid(count),
    flops: count,
  });
}

/** Zeroes the first `count` words of `x`. */
export function zero<K extends string>(recorder: Recorder<K>, { x, count }: { x: Tensor; count: Size<K> }): void {
  recorder.dispatch({ kernel: zeroKernel, tensors: [x], params: [count], workgroups: linearGrid(count), flops: count });
}
