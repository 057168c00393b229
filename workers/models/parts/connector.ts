/**
 * The connector: the tower's rows -> rows of the decoder's width, and the way back to its LoRA, to its own weights where it is
 * trained in full, and to the tower. transformers: models/llava/modeling_llava.py, LlavaMultiModalProjector;
 * models/idefics3/modeling_idefics3.py, Idefics3Connector.
 */
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { geluBackward, geluForward } from "../../kernels/activation/gelu.ts";
import { linearBackwardInput, linearForward } from "../../kernels/linear/linear.ts";
import { linearWeightGradient } from "../../kernels/linear/weight-gradient.ts";
import { type BlendTable, blendRows, TAPS } from "../../kernels/rows/blend.ts";
import { copyRows, scatterRows } from "../../kernels/rows/copy.ts";
import { embeddingBackward } from "../../kernels/rows/embedding.ts";
import { type ConnectorConfig, patchesPerTile, type TowerConfig } from "../config.ts";
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

/** The linear in front of the activation, where there are two, and the one that gives the features. */
export type ConnectorLinear = "hidden" | "out";
type OfLinears<T> = { hidden?: T | undefined; out: T };
export type ConnectorWeights = OfLinears<AffineWeight>;
export type ConnectorLora = OfLinears<LoraLinear>;
/** Trained in full: these take the base's place. */
export type TrainedConnector = OfLinears<TrainedLinear>;

/** The linears; their modules lie below the connector's name. `hidden` is not there where there is one only. */
export function connectorLinears({
  inSize: towerSize,
  outSize,
  bias,
  modules,
  shuffle,
}: Omit<ConnectorConfig, "activation">): Linears<ConnectorLinear> {
  const inSize = towerSize * shuffle ** 2;
  const [first, second] = modules;
  const linears: OfLinears<Linears<"out">["out"]> = second
    ? {
        hidden: { inSize, parts: [[first, outSize]], bias },
        out: { inSize: outSize, parts: [[second, outSize]], bias },
      }
    : { out: { inSize, parts: [[first, outSize]], bias } };
  return linears as Linears<ConnectorLinear>;
}

export const connectorWeights = (build: WeightBuilder, c: ConnectorConfig): ConnectorWeights =>
  mapLinears(connectorLinears(c), (l, key) => build.linear(CONNECTOR, key, l, "multi_modal_projector"));

/** Scratch of the backward pass. */
export interface ConnectorGradients {
  /** i32: token row of each feature at hand, -1 for none. */
  featureRows: Tensor;
  /** Where tokens take sums of features: of each feature, the tokens that took it too, and with what weight. */
  blend: BlendTable | undefined;
  dFeatures: Tensor;
  /** Of two linears: behind and in front of the activation. */
  dActivated: Tensor;
  dProjected: Tensor;
  /** Of shuffled rows. */
  dShuffled: Tensor;
}

/** What rows that are shuffled need. */
interface ShuffleActivations {
  /** u32 [tower rows]: the tower's row of each shuffled one (`shuffleOrder`); to be written once. */
  order: Tensor;
  /** The tower's rows in that order; a feature's lie behind each other. */
  rows: Tensor;
}

/** Buffers of one pass over at most so many feature rows. */
export interface ConnectorActivations {
  shuffle: ShuffleActivations | undefined;
  /** Of two linears; xa is A x. */
  xaHidden: Tensor;
  projected: Tensor;
  /** GELU of projected; the same tensor where there is no backward. */
  activated: Tensor;
  xaOut: Tensor;
  gradients: ConnectorGradients | undefined;
}

/** To be written once, with `shuffleOrder`; for `rows` feature rows of a connector that shuffles. */
export const allocateOrder = (alloc: Allocator, { shuffle }: ConnectorConfig, rows: number): Tensor | undefined =>
  shuffle > 1 ? alloc.tensor("vision/order", rows * shuffle ** 2) : undefined;

/** `rank` of LoRA on the connector, 0 for none. */
export function allocateConnector(
  alloc: Allocator,
  config: ConnectorConfig,
  { rows, rank, backward, blends }: { rows: number; rank: number; backward: boolean; blends: boolean },
  order = allocateOrder(alloc, config, rows),
): ConnectorActivations {
  const { inSize, outSize: h, shuffle, modules } = config;
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  const shuffled = order ? rows * shuffle ** 2 * inSize : 0;
  const hidden = modules.length > 1 ? rows * h : 0;
  const projected = t("projected", hidden);
  return {
    shuffle: order && { order, rows: t("shuffled", shuffled) },
    xaHidden: t("xaHidden", rows * rank),
    projected,
    activated: backward ? t("activated", hidden) : projected,
    xaOut: t("xaOut", rows * rank),
    gradients: backward
      ? {
          featureRows: t("featureRows", rows),
          blend: blends ? { rows: t("blend rows", TAPS * rows), weights: t("blend weights", TAPS * rows) } : undefined,
          dFeatures: t("dFeatures", rows * h),
          dActivated: t("dActivated", hidden),
          dProjected: t("dProjected", hidden),
          dShuffled: t("dShuffled", shuffled),
        }
      : undefined,
  };
}

/**
 * The tower's row of each shuffled one, for `tiles` tiles: features row by row, and within a feature the rows of its square.
 * transformers: Idefics3Connector.pixel_shuffle.
 */
