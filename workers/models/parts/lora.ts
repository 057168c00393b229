/** LoRA as the parts of a model see it: settings, one linear's matrices and mask in one pass, and the way back to them. */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Recorder, Size } from "../../gpu/program.ts";
import { linearBackwardInput } from "../../kernels/linear/linear.ts";
import { type LoraDropout, type LoraWeights, loraGradients } from "../../kernels/linear/lora.ts";
import type { DenseWeight } from "../../kernels/linear/weight.ts";
import type { AffineWeight } from "../weight-builder.ts";

export interface LoraSettings {
  rank: number;
  alpha: number;
  useRslora: boolean;
  /** "all-linear" adapts the vision tower and the projector too; default "language-model". */
  targets?: "language-model" | "all-linear";
  /** The projector itself learns, in f32 and without LoRA (PEFT: modules_to_save ["multi_modal_projector"]). */
  trainProjector?: boolean;
  /** In training only. */
  dropout?: { rate: number; seed: number } | undefined;
}

/** First dropout site of each part of the model; sites count its linears. */
export const dropoutSites = { language: 0, vision: 0x10000, projector: 0x20000 } as const;

/** What a training pass knows of dropout: all but the site. dims: step, firstRow. */
export type PassDropout = Omit<LoraDropout, "site">;

export const passDropout = (settings: LoraSettings | undefined, scratch: Tensor | undefined): PassDropout | undefined =>
  settings?.dropout && scratch && { ...settings.dropout, scratch, step: (d) => d.step!, firstRow: (d) => d.firstRow! };

/** The mask of a tower's or connector's linear: rows go on from the tiles that came before in this step (dim firstTile). */
export const dropoutAt = (
  dropout: PassDropout | undefined,
  site: number,
  rowsPerTile: number,
): LoraDropout | undefined => dropout && { ...dropout, site, firstRow: (d) => d.firstTile! * rowsPerTile };

/** LoRA of one fused linear: matrices for the kernels, and the same places in the gradient slab. */
export interface LoraLinear {
  weights: LoraWeights;
  dA: Tensor;
  dB: Tensor;
}

/** A linear that is trained in full: it takes the base's place. */
export interface TrainedLinear {
  weight: DenseWeight;
  bias: Tensor | undefined;
  dW: Tensor;
  db: Tensor | undefined;
}

/** alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (PEFT: tuners/lora/layer.py). */
export const loraScale = (s: LoraSettings): number => (s.useRslora ? s.alpha / Math.sqrt(s.rank) : s.alpha / s.rank);

/** A fused linear's LoRA in one pass. */
export type AdaptedLinear = LoraLinear & { dropout: LoraDropout | undefined };

/** As the forward kernels take it; `xa` takes A x. */
export const adapted = (l: AdaptedLinear | undefined, xa: Tensor) =>
  l && { weights: l.weights, xa, dropout: l.dropout };

/** What the backward of one linear reads and writes; without `dx`, what lies before it does not learn. */
export interface LinearBackward {
  dx: Tensor | undefined;
  dy: Tensor;
  x: Tensor;
  rows: Size;
}

/** Gradients of a linear's LoRA, added to, and of its input. `t`: scratch [rows, parts * rank]. */
export function adaptedBackward(
  r: Recorder,
  { weights, dA, dB, dropout }: AdaptedLinear,
  { weight }: AffineWeight,
  { dx, dy, x, xa, t, rows }: LinearBackward & { xa: Tensor; t: Tensor },
): void {
  linearBackwardInput(r, { dx: dx ?? x, dy, weight, lora: { weights, t, dropout }, rows, skipInput: !dx });
  loraGradients(r, { dA, dB, x, dy, xa, t, weights, dropout, accumulate: 1, rows });
}
