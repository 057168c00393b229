/**
 * RMSNorm of each query and key head of a packed projection, before RoPE ("QK norm": Henry et al. 2020, "Query-Key Normalization for
 * Transformers"; transformers: models/qwen3/modeling_qwen3.py, Qwen3Attention). Heads of a kind share their weight, which is frozen.
 * The projection itself has to be kept: the way back reads it, and works out the scale of each head again.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import backwardCode from "./head-norm-backward.wgsl?raw";
import forwardCode from "./head-norm-forward.wgsl?raw";
import sumCode from "./sum.wgsl?raw";

const forward: Kernel = {
  name: "head-norm-forward",
  code: compose(sumCode, forwardCode),
  access: ["read_write", "read", "read", "read"],
};
const backward: Kernel = { ...forward, name: "head-norm-backward", code: compose(sumCode, backwardCode) };

export interface HeadNorm<K extends string = string> {
  /** [rows, (H + 2 KV) * D]: the projection, queries before keys before values. */
  x: Tensor;
  /** [D] each. */
  queryWeight: Tensor;
  keyWeight: Tensor;
  heads: number;
  kvHeads: number;
  headSize: number;
  eps: number;
  /** At most 65,535. */
  rows: Size<K>;
}

/** Records y = the projection with its query and key heads normalised; [rows, (H + 2 KV) * D], overwritten, another buffer than `x`. */
export function headNormForward<K extends string>(r: Recorder<K>, a: HeadNorm<K> & { y: Tensor }): void {
  record(r, forward, a.y, a.heads + 2 * a.kvHeads, 5, a);
}

/** Records the gradient: `dQkv` [rows, (H + 2 KV) * D] is that of y and becomes that of x. */
export function headNormBackward<K extends string>(r: Recorder<K>, a: HeadNorm<K> & { dQkv: Tensor }): void {
  record(r, backward, a.dQkv, a.heads + a.kvHeads, 11, a);
}

function record<K extends string>(
  r: Recorder<K>,
  kernel: Kernel,
  written: Tensor,
  groups: number,
  flops: number,
  { x, queryWeight, keyWeight, heads, kvHeads, headSize, eps, rows }: HeadNorm<K>,
): void {
  r.dispatch({
    kernel,
    tensors: [written, x, queryWeight, keyWeight],
    params: [heads, kvHeads, headSize, f32(eps)],
    workgroups: [groups, rows],
    flops: (dims) => flops * evaluate(rows, dims) * groups * headSize,
  });
}
