/** LoRA of one fused linear: y = x Wᵀ + scale * (x Aᵀ) Bᵀ, and the gradients of A and B (Hu et al. 2021, arXiv 2106.09685). */
import type { Tensor } from "../../gpu/buffers.ts";
import { ceilDiv, evaluate, f32, type Param, type Recorder, type Size } from "../../gpu/program.ts";
import { type DropoutMask, dropout } from "../dropout/dropout.ts";
import { GRADIENT_TILE, GRADIENT_WORKGROUP, gradientKernel } from "./lora.wgsl.ts";
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

/** Dropout of a fused linear's LoRA input. PEFT draws a mask for each of q, k and v; here linears with one input share its mask. */
export interface LoraDropout extends DropoutMask {
  /** [rows, in] at least. */
  scratch: Tensor;
}

/** x as LoRA sees it: itself, or masked in the scratch. */
export function droppedInput(
  r: Recorder,
  e: { x: Tensor; rows: Size; size: number; dropout?: LoraDropout | undefined },
): Tensor {
  if (!e.dropout) return e.x;
  dropout(r, { ...e.dropout, y: e.dropout.scratch, x: e.x, size: e.size, rows: e.rows });
  return e.dropout.scratch;
}

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
  /** outSize by default. */
  yStride?: number;
}

/** One to three groups, ascending from 0, at multiples of 4: what `struct Params` can say. */
const validGroups = (starts: number[]): boolean =>
  starts.length >= 1 &&
  starts.length <= 3 &&
  starts[0] === 0 &&
  starts.every((s, g) => s % 4 === 0 && (g === 0 || s > starts[g - 1]!));

/** The uniform of every kernel of the family, in the order of `struct Params`. */
export function linearParams(p: LinearParams): Param[] {
  if (p.lora && !validGroups(p.lora.groupStarts)) throw new Error(`LoRA groups start at ${p.lora.groupStarts}`);
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
    p.yStride ?? p.outSize,
  ];
}

export const times = (rows: Size, factor: number): Size =>
  typeof rows === "number" ? rows * factor : (dims) => rows(dims) * factor;

export const groups = (rows: Size, size: number): Size =>
  typeof rows === "number" ? ceilDiv(rows, size) : (dims) => ceilDiv(evaluate(rows, dims), size);

const widestGroup = ({ groupStarts }: LoraWeights, outSize: number): number =>
  Math.max(...groupStarts.map((start, g) => (groupStarts[g + 1] ?? outSize) - start));

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
  dropout?: LoraDropout | undefined;
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

/** Why a weight cannot be run by these kernels, or undefined. */
export function shapeProblem(weight: Weight): string | undefined {
  if (weight.out % 4 !== 0) return `its ${weight.out} outputs are not a multiple of 4`;
  if ("codes" in weight) {
    const { blockSize } = weight;
    if (blockSize < 32 || blockSize > 4096 || !Number.isInteger(Math.log2(blockSize))) {
      return `its 4-bit block size ${blockSize} is not a power of two from 32 to 4096`;
    }
  }
  const step = "codes" in weight ? 8 : 4;
  return weight.in % step === 0 ? undefined : `its ${weight.in} inputs are not a multiple of ${step}`;
}
