/**
 * AdamW (Loshchilov & Hutter 2019) with PyTorch's semantics: decoupled decay, bias correction outside the moments, eps outside the
 * corrected root. Gradients are clipped on the way in by the coefficient that grad-norm.ts left on the GPU; when that found the
 * norm not finite, parameters and moments stay untouched, and the caller must not count the step.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, f32, type Kernel, type Param, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./adamw.wgsl?raw";
import paramsCode from "./adamw-params.wgsl?raw";

const kernel: Kernel = {
  name: "adamw",
  code: compose(paramsCode, code),
  access: ["read", "read", "read_write", "read_write", "read_write"],
};

export interface AdamW<K extends string = string> {
  /** [count]; param, m and v are updated in place, `grad` lies in another buffer than they. */
  param: Tensor;
  grad: Tensor;
  m: Tensor;
  v: Tensor;
  count: Size<K>;
  /** `out` of `gradNorm`: [_, clipCoef, nonFiniteFlag, _]. */
  clip: Tensor;
  learningRate: Size<K>;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: Size<K>;
  /** 1 - beta1 ** t. */
  biasCorrection1: Size<K>;
  /** sqrt(1 - beta2 ** t). */
  biasCorrection2Sqrt: Size<K>;
}

/** The fields of adamw-params.wgsl. Scalars are formed in f64 here and rounded to f32 once, as PyTorch does. */
export function adamwParams<K extends string>(e: Omit<AdamW<K>, "m" | "v">): Param<K>[] {
  return [
    e.count,
    f32((dims) => 1 - evaluate(e.learningRate, dims) * evaluate(e.weightDecay, dims)),
    f32(e.beta1),
    f32(1 - e.beta1),
    f32(e.beta2),
    f32(1 - e.beta2),
    f32((dims) => evaluate(e.learningRate, dims) / evaluate(e.biasCorrection1, dims)),
    f32(e.biasCorrection2Sqrt),
    f32(e.eps),
  ];
}

/** One AdamW update. */
export function adamw<K extends string>(recorder: Recorder<K>, e: AdamW<K>): void {
  recorder.dispatch({
    kernel,
    tensors: [e.grad, e.clip, e.param, e.m, e.v],
    params: adamwParams(e),
    workgroups: linearGrid(e.count),
    flops: product(e.count, 16),
  });
}
