/**
 * The connector: the tower's features -> rows of the decoder's width, and the way back to its LoRA, to its own weights where it is
 * trained in full, and to the tower. transformers: models/llava/modeling_llava.py, LlavaMultiModalProjector.
 */
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { geluBackward, geluForward } from "../../kernels/activation/gelu.ts";
import { linearBackwardInput, linearForward } from "../../kernels/linear/linear.ts";
import { linearWeightGradient } from "../../kernels/linear/weight-gradient.ts";
import { embeddingBackward } from "../../kernels/rows/embedding.ts";
import type { ConnectorConfig } from "../config.ts";
import { CONNECTOR } from "../names.ts";
import type { AffineWeight, WeightBuilder } from "../weight-builder.ts";
import { type Linears, mapLinears, matrixParameters, sumOf } from "./linears.ts";
import {
  type AdaptedLinear,
  adapted,
  adaptedBackward,
  dropoutAt,
  dropoutSites,
  type LinearBackward,
  type LoraLinear,
  type PassDropout,
  type TrainedLinear,
} from "./lora.ts";

export type ConnectorLinear = "linear1" | "linear2";
export type ConnectorWeights = Record<ConnectorLinear, AffineWeight>;
export type ConnectorLora = Record<ConnectorLinear, LoraLinear>;
/** Trained in full: these take the base's place. */
export type TrainedConnector = Record<ConnectorLinear, TrainedLinear>;

/** The linears; their modules lie right below the connector's name. */
export const connectorLinears = ({
  inSize,
  outSize,
  bias,
}: Pick<ConnectorConfig, "inSize" | "outSize" | "bias">): Linears<ConnectorLinear> => ({
  linear1: { inSize, parts: [["linear_1", outSize]], bias },
  linear2: { inSize: outSize, parts: [["linear_2", outSize]], bias },
});

export const connectorWeights = (build: WeightBuilder, c: ConnectorConfig): ConnectorWeights =>
  mapLinears(connectorLinears(c), (l, key) => build.linear(CONNECTOR, key, l, "multi_modal_projector"));

/** Scratch of the backward pass. */
export interface ConnectorGradients {
  /** i32: token row of each feature at hand, -1 for none. */
  featureRows: Tensor;
  dFeatures: Tensor;
  dActivated: Tensor;
  dProjected: Tensor;
}

/** Buffers of one pass over at most so many feature rows. */
export interface ConnectorActivations {
  xa1: Tensor;
  projected: Tensor;
  /** GELU of projected; the same tensor where there is no backward. */
  activated: Tensor;
  xa2: Tensor;
  gradients: ConnectorGradients | undefined;
}

/** `rank` of LoRA on the connector, 0 for none. */
export function allocateConnector(
  alloc: Allocator,
  { outSize: h }: ConnectorConfig,
  { rows, rank, backward }: { rows: number; rank: number; backward: boolean },
): ConnectorActivations {
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  const projected = t("projected", rows * h);
  return {
    xa1: t("xa1", rows * rank),
    projected,
    activated: backward ? t("activated", rows * h) : projected,
    xa2: t("xa2", rows * rank),
    gradients: backward
      ? {
          featureRows: t("featureRows", rows),
          dFeatures: t("dFeatures", rows * h),
          dActivated: t("dActivated", rows * h),
          dProjected: t("dProjected", rows * h),
        }
      : undefined,
  };
}

/** One pass. */
export interface ConnectorPass<K extends string> {
  config: ConnectorConfig;
  weights: ConnectorWeights;
  kept: ConnectorActivations;
  /** What the tower gave: [rows, inSize]. */
  features: Tensor;
  lora: ConnectorLora | undefined;
  /** Takes the base's place. */
  trained: TrainedConnector | undefined;
  rows: Size<K>;
  /** In training; dims: step, firstTile. A tile has so many feature rows. */
  dropout: PassDropout<K> | undefined;
  rowsPerTile: number;
}

function connectorLora<K extends string>(p: ConnectorPass<K>): Record<ConnectorLinear, AdaptedLinear<K>> | undefined {
  const { lora } = p;
  if (!lora) return undefined;
  const at = (linear: ConnectorLinear, place: number): AdaptedLinear<K> => ({
    ...lora[linear],
    dropout: dropoutAt(p.dropout, dropoutSites.projector + place, p.rowsPerTile),
  });
  return { linear1: at("linear1", 0), linear2: at("linear2", 1) };
}

const valuesOf =
  <K extends string>({ rows, config }: ConnectorPass<K>): Size<K> =>
  (d) =>
    evaluate(rows, d) * config.outSize;

/** features -> rows of `to` from `row` on. */
export function connectorForward<K extends string>(
  r: Recorder<K>,
  to: Tensor,
  row: Size<K>,
  p: ConnectorPass<K>,
): void {
  const { kept, rows, features } = p;
  const { linear1, linear2 } = p.trained ?? p.weights;
  const l = connectorLora(p);
  const { weight, bias } = linear1;
  linearForward(r, { y: kept.projected, x: features, weight, bias, lora: adapted(l?.linear1, kept.xa1), rows });
  geluForward(r, { y: kept.activated, x: kept.projected, kind: p.config.activation, count: valuesOf(p) });
  linearForward(r, {
    ...{ y: to, x: kept.activated, weight: linear2.weight, bias: linear2.bias },
    ...{ lora: adapted(l?.linear2, kept.xa2), rows, yRow: row },
  });
}

/**
 * Backward of `connectorForward`: `dTokens` [token rows, h] is the gradient of the decoder's input, of which
 * `kept.gradients.featureRows` picks the rows of these features. Weight and LoRA gradients are added to. `dx` takes the gradient of
 * the features, where the tower learns; `t`: scratch where LoRA is on the connector.
 */
export function connectorBackward<K extends string>(
  r: Recorder<K>,
  dTokens: Tensor,
  dx: Tensor | undefined,
  t: Tensor | undefined,
  p: ConnectorPass<K>,
): void {
  const { kept, rows } = p;
  const g = kept.gradients!;
  const lora = connectorLora(p);
  const linear = (name: ConnectorLinear, e: LinearBackward<K> & { xa: Tensor }): void => {
    const full = p.trained?.[name];
    if (!full) {
      adaptedBackward(r, lora![name], p.weights[name], { ...e, t: t! });
      return;
    }
    const { weight, dW, db } = full;
    if (e.dx) linearBackwardInput(r, { dx: e.dx, dy: e.dy, weight, rows });
    linearWeightGradient(r, { dW, db, dy: e.dy, x: e.x, out: weight.out, in: weight.in, accumulate: 1, rows });
  };
  const { featureRows, dFeatures } = g;
  embeddingBackward(r, { dFeatures, dy: dTokens, featureRows, size: p.config.outSize, features: rows });
  linear("linear2", { dx: g.dActivated, dy: dFeatures, x: kept.activated, xa: kept.xa2, rows });
  const { dActivated: dy, dProjected } = g;
  geluBackward(r, { dx: dProjected, dy, x: kept.projected, kind: p.config.activation, count: valuesOf(p) });
  linear("linear1", { dx, dy: dProjected, x: p.features, xa: kept.xa1, rows });
}

/** FLOPs of a forward pass a row; two a multiply-add. */
export const connectorFlops = (c: ConnectorConfig): number => 2 * sumOf(connectorLinears(c), matrixParameters);
