/** LoRA of one fused linear: y = x Wᵀ + scale * (x Aᵀ) Bᵀ, and the gradients of A and B (Hu et al. 2021, arXiv 2106.09685). */
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, type Recorder, type Size } from "../../gpu/program.ts";
import { type DropoutMask, dropout } from "../dropout/dropout.ts";
import { type LoraShape, linearParams, loraWidth, times } from "./common.wgsl.ts";
import { GRADIENT_TILE, GRADIENT_WORKGROUP, gradientKernel } from "./lora.wgsl.ts";

/** One or more projections that share their input, concatenated along `out` (q|k|v, gate|up). */
export interface LoraWeights extends LoraShape {
  /** [groups * rank, in] f32 */
  a: Tensor;
  /** [out, rank] f32 */
  b: Tensor;
}

/** Dropout of a fused linear's LoRA input. PEFT draws a mask for each of q, k and v; here linears with one input share its mask. */
export interface LoraDropout<K extends string = string> extends DropoutMask<K> {
  /** [rows, in] at least. */
  scratch: Tensor;
}

/** x as LoRA sees it: itself, or masked in the scratch. */
export function droppedInput<K extends string>(
  r: Recorder<K>,
  e: { x: Tensor; rows: Size<K>; size: number; dropout?: LoraDropout<K> | undefined },
): Tensor {
  if (!e.dropout) return e.x;
  dropout(r, { ...e.dropout, y: e.dropout.scratch, x: e.x, size: e.size, rows: e.rows });
  return e.dropout.scratch;
}

const widestGroup = ({ groupStarts }: LoraWeights, outSize: number): number =>
  Math.max(...groupStarts.map((start, g) => (groupStarts[g + 1] ?? outSize) - start));

export interface LoraGradients<K extends string = string> {
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
  dropout?: LoraDropout<K> | undefined;
  /** 0 overwrites (first micro-batch of a step), 1 adds. */
  accumulate: Size<K>;
  rows: Size<K>;
}

/** dB = scale * dyᵀ xa per group; dA = tᵀ x. Rows are summed in order, so the result does not depend on the device's scheduling. */
export function loraGradients<K extends string>(r: Recorder<K>, e: LoraGradients<K>): void {
  const { weights: lora, rows, accumulate } = e;
  const width = loraWidth(lora);
  const inSize = lora.a.length / width;
  const outSize = lora.b.length / lora.rank;
  const x = droppedInput(r, { ...e, size: inSize });
  r.dispatch({
    kernel: gradientKernel,
    tensors: [e.t, x, e.dA, e.dy, e.xa, e.dB],
    params: linearParams({ rows, outSize, inSize, accumulate, lora }),
    workgroups: [
      ceilDiv(Math.max(inSize, widestGroup(lora, outSize)), GRADIENT_TILE.columns * GRADIENT_WORKGROUP),
      ceilDiv(width, GRADIENT_TILE.ranks),
      1 + lora.groupStarts.length,
    ],
    flops: times(rows, 2 * (outSize * lora.rank + inSize * width)),
  });
}