export function shuffleOrder(tower: TowerConfig, { shuffle }: ConnectorConfig, tiles: number): Uint32Array {
  const patches = patchesPerTile(tower);
  const side = Math.sqrt(patches);
  const square = shuffle ** 2;
  return Uint32Array.from({ length: tiles * patches }, (_, i) => {
    const [tile, inTile] = [Math.floor(i / patches), i % patches];
    const [feature, inside] = [Math.floor(inTile / square), inTile % square];
    const across = side / shuffle;
    const y = Math.floor(feature / across) * shuffle + Math.floor(inside / shuffle);
    const x = (feature % across) * shuffle + (inside % shuffle);
    return tile * patches + y * side + x;
  });
}

/** One pass. */
export interface ConnectorPass<K extends string> {
  config: ConnectorConfig;
  weights: ConnectorWeights;
  kept: ConnectorActivations;
  /** What the tower gave: [rows * shuffle², inSize]. */
  features: Tensor;
  lora: ConnectorLora | undefined;
  /** Takes the base's place. */
  trained: TrainedConnector | undefined;
  rows: Size<K>;
  /** In training; dims: step, firstTile. A tile has so many feature rows. */
  dropout: PassDropout<K> | undefined;
  rowsPerTile: number;
}

function connectorLora<K extends string>(p: ConnectorPass<K>): OfLinears<AdaptedLinear<K>> | undefined {
  const { lora } = p;
  if (!lora) return undefined;
  const at = (linear: LoraLinear, place: number): AdaptedLinear<K> => ({
    ...linear,
    dropout: dropoutAt(p.dropout, dropoutSites.projector + place, p.rowsPerTile),
  });
  return { hidden: lora.hidden && at(lora.hidden, 0), out: at(lora.out, 1) };
}

const times =
  <K extends string>(size: Size<K>, factor: number): Size<K> =>
  (d) =>
    evaluate(size, d) * factor;

/** features -> rows of `to` from `row` on. */
export function connectorForward<K extends string>(
  r: Recorder<K>,
  to: Tensor,
  row: Size<K>,
  p: ConnectorPass<K>,
): void {
  const { kept, rows, config } = p;
  const { hidden, out } = p.trained ?? p.weights;
  const l = connectorLora(p);
  let x = p.features;
  if (kept.shuffle) {
    const { order: gather, rows: y } = kept.shuffle;
    copyRows(r, { y, x, size: config.inSize, rows: times(rows, config.shuffle ** 2), gather });
    x = y;
  }
  if (hidden) {
    const { weight, bias } = hidden;
    linearForward(r, { y: kept.projected, x, weight, bias, lora: adapted(l?.hidden, kept.xaHidden), rows });
    const count = times(rows, config.outSize);
    geluForward(r, { y: kept.activated, x: kept.projected, kind: config.activation, count });
    x = kept.activated;
  }
  const { weight, bias } = out;
  linearForward(r, { y: to, x, weight, bias, lora: adapted(l?.out, kept.xaOut), rows, yRow: row });
}

/**
 * Backward of `connectorForward`: `dTokens` [token rows, h] is the gradient of the decoder's input, of which
 * `kept.gradients.featureRows` picks the rows of these features, and `blend` those of sums they are in. Weight and LoRA gradients are added to. `dx` takes the gradient of
 * the features, where the tower learns; `t`: scratch where LoRA is on the connector.
 */
export function connectorBackward<K extends string>(
  r: Recorder<K>,
  dTokens: Tensor,
  dx: Tensor | undefined,
  t: Tensor | undefined,
  p: ConnectorPass<K>,
): void {
  const { kept, rows, config } = p;
  const g = kept.gradients!;
  const lora = connectorLora(p);
  const linear = (name: ConnectorLinear, e: LinearBackward<K> & { xa: Tensor }): void => {
    const full = p.trained?.[name];
    if (!full) {
      adaptedBackward(r, lora![name]!, p.weights[name]!, { ...e, t: t! });
      return;
    }
    const { weight, dW, db } = full;
    if (e.dx) linearBackwardInput(r, { dx: e.dx, dy: e.dy, weight, rows });
    linearWeightGradient(r, { dW, db, dy: e.dy, x: e.x, out: weight.out, in: weight.in, accumulate: 1, rows });
  };
  const { featureRows, dFeatures } = g;
  embeddingBackward(r, { dFeatures, dy: dTokens, featureRows, size: config.outSize, features: rows });
  if (g.blend) {
    blendRows(r, { y: dFeatures, x: dTokens, table: g.blend, size: config.outSize, rows, accumulate: true });
  }
  const { shuffle } = kept;
  const input = shuffle?.rows ?? p.features;
  const dInput = dx && (shuffle ? g.dShuffled : dx);
  if (p.weights.hidden) {
    linear("out", { dx: g.dActivated, dy: dFeatures, x: kept.activated, xa: kept.xaOut, rows });
    const { dActivated: dy, dProjected } = g;
    const count = times(rows, config.outSize);
    geluBackward(r, { dx: dProjected, dy, x: kept.projected, kind: config.activation, count });
    linear("hidden", { dx: dInput, dy: dProjected, x: input, xa: kept.xaHidden, rows });
  } else {
    linear("out", { dx: dInput, dy: dFeatures, x: input, xa: kept.xaOut, rows });
  }
  if (dx && shuffle) {
    const all = times(rows, config.shuffle ** 2);
    scatterRows(r, { y: dx, x: g.dShuffled, index: shuffle.order, size: config.inSize, rows: all });
  }
}

/** FLOPs of a forward pass a feature row; two a multiply-add. */
export const connectorFlops = (c: ConnectorConfig): number => 2 * sumOf(connectorLinears(c), matrixParameters);
