/**
 * LayerNorm (Ba et al. 2016) with frozen weight and bias: backward gives dX only.
 * Tensors of one call must lie in different buffers where one is written.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, f32, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import backwardCode from "./layer-norm-backward.wgsl?raw";
import forwardCode from "./layer-norm-forward.wgsl?raw";
import sumCode from "./sum.wgsl?raw";

export interface LayerNormForward<K extends string = string> {
  /** [rows, size], overwritten. */
  y: Tensor;
  /** [rows, size]. */
  x: Tensor;
  /** [size] each. */
  weight: Tensor;
  bias: Tensor;
  /** [rows] each, overwritten: mean, and 1 / sqrt(biased variance + eps). */
  mean: Tensor;
  rstd: Tensor;
  size: number;
  eps: number;
  /** At most 65,535. */
  rows: Size<K>;
}

export interface LayerNormBackward<K extends string = string> {
  /** [rows, size]. */
  dx: Tensor;
  dy: Tensor;
  x: Tensor;
  /** [size]. */
  weight: Tensor;
  /** [rows] each, from the forward pass. */
  mean: Tensor;
  rstd: Tensor;
  size: number;
  rows: Size<K>;
  /** 1: dx += gradient. 0: dx = gradient. */
  accumulate: Size<K>;
}

/** Records the forward pass: one dispatch. */
export function layerNormForward<K extends string>(r: Recorder<K>, a: LayerNormForward<K>): void {
  r.dispatch({
    kernel: {
      name: "layer-norm-forward",
      code: compose(sumCode, forwardCode),
      access: ["read_write", "read_write", "read_write", "read", "read", "read"],
    },
    tensors: [a.y, a.mean, a.rstd, a.x, a.weight, a.bias],
    params: [a.size, f32(a.eps)],
    workgroups: [a.rows],
    flops: (dims) => 8 * evaluate(a.rows, dims) * a.size,
  });
}

/** Records the backward pass: one dispatch. */
export function layerNormBackward<K extends string>(r: Recorder<K>, a: LayerNormBackward<K>): void {
  r.dispatch({
    kernel: {
      name: "layer-norm-backward",
      code: compose(sumCode, backwardCode),
      access: ["read_write", "read", "read", "read", "read", "read"],
    },
    tensors: [a.dx, a.dy, a.x, a.weight, a.mean, a.rstd],
    params: [a.size, a.accumulate],
    workgroups: [a.rows],
    flops: (dims) => 13 * evaluate(a.rows, dims) * a.size,
  });
}
