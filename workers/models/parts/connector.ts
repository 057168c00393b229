/**
 * The connector: the tower's rows -> rows of the decoder's width, and the way back to its LoRA, to its own weights where it is
 * trained in full, and to the tower. transformers: models/llava/modeling_llava.py, LlavaMultiModalProjector;
 * models/idefics3/modeling_idefics3.py, Idefics3Connector; models/qwen3_vl/modeling_qwen3_vl.py, Qwen3VLVisionPatchMerger.
 */
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { geluBackward, geluForward } from "../../kernels/activation/gelu.ts";
import { linearBackwardInput, linearForward } from "../../kernels/linear/linear.ts";
import { linearWeightGradient } from "../../kernels/linear/weight-gradient.ts";
import { type BlendTable, blendRows, TAPS } from "../../kernels/rows/blend.ts";
import { embeddingBackward } from "../../kernels/rows/embedding.ts";
import type { ConnectorConfig } from "../config.ts";
import { CONNECTOR } from "../names.ts";
import type { AffineWeight, NormWeight, WeightBuilder } from "../weight-builder.ts";
import {
  allocateInput,
  type ConnectorInput,
  type ConnectorInputPass,
  inputBackward,
  inputForward,
  normSize,
} from "./connector-input.ts";
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
export type ConnectorWeights = OfLinears<AffineWeight> & { norm?: NormWeight | undefined };
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
  hiddenSize = outSize,
}: Omit<ConnectorConfig, "activation">): Linears<ConnectorLinear> {
  const inSize = towerSize * shuffle ** 2;
  const [first, second] = modules;
  const linears: OfLinears<Linears<"out">["out"]> = second
    ? {
        hidden: { inSize, parts: [[first, hiddenSize]], bias },
        out: { inSize: hiddenSize, parts: [[second, outSize]], bias },
      }
    : { out: { inSize, parts: [[first, outSize]], bias } };
  return linears as Linears<ConnectorLinear>;
}

/** `base`: the module that they lie below. */
export function connectorWeights(build: WeightBuilder, c: ConnectorConfig, base = CONNECTOR): ConnectorWeights {
  const size = normSize(c);
  return {
    ...(size ? { norm: build.layerNorm(`${base}.norm`, size) } : {}),
    ...mapLinears(connectorLinears(c), (l, key) => build.linear(base, key, l, "multi_modal_projector")),
  };
}

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
}

/** Buffers of one pass over at most so many feature rows. */
export interface ConnectorActivations {
  input: ConnectorInput;
  /** Of two linears; xa is A x. */
  xaHidden: Tensor;
  projected: Tensor;
  /** GELU of projected; the same tensor where there is no backward. */
  activated: Tensor;
  xaOut: Tensor;
  gradients: ConnectorGradients | undefined;
}

/** `rank` of LoRA on the connector, 0 for none. `order`: of `allocateOrder`. */
export function allocateConnector(
  alloc: Allocator,
  config: ConnectorConfig,
  { rows, rank, backward, blends }: { rows: number; rank: number; backward: boolean; blends: boolean },
  order: Tensor | undefined,
): ConnectorActivations {
  const { outSize: h, modules, hiddenSize = h } = config;
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  const hidden = modules.length > 1 ? rows * hiddenSize : 0;
  const projected = t("projected", hidden);
  return {
    input: allocateInput(alloc, config, { rows, backward }, order),
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
        }
      : undefined,
  };
}

/** Whether what is allocated for a forward pass of `other` does for one of `c`. */
export const fitsIn = (c: ConnectorConfig, other: ConnectorConfig): boolean =>
  (["inSize", "outSize", "shuffle", "hiddenSize"] as const).every((size) => c[size] === other[size]) &&
  c.modules.length === other.modules.length &&
  // Narrower rows are more of them.
  (normSize(other) ?? Number.POSITIVE_INFINITY) <= (normSize(c) ?? Number.POSITIVE_INFINITY);

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
  /** Dropout site of the first linear. */
  site?: number;
}

function connectorLora<K extends string>(p: ConnectorPass<K>): OfLinears<AdaptedLinear<K>> | undefined {
  const { lora } = p;
  if (!lora) return undefined;
  const at = (linear: LoraLinear, place: number): AdaptedLinear<K> => ({
    ...linear,
    dropout: dropoutAt(p.dropout, (p.site ?? dropoutSites.projector) + place, p.rowsPerTile),
  });
  return { hidden: lora.hidden && at(lora.hidden, 0), out: at(lora.out, 1) };
}

const times =
  <K extends string>(size: Size<K>, factor: number): Size<K> =>
  (d) =>
    evaluate(size, d) * factor;

const inputPass = <K extends string>(p: ConnectorPass<K>): ConnectorInputPass<K> => ({
  ...{ config: p.config, norm: p.weights.norm, kept: p.kept.input, features: p.features, rows: p.rows },
});

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
  let x = inputForward(r, inputPass(p));
  if (hidden) {
    const { weight, bias } = hidden;
    linearForward(r, { y: kept.projected, x, weight, bias, lora: adapted(l?.hidden, kept.xaHidden), rows });
    const count = times(rows, weight.out);
    geluForward(r, { y: kept.activated, x: kept.projected, kind: config.activation, count });
    x = kept.activated;
  }
  const { weight, bias } = out;
  linearForward(r, { y: to, x, weight, bias, lora: adapted(l?.out, kept.xaOut), rows, yRow: row });
}

/**
 * Backward of `connectorForward`: `dTokens` [token rows, h] is the gradient of the rows that took the features, of which
 * `kept.gradients.featureRows` picks those of these features, and `blend` those of sums they are in. Weight and LoRA gradients are added to.
 * `dx.to` takes the gradient of the features, where the tower learns, added to what is there where it `adds`; `t`: scratch where LoRA is
 * on the connector.
 */
export function connectorBackward<K extends string>(
  r: Recorder<K>,
  dTokens: Tensor,
  dx: { to: Tensor | undefined; adds: boolean },
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
  const input = inputBackward(r, dx, inputPass(p));
  if (p.weights.hidden) {
    linear("out", { dx: g.dActivated, dy: dFeatures, x: kept.activated, xa: kept.xaOut, rows });
    const { dActivated: dy, dProjected } = g;
    const count = times(rows, p.weights.hidden.weight.out);
    geluBackward(r, { dx: dProjected, dy, x: kept.projected, kind: config.activation, count });
    linear("hidden", { dx: input.dx, dy: dProjected, x: input.x, xa: kept.xaHidden, rows });
  } else {
    linear("out", { dx: input.dx, dy: dFeatures, x: input.x, xa: kept.xaOut, rows });
  }
  input.record();
}

/** FLOPs of a forward pass a feature row; two a multiply-add. */
export const connectorFlops = (c: ConnectorConfig): number => 2 * sumOf(connectorLinears(c), matrixParameters);
