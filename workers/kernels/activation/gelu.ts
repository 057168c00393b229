/**
 * GELU in the three spellings of Hugging Face's ACT2FN (transformers, activations.py): CLIP's `quick_gelu` x sigmoid(1.702 x),
 * the projector's exact `gelu` x Phi(x), and `gelu_pytorch_tanh`.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import backwardCode from "./gelu-backward.wgsl?raw";
import forwardCode from "./gelu-forward.wgsl?raw";
import inPlaceCode from "./gelu-in-place.wgsl?raw";
import math from "./gelu-math.wgsl?raw";
import sigmoid from "./sigmoid.wgsl?raw";

/** Names as transformers has them. */
export type GeluKind = "quick_gelu" | "gelu" | "gelu_pytorch_tanh";

const KINDS: Record<GeluKind, number> = { quick_gelu: 0, gelu: 1, gelu_pytorch_tanh: 2 };
const forward: Kernel = {
  name: "gelu-forward",
  code: compose(sigmoid, math, forwardCode),
  access: ["read", "read_write"],
};
const inPlace: Kernel = { name: "gelu-in-place", code: compose(sigmoid, math, inPlaceCode), access: ["read_write"] };
const backward: Kernel = {
  name: "gelu-backward",
  code: compose(sigmoid, math, backwardCode),
  access: ["read", "read", "read_write"],
};

export interface GeluForward<K extends string = string> {
  /** [count], overwritten. May be the very object `x` (then x is lost to a backward), else another buffer than `x`. */
  y: Tensor;
  /** [count]. */
  x: Tensor;
  count: Size<K>;
  kind: GeluKind;
}

/** y = gelu(x); in place when `y === x`, by a kernel with one binding (a buffer cannot be bound to read and to write at once). */
export function geluForward<K extends string>(recorder: Recorder<K>, { y, x, count, kind }: GeluForward<K>): void {
  const same = y === x;
  recorder.dispatch({
    kernel: same ? inPlace : forward,
    tensors: same ? [y] : [x, y],
    params: [count, KINDS[kind]],
    workgroups: linearGrid(count),
    flops: product(count, 30),
  });
}

export interface GeluBackward<K extends string = string> {
  /** [count], overwritten; another buffer than `dy` and `x`. */
  dx: Tensor;
  dy: Tensor;
  /** [count], as given to the forward. */
  x: Tensor;
  count: Size<K>;
  kind: GeluKind;
}

/** dx = dy * gelu'(x). */
export function geluBackward<K extends string>(
  recorder: Recorder<K>,
  { dx, dy, x, count, kind }: GeluBackward<K>,
): void {
  recorder.dispatch({
    kernel: backward,
    tensors: [x, dy, dx],
    params: [count, KINDS[kind]],
    workgroups: linearGrid(count),
    flops: product(count, 45),
  });
}
