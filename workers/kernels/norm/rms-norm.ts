/**
 * RMSNorm as in Llama: x * rsqrt(mean(x²) + eps) * weight (Zhang & Sennrich 2019). The weight is frozen: backward gives dX only.
 * Tensors of one call must lie in different buffers where one is written.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import backwardCode from "./rms-norm-backward.wgsl?raw";
import forwardCode from "./rms-norm-forward.wgsl?raw";
import sumCode from "./sum.wgsl?raw";

export interface RmsNormForward {
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
  rows: Size;
  /** Default 0. */
  xRow?: Size;
  /** u32[rows]. */
  gather?: Tensor;
}

export interface RmsNormBackward {
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
  rows: Size;
  /** 1: dx += gradient. 0: dx = gradient. */
  accumulate: Size;
  /** u32[rows], each row at most once: the forward pass's `gather`. */
  scatter?: Tensor;
}

/** Records the forward pass: one dispatch. */
export function rmsNormForward(r: Recorder, a: RmsNormForward): void {
  r.dispatch({
    kernel: indexed("rms-norm-forward", forwardCode, ["read_write", "read_write", "read", "read"], a.gather),
    tensors: [a.y, a.rstd, a.x, a.weight, ...(a.gather ? [a.gather] : [])],
    params: [a.size, a.xRow ?? 0, f32(a.eps)],
    workgroups: [a.rows],
    flops: (dims) => 5 * evaluate(a.rows, dims) * a.size,
  });
}

/** Records the backward pass: one dispatch. */
export function rmsNormBackward(r: Recorder, a: RmsNormBackward): void {
  r.dispatch({
    kernel: indexed("rms-norm-backward", backwardCode, ["read_write", "read", "read", "read", "read"], a.scatter),
    tensors: [a.dx, a.dy, a.x, a.weight, a.rstd, ...(a.scatter ? [a.scatter] : [])],
    params: [a.size, a.accumulate],
    workgroups: [a.rows],
    flops: (dims) => 9 * evaluate(a.rows, dims) * a.size,
  });
}

/** The kernel with a `source(m)`: through an index bound last, or m itself. */
function indexed(name: string, code: string, access: Kernel["access"], index: Tensor | undefined): Kernel {
  if (!index) return { name, code: `fn source(m: u32) -> u32 { return m; }\n${sumCode}${code}`, access };
  const lookup = `@group(0) @binding(${access.length + 1}) var<storage, read> index: array<u32>;
fn source(m: u32) -> u32 { return index[m]; }
`;
  return { name: `${name}-indexed`, code: lookup + sumCode + code, access: [...access, "read"] };
}
