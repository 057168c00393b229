/**
 * The global L2 norm of all gradients and the clip coefficient, as torch.nn.utils.clip_grad_norm_ has them. Both stay on the GPU:
 * AdamW reads the coefficient from the buffer, so that a step waits for no read-back.
 * Squares are summed in blocks of fixed order: no atomics, the same bits every time, and a relative error of a few 1e-7.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { compose } from "../compose.ts";
import { linearGrid } from "../elementwise.ts";
import finalCode from "./grad-norm-final.wgsl?raw";
import partialCode from "./grad-norm-partial.wgsl?raw";
import sumCode from "./grad-norm-sum.wgsl?raw";

const partial: Kernel = {
  name: "grad-norm-partial",
  code: compose(sumCode, partialCode),
  access: ["read", "read_write"],
};
const final: Kernel = { name: "grad-norm-final", code: compose(sumCode, finalCode), access: ["read", "read_write"] };

/** Elements that one workgroup sums. */
const BLOCK = 4096;

/** Words of scratch (`partials`) that gradients of these lengths need. */
export function gradNormPartials(lengths: number[]): number {
  return lengths.reduce((total, length) => total + ceilDiv(length, BLOCK), 0);
}

export interface GradNorm<K extends string = string> {
  /** Scratch, at least `gradNormPartials` words. */
  partials: Tensor;
  /** f32; all `length` elements of each count. */
  gradients: Tensor[];
  /** f32[4], overwritten: norm before clipping, clip coefficient, 1 if the norm is not finite (else 0), 0. */
  out: Tensor;
  /** Largest norm let through; 0 or infinity for no clipping. */
  maxNorm: Size<K>;
}

/**
 * out = [norm, min(1, maxNorm / (norm + 1e-6)), 0, 0]. When a gradient or the norm is not finite: [NaN, 0, 1, 0].
 * Squares below 1e-38 and sums above 3e38 leave the range of f32: the first count as zero, the second as not finite.
 */
export function gradNorm<K extends string>(
  recorder: Recorder<K>,
  { partials, gradients, out, maxNorm }: GradNorm<K>,
): void {
  let firstBlock = 0;
  for (const x of gradients) {
    const blocks = ceilDiv(x.length, BLOCK);
    recorder.dispatch({
      kernel: partial,
      tensors: [x, partials],
      params: [x.length, blocks, firstBlock],
      workgroups: linearGrid(blocks, 1),
      flops: 2 * x.length,
    });
    firstBlock += blocks;
  }
  recorder.dispatch({
    kernel: final,
    tensors: [partials, out],
    params: [firstBlock, f32((dims) => finiteOrZero(evaluate(maxNorm, dims)))],
    workgroups: [1],
    flops: firstBlock,
  });
}

/** WGSL cannot be trusted with an infinity, so "no bound" travels as 0. */
const finiteOrZero = (value: number): number => (Number.isFinite(value) ? value : 0);
