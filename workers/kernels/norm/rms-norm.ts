/**
 * RMSNorm as in Llama: x * rsqrt(mean(x²) + eps) * weight (Zhang & Sennrich 2019). The weight is frozen: backward gives dX only.
 * Tensors of one call must lie in different buffers where one is written.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import backwardCode from "./rms-norm-backward.wgsl?raw";
import forwardCode from "./rms-norm-forward.wgsl?raw";
import gatheredCode from "./row-gathered.wgsl?raw";
import itselfCode from "./row-itself.wgsl?raw";
import scatteredCode from "./row-scattered.wgsl?raw";
import sumCode from "./sum.wgsl?raw";

const forward: Kernel = {
  name: "rms-norm-forward",
  code: compose(sumCode, itselfCode, forwardCode),
  access: ["read_write", "read_write", "read", "read"],
};
const forwardGathered: Kernel = {
  name: "rms-norm-forward-indexed",
  code: compose(sumCode, gatheredCode, forwardCode),
  access: [...forward.access, "read"],
};
const backward: Kernel = {
  name: "rms-norm-backward",
  code: compose(sumCode, itselfCode, backwardCode),
  access: ["read_write", "read", "read", "read", "read"],
};
const backwardScattered: Kernel = {
  name: "rms-norm-backward-indexed",
  code: compose(sumCode, scatteredCode, backwardCode),
  access: [...backward.access, "read"],
};

export interface RmsNormForward<K extends string = string> {
  /** [rows, size], overwritten. */
  y: Tensor;
  /** [.., size]: row m of y comes from row xRow + m, or xRow + gather[m]. */
  x: Tensor;
  /** [size]. */
  weight: Tensor;
  /** [rows], overwritten: 1 / sqrt(mean(x²) + eps). */
  rstd: Tensor;
  size: number;
  eps: number;
  /** At most 65,535. */
  rows: Size<K>;
  /** Default 0. */
  xRow?: Size<K>;
  /** u32[rows]. */
  gather?: Tensor;
}

export interface RmsNormBackward<K extends string = string> {
  /** [.., size]: row m's gradient goes to row m, or scatter[m]; other rows stay as they are. */
  dx: Tensor;
  /** [rows, size]. */
  dy: Tensor;
  /** [.., size], read at the rows that dx is written at. */
  x: Tensor;
  weight: Tensor;
  /** [rows], from the forward pass. */
  rstd: Tensor;
  size: number;
  rows: Size<K>;
  /** 1: dx += gradient. 0: dx = gradient. */
  accumulate: Size<K>;
  /** u32[rows], each row at most once: the forward pass's `gather`. */
  scatter?: Tensor;
}

/** Records the forward pass: one dispatch. */
export function rmsNormForward<K extends string>(r: Recorder<K>, a: RmsNormForward<K>): void {
  r.dispatch({
    kernel: a.gather ? forwardGathered : forward,
    tensors: [a.y, a.rstd, a.x, a.weight, ...(a.gather ? [a.gather] : [])],
    params: [a.size, a.xRow ?? 0, f32(a.eps)],
    workgroups: [a.rows],
    flops: (dims) => 5 * evaluate(a.rows, dims) * a.size,
  });
}

/** Records the backward pass: one dispatch. */
export function rmsNormBackward<K extends string>(r: Recorder<K>, a: RmsNormBackward<K>): void {
  r.dispatch({
    kernel: a.scatter ? backwardScattered : backward,
    tensors: [a.dx, a.dy, a.x, a.weight, a.rstd, ...(a.scatter ? [a.scatter] : [])],
    params: [a.size, a.accumulate],
    workgroups: [a.rows],
    flops: (dims) => 9 * evaluate(a.rows, dims) * a.size,
  });
}
