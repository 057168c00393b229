/** LoRA of one fused linear: y = x Wᵀ + scale * (x Aᵀ) Bᵀ, and the gradients of A and B (Hu et al. 2021, arXiv 2106.09685). */
import type { Tensor } from "../gpu/buffers.ts";
import { ceilDiv, evaluate, f32, type Param, type Recorder, type Size } from "../gpu/program.ts";
import { gradientAKernel, gradientBKernel } from "./linear-wgsl.ts";
import type { Weight } from "./weight.ts";

/** One or more projections that share their input, concatenated along `out` (q|k|v, gate|up). */
export interface LoraWeights {
  rank: number;
  scale: number;
  /** First column of each group (at most 3), multiples of 4: [0] for one projection. */
  groupStarts: number[];
  /** [groups * rank, in] f32 */
  a: Tensor;
  /** [out, rank] f32 */
  b: Tensor;
}

/** Width of xa and t. */
export const loraWidth = (l: LoraWeights): number => l.groupStarts.length * l.rank;

export interface LinearParams {
  code?: readonly number[];
  rows: Size;
  outSize: number;
  inSize: number;
  xRow?: Size;
  yRow?: Size;
  accumulate?: Size;
  lora?: LoraWeights;
  blockSize?: number;
}

/** The uniform of every kernel of the family, in the order of `struct Params`. */
export function linearParams(p: LinearParams): Param[] {
  const [, group1 = 0xffffffff, group2 = 0xffffffff] = p.lora?.groupStarts ?? [];
  return [
    ...Array.from({ length: 16 }, (_, i) => f32(p.code?.[i] ?? 0)),
    p.rows,
    p.outSize,
    p.inSize,
    p.xRow ?? 0,
    p.yRow ?? 0,
    p.accumulate ?? 0,
    p.lora?.rank ?? 0,
    group1,
    group2,
    p.lora ? loraWidth(p.lora) : 0,
    Math.log2(p.blockSize ?? 64),
    f32(p.lora?.scale ?? 0),
  ];
}

export const times = (rows: Size, factor: number): Size =>
  typeof rows === "number" ? rows * factor : (dims) => rows(dims) * factor;

export const groups = (rows: Size, size: number): Size =>
  typeof rows === "number" ? ceilDiv(rows, size) : (dims) => ceilDiv(evaluate(rows, dims), size);

export interface LoraGradients {
  /** [groups * rank, in] */
  dA: Tensor;
  /** [out, rank] */
  dB: Tensor;
  /** [rows, in] */
  x: Tensor;
  /** [rows, out] */
  dy: Tensor;
  /** [rows, groups * rank], from the forward pass. */
  xa: Tensor;
  /** [rows, groups * rank], from `linearBackwardInput`. */
  t: Tensor;
  weights: LoraWeights;
  /** 0 overwrites (first micro-batch of a step), 1 adds. */
  accumulate: Size;
  rows: Size;
}

/** dB = scale * dyᵀ xa per group; dA = tᵀ x. Rows are summed in order, so the result does not depend on the device's scheduling. */
export function loraGradients(r: Recorder, e: LoraGradients): void {
  const { weights: lora, rows, accumulate } = e;
  const width = loraWidth(lora);
  const inSize = lora.a.length / width;
  const outSize = lora.b.length / lora.rank;
  const params = linearParams({ rows, outSize, inSize, accumulate, lora });
  r.dispatch({
    kernel: gradientBKernel,
    tensors: [e.dy, e.xa, e.dB],
    params,
    workgroups: [ceilDiv(outSize / 4, 16), ceilDiv(lora.rank, 16)],
    flops: times(rows, 2 * outSize * lora.rank),
  });
  r.dispatch({
    kernel: gradientAKernel,
    tensors: [e.t, e.x, e.dA],
    params,
    workgroups: [ceilDiv(inSize / 4, 16), ceilDiv(width, 16)],
    flops: times(rows, 2 * inSize * width),
  });
}

/** Throws when a shape cannot be run by these kernels; `what` names the weight for the user. */
export function shapeProblem(weight: Weight): string | undefined {
  if (weight.out % 4 !== 0) return `its ${weight.out} outputs are not a multiple of 4`;
  const step = weight.format === "nf4" || weight.format === "fp4" ? 8 : 4;
  return weight.in % step === 0 ? undefined : `its ${weight.in} inputs are not a multiple of ${step}`;
}
