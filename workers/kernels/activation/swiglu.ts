/** SwiGLU, the Llama MLP's activation (Shazeer 2020, "GLU variants improve transformer"): silu(gate) * up. */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import sigmoid from "./sigmoid.wgsl?raw";
import backwardCode from "./swiglu-backward.wgsl?raw";
import forwardCode from "./swiglu-forward.wgsl?raw";

const forward: Kernel = { name: "swiglu-forward", code: compose(sigmoid, forwardCode), access: ["read", "read_write"] };
const backward: Kernel = { name: "swiglu-backward", code: backwardCode, access: ["read", "read", "read_write"] };

export interface SwigluForward {
  /** [rows, F], overwritten. */
  y: Tensor;
  /** [rows, 2F]: gate first, then up. */
  gateUp: Tensor;
  /** F. */
  size: number;
  rows: Size;
}

/** y = silu(gate) * up. */
export function swigluForward(recorder: Recorder, { y, gateUp, size, rows }: SwigluForward): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: forward,
    tensors: [gateUp, y],
    params: [size, count],
    workgroups: linearGrid(count),
    flops: product(count, 8),
  });
}

export interface SwigluBackward {
  /** [rows, 2F], overwritten; another buffer than `gateUp`. */
  dGateUp: Tensor;
  /** [rows, F]. */
  dy: Tensor;
  /** [rows, 2F], as given to the forward. */
  gateUp: Tensor;
  size: number;
  rows: Size;
}

/** Gradient of `swigluForward` with respect to gate and up. */
export function swigluBackward(recorder: Recorder, { dGateUp, dy, gateUp, size, rows }: SwigluBackward): void {
  const count = product(rows, size);
  recorder.dispatch({
    kernel: backward,
    tensors: [gateUp, dy, dGateUp],
    params: [size, count],
    workgroups: linearGrid(count),
    flops: product(count, 14),
  });
}
