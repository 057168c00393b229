/** LoRA as the parts of a model see it: settings, one linear's matrices and mask in one pass, and the way back to them. */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
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

/** What a training pass knows of dropout: all but the site of a linear. */
export interface PassDropout<K extends string> extends Omit<LoraDropout<K>, "site" | "firstRow"> {
  /** What the step's earlier passes had, which masks count on from: tokens for the decoder, tiles for tower and connector. */
  first: Size<K>;
}

/** Of a pass with room for a masked input; undefined where nothing is dropped. */
export const passDropout = <K extends string>(
  settings: LoraSettings | undefined,
  scratch: Tensor | undefined,
  at: { step: Size<K>; first: Size<K> },
): PassDropout<K> | undefined => settings?.dropout && scratch && { ...settings.dropout, scratch, ...at };

/** The mask of a tower's or connector's linear, whose tiles have so many rows. */
export function dropoutAt<K extends string>(
  dropout: PassDropout<K> | undefined,
  site: number,
  rowsPerTile: number,
): LoraDropout<K> | undefined {
  if (!dropout) return undefined;
  const { first, ...rest } = dropout;
  return { ...rest, site, firstRow: (d) => evaluate(first, d) * rowsPerTile };
}

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

/** A fused linear's LoRA in one pass. */
export type AdaptedLinear<K extends string> = LoraLinear & { dropout: LoraDropout<K> | undefined };

/** As the forward kernels take it; `xa` takes A x. */
export const adapted = <K extends string>(l: AdaptedLinear<K> | undefined, xa: Tensor) =>
  l && { weights: l.weights, xa, dropout: l.dropout };

/** What the backward of one linear reads and writes; without `dx`, what lies before it does not learn. */
export interface LinearBackward<K extends string> {
  dx: Tensor | undefined;
  dy: Tensor;
  x: Tensor;
  rows: Size<K>;
}

/** Gradients of a linear's LoRA, added to, and of its input. `t`: scratch [rows, parts * rank]. */
export function adaptedBackward<K extends string>(
  r: Recorder<K>,
  { weights, dA, dB, dropout }: AdaptedLinear<K>,
  { weight }: AffineWeight,
  { dx, dy, x, xa, t, rows }: LinearBackward<K> & { xa: Tensor; t: Tensor },
): void {
  linearBackwardInput(r, { dx: dx ?? x, dy, weight, lora: { weights, t, dropout }, rows, skipInput: !dx });
  loraGradients(r, { dA, dB, x, dy, xa, t, weights, dropout, accumulate: 1, rows });
}
