/** SwiGLU, the Llama MLP's activation (Shazeer 2020, "GLU variants improve transformer"): silu(gate) * up. */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import sigmoid from "./sigmoid.wgsl?raw";
import backwardCode from "./swiglu-backward.wgsl?raw";
import forwardCode from "./swiglu-forward.wgsl?raw";

const forward: Kernel = { name: "swiglu-forward", code: compose(sigmoid, forwardCode), access: ["read", "read_write"] };
const backward: Kernel = { name: "swiglu-backward", code: backwardCode, access: ["read", "read_write"] };

export interface SwigluForward<K extends string = string> {
  /** [rows, F], overwritten. */
  y: Tensor;
  /** [rows, 2F]: gate first, then up. */
  gateUp: Tensor;
  /** F. */
  size: number;
  rows: Size<K>;
}

/** y = silu(gate) * up. */
export function swigluForward<K extends string>(
  recorder: Recorder<K>,
  { y, gateUp, size, rows }: SwigluForward<K>,
): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: forward,
    tensors: [gateUp, y],
    params: [size, count],
    workgroups: linearGrid(count),
    flops: product(count, 8),
  });
}

export interface SwigluBackward<K extends string = string> {
  /** [rows, F]. */
  dy: Tensor;
  /** [rows, 2F], as given to the forward; overwritten with its gradient, because nothing reads it after this. */
  gateUp: Tensor;
  size: number;
  rows: Size<K>;
}

/** Gradient of `swigluForward` with respect to gate and up, in their place. */
export function swigluBackward<K extends string>(
  recorder: Recorder<K>,
  { dy, gateUp, size, rows }: SwigluBackward<K>,
): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: backward,
    tensors: [dy, gateUp],
    params: [size, count],
    workgroups: linearGrid(count),
    flops: product(count, 14),
  });
}
