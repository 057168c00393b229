/**
 * The CLIP tower and the projector: normalised tiles -> image features for the language model, and, where they learn, the way back
 * to the LoRA matrices (the patch embedding stays frozen, so nothing goes further than the first layer's q|k|v), or to the
 * projector's own weights.
 * transformers: models/clip/modeling_clip.py (quick-GELU, `pre_layrnorm` is its spelling), models/llava/modeling_llava.py.
 */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../gpu/program.ts";
import { geluBackward, geluForward } from "../kernels/activation/gelu.ts";
import { attentionBackward, attentionForward } from "../kernels/attention/attention.ts";
import { linearBackwardInput, linearForward, loraDown } from "../kernels/linear/linear.ts";
import { type LoraDropout, loraGradients } from "../kernels/linear/lora.ts";
import { linearWeightGradient } from "../kernels/linear/weight-gradient.ts";
import { layerNormBackward, layerNormForward } from "../kernels/norm/layer-norm.ts";
import { dropClassBackward, dropClassForward, patchesForward, visionTokensForward } from "../kernels/picture/patch.ts";
import { copyRows } from "../kernels/rows/copy.ts";
import { embeddingBackward } from "../kernels/rows/embedding.ts";
import type { ActivationPolicy } from "./activations.ts";
import { featuresPerTile, type LlavaConfig, patchesPerTile } from "./config.ts";
import {
  dropoutSites,
  type LoraLinear,
  type LoraSettings,
  type PassDropout,
  type ProjectorLora,
  type TrainedProjector,
  type VisionLayerLora,
  type VisionLora,
} from "./lora.ts";
import type { AffineWeight, LlavaWeights, NormWeight } from "./weights.ts";

/** LayerNorm's output and what its backward needs. */
interface Normed {
  y: Tensor;
  mean: Tensor;
  rstd: Tensor;
}

/** What one layer's forward leaves for its backward. [rows, …]; rows are the tokens of all tiles, class tokens included. */
export interface VisionLayerActivations {
  x: Tensor;
  normed1: Normed;
  xaQkv: Tensor;
  qkv: Tensor;
  out: Tensor;
  lse: Tensor;
  xaOut: Tensor;
  x1: Tensor;
  normed2: Normed;
  xaFc1: Tensor;
  fc1: Tensor;
  /** GELU of fc1; the same tensor where there is no backward. */
  hidden: Tensor;
  xaFc2: Tensor;
}

/** Scratch of the projector's backward pass. */
export interface ProjectorGradients {
  /** i32: token row of each feature of the tiles at hand, -1 for none. */
  featureRows: Tensor;
  dFeatures: Tensor;
  dActivated: Tensor;
  dProjected: Tensor;
}

/** Scratch of the tower's backward pass, shared by all layers; `t` and `dropped` serve LoRA on the projector too. */
export interface TowerGradients {
  dTower: Tensor;
  dx: Tensor;
  dNormed: Tensor;
  dQkv: Tensor;
  dOut: Tensor;
  delta: Tensor;
  dHidden: Tensor;
  dFc1: Tensor;
  t: Tensor;
  /** With dropout: room for a masked input of any linear. */
  dropped: Tensor | undefined;
}

/** Buffers of one vision pass over at most `tiles` tiles. */
export interface VisionActivations {
  /** Layers keep only their input, and run forward a second time in the backward pass. */
  recompute: boolean;
  /** f32 [tiles, 3, S, S] */
  pixels: Tensor;
  patches: Tensor;
  embedded: Tensor;
  layers: VisionLayerActivations[];
  last: Tensor;
  /** [tiles * features, C]: what `hidden_states[vision_feature_layer]` gives after the class token is dropped. */
  features: Tensor;
  xa1: Tensor;
  projected: Tensor;
  /** GELU of projected; the same tensor where there is no backward. */
  activated: Tensor;
  xa2: Tensor;
  starts: Tensor;
  ends: Tensor;
  gradients: ProjectorGradients | undefined;
  /** None while the tower is frozen. */
  towerGradients: TowerGradients | undefined;
}

/**
 * `lora`: settings of an adapter that reaches these linears. `policy`: of a training pass with a way back to the pictures; a tower keeps
 * everything or nothing, and in f32: its passes are short.
 */
export function allocateVision(
  alloc: Allocator,
  config: LlavaConfig,
  tiles: number,
  { lora, policy }: { lora?: LoraSettings | undefined; policy?: ActivationPolicy | undefined } = {},
): VisionActivations {
  const { vision, text } = config;
  const { hiddenSize: c, intermediateSize: f, numHeads: heads } = vision;
  const h = text.hiddenSize;
  const adapted = lora?.targets === "all-linear";
  const rank = adapted ? lora.rank : 0;
  const patches = patchesPerTile(vision);
  const rows = tiles * (patches + 1);
  const features = tiles * featuresPerTile(config);
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  const norm = (name: string): Normed => ({
    y: t(name, rows * c),
    mean: t(`${name}.mean`, rows),
    rstd: t(`${name}.rstd`, rows),
  });
  const projectorBackward = policy !== undefined;
  const backward = adapted && projectorBackward;
  const recompute = backward && (policy.precision === "f16" || policy.keptLayers < config.visionLayersUsed);
  const make = (n: number, shared?: VisionLayerActivations): VisionLayerActivations => {
    const x = shared && !backward ? shared.x : t(`x.${n}`, rows * c);
    if (shared) return { ...shared, x };
    const normed1 = norm(`normed1.${n}`);
    const fc1 = t(`fc1.${n}`, rows * f);
    return {
      x,
      normed1,
      xaQkv: t(`xaQkv.${n}`, rows * 3 * rank),
      qkv: t(`qkv.${n}`, rows * 3 * c),
      out: t(`out.${n}`, rows * c),
      lse: t(`lse.${n}`, rows * heads),
      xaOut: t(`xaOut.${n}`, rows * rank),
      x1: t(`x1.${n}`, rows * c),
      normed2: backward ? norm(`normed2.${n}`) : normed1,
      xaFc1: t(`xaFc1.${n}`, rows * rank),
      fc1,
      hidden: backward ? t(`hidden.${n}`, rows * f) : fc1,
      xaFc2: t(`xaFc2.${n}`, rows * rank),
    };
  };
  const first = make(0);
  const layers = [first];
  for (let n = 1; n < config.visionLayersUsed; n++) layers.push(make(n, backward && !recompute ? undefined : first));
  const projected = t("projected", features * h);
  return {
    recompute,
    pixels: t("pixels", tiles * 3 * vision.imageSize ** 2),
    patches: t("patches", tiles * patches * 3 * vision.patchSize ** 2),
    embedded: t("embedded", tiles * patches * c),
    layers,
    last: backward ? t("x.last", rows * c) : first.x,
    features: t("features", features * c),
    xa1: t("xa1", features * rank),
    projected,
    activated: projectorBackward ? t("activated", features * h) : projected,
    xa2: t("xa2", features * rank),
    starts: t("starts", rows),
    ends: t("ends", rows),
    gradients: projectorBackward
      ? {
          featureRows: t("featureRows", features),
          dFeatures: t("dFeatures", features * h),
          dActivated: t("dActivated", features * h),
          dProjected: t("dProjected", features * h),
        }
      : undefined,
    towerGradients: backward
      ? {
          dTower: t("dTower", features * c),
          dx: t("dx", rows * c),
          dNormed: t("dNormed", rows * c),
          dQkv: t("dQkv", rows * 3 * c),
          dOut: t("dOut", rows * c),
          delta: t("delta", rows * heads),
          dHidden: t("dHidden", rows * f),
          dFc1: t("dFc1", rows * f),
          t: t("t", rows * 3 * rank),
          dropped: lora?.dropout && t("dropped", Math.max(rows * c, rows * f, features * h)),
        }
      : undefined,
  };
}

/** First and one-past-last row of each token's tile, for `starts` and `ends`: every tile attends to itself. */
export function tileBorders(config: LlavaConfig, tiles: number): { starts: Uint32Array; ends: Uint32Array } {
  const length = patchesPerTile(config.vision) + 1;
  const starts = Uint32Array.from({ length: tiles * length }, (_, i) => Math.floor(i / length) * length);
  return { starts, ends: starts.map((s) => s + length) };
}

/** What the passes below share. `tiles` is how many of the tiles are used. */
export interface VisionPass {
  config: LlavaConfig;
  weights: LlavaWeights;
  /** LoRA on the tower and the projector. */
  lora: VisionLora | undefined;
  /** Takes the place of the base's projector. */
  projector: TrainedProjector | undefined;
  tiles: Size;
  /** In training; dims: step, firstTile. */
  dropout?: PassDropout | undefined;
}

/** The mask of a linear's input; sites count linears, rows go on from the tiles that came before in this step. */
function dropoutAt(o: VisionPass, site: number, rowsPerTile: number): LoraDropout | undefined {
  return o.dropout && { ...o.dropout, site, firstRow: (d) => d.firstTile! * rowsPerTile };
}

/** A fused linear's LoRA in this pass. */
type PassLora = LoraLinear & { dropout: LoraDropout | undefined };

/** The adapter on layer `n`. */
function layerLora(o: VisionPass, n: number): Record<keyof VisionLayerLora, PassLora> | undefined {
  const layer = o.lora?.layers[n];
  if (!layer) return undefined;
  const perTile = patchesPerTile(o.config.vision) + 1;
  const at = (linear: keyof VisionLayerLora, place: number): PassLora => ({
    ...layer[linear],
    dropout: dropoutAt(o, dropoutSites.vision + 4 * n + place, perTile),
  });
  return { qkv: at("qkv", 0), out: at("out", 1), fc1: at("fc1", 2), fc2: at("fc2", 3) };
}

function projectorLora(o: VisionPass): Record<keyof ProjectorLora, PassLora> | undefined {
  const projector = o.lora?.projector;
  if (!projector) return undefined;
  const at = (linear: keyof ProjectorLora, place: number): PassLora => ({
    ...projector[linear],
    dropout: dropoutAt(o, dropoutSites.projector + place, featuresPerTile(o.config)),
  });
  return { linear1: at("linear1", 0), linear2: at("linear2", 1) };
}

const adapted = (l: PassLora | undefined, xa: Tensor) => l && { weights: l.weights, xa, dropout: l.dropout };

const times =
  (tiles: Size, perTile: number): Size =>
  (d) =>
    evaluate(tiles, d) * perTile;
const tokenRows = ({ config, tiles }: VisionPass): Size => times(tiles, patchesPerTile(config.vision) + 1);
const featureRows = ({ config, tiles }: VisionPass): Size => times(tiles, featuresPerTile(config));

function normForward(r: Recorder, o: VisionPass, x: Tensor, n: NormWeight, to: Normed): void {
  const { hiddenSize: size, layerNormEps: eps } = o.config.vision;
  layerNormForward(r, { ...to, x, weight: n.weight, bias: n.bias, size, eps, rows: tokenRows(o) });
}

/** Gradient of a LayerNorm's input, added to `dx`. */
function normBackward(r: Recorder, o: VisionPass, dx: Tensor, dy: Tensor, x: Tensor, n: NormWeight, of: Normed): void {
  const size = o.config.vision.hiddenSize;
  const { mean, rstd } = of;
  layerNormBackward(r, { dx, dy, x, weight: n.weight, mean, rstd, size, rows: tokenRows(o), accumulate: 1 });
}

function attentionShape({ config: { vision } }: VisionPass, v: VisionActivations) {
  const { numHeads: heads, hiddenSize } = vision;
  return { heads, kvHeads: heads, headSize: hiddenSize / heads, causal: false, starts: v.starts, ends: v.ends };
}

/** One layer, x -> next. `next` undefined stops before the last linear's wide half: all that recomputation needs. */
function visionLayerForward(
  r: Recorder,
  next: Tensor | undefined,
  v: VisionActivations,
  n: number,
  o: VisionPass,
): void {
  const { vision } = o.config;
  const a = v.layers[n]!;
  const w = o.weights.vision.layers[n]!;
  const l = layerLora(o, n);
  const rows = tokenRows(o);
  const linear = (
    y: Tensor,
    x: Tensor,
    { weight, bias }: AffineWeight,
    lora: PassLora | undefined,
    xa: Tensor,
    residual?: Tensor,
  ) => linearForward(r, { y, x, weight, bias, lora: adapted(lora, xa), rows, residual });
  normForward(r, o, a.x, w.norm1, a.normed1);
  linear(a.qkv, a.normed1.y, w.qkv, l?.qkv, a.xaQkv);
  attentionForward(r, { out: a.out, lse: a.lse, qkv: a.qkv, rows, ...attentionShape(o, v) });
  linear(a.x1, a.out, w.out, l?.out, a.xaOut, a.x);
  normForward(r, o, a.x1, w.norm2, a.normed2);
  linear(a.fc1, a.normed2.y, w.fc1, l?.fc1, a.xaFc1);
  geluForward(r, { y: a.hidden, x: a.fc1, kind: vision.activation, count: times(rows, vision.intermediateSize) });
  if (next) linear(next, a.hidden, w.fc2, l?.fc2, a.xaFc2, a.x1);
  else if (l) loraDown(r, { ...l.fc2, xa: a.xaFc2, x: a.hidden, rows });
}

/** pixels -> v.features */
export function towerForward(r: Recorder, v: VisionActivations, o: VisionPass): void {
  const { config, tiles } = o;
  const { vision } = config;
  const w = o.weights.vision;
  const c = vision.hiddenSize;
  const patches = patchesPerTile(vision);
  const first = v.layers[0]!;
  patchesForward(r, {
    y: v.patches,
    pixels: v.pixels,
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    images: tiles,
  });
  linearForward(r, { y: v.embedded, x: v.patches, weight: w.patch, rows: times(tiles, patches) });
  // The first layer's x1 is free until that layer runs.
  visionTokensForward(r, {
    y: first.x1,
    patches: v.embedded,
    classEmbedding: w.classEmbedding,
    positionEmbedding: w.positionEmbedding,
    size: c,
    patchesPerImage: patches,
    images: tiles,
  });
  normForward(r, o, first.x1, w.preNorm, { ...first.normed1, y: first.x });
  for (let n = 0; n < v.layers.length; n++) visionLayerForward(r, v.layers[n + 1]?.x ?? v.last, v, n, o);
  if (config.featureSelect === "default") {
    dropClassForward(r, { y: v.features, x: v.last, size: c, patchesPerImage: patches, images: tiles });
  } else {
    copyRows(r, { y: v.features, x: v.last, size: c, rows: tokenRows(o) });
  }
}

/** v.features -> `imageFeatures` rows from `row` on. */
export function projectorForward(
  r: Recorder,
  imageFeatures: Tensor,
  v: VisionActivations,
  o: VisionPass,
  row: Size,
): void {
  const h = o.config.text.hiddenSize;
  const rows = featureRows(o);
  const { linear1, linear2 } = o.projector ?? o.weights.projector;
  const l = projectorLora(o);
  linearForward(r, {
    y: v.projected,
    x: v.features,
    weight: linear1.weight,
    bias: linear1.bias,
    lora: adapted(l?.linear1, v.xa1),
    rows,
  });
  geluForward(r, { y: v.activated, x: v.projected, kind: o.config.projectorActivation, count: times(rows, h) });
  linearForward(r, {
    y: imageFeatures,
    x: v.activated,
    weight: linear2.weight,
    bias: linear2.bias,
    lora: adapted(l?.linear2, v.xa2),
    rows,
    yRow: row,
  });
}

/** What the backward of one linear reads and writes; without `dx`, what lies before it does not learn. */
interface LinearBackward {
  dx: Tensor | undefined;
  dy: Tensor;
  x: Tensor;
  rows: Size;
}

/** Gradients of a linear's LoRA, added to, and of its input. */
function adaptedBackward(
  r: Recorder,
  g: TowerGradients,
  { weights, dA, dB, dropout }: PassLora,
  { weight }: AffineWeight,
  { dx, dy, x, xa, rows }: LinearBackward & { xa: Tensor },
): void {
  linearBackwardInput(r, { dx: dx ?? x, dy, weight, lora: { weights, t: g.t, dropout }, rows, skipInput: !dx });
  loraGradients(r, { dA, dB, x, dy, xa, t: g.t, weights, dropout, accumulate: 1, rows });
}

/**
 * Backward of tower and projector for the tiles that the forward pass before it left in `v`: `dTokens` [token rows, h] is the gradient
 * of the language model's input, of which `v.gradients.featureRows` picks the rows of these tiles. Gradients are added to.
 */
export function visionBackward(r: Recorder, dTokens: Tensor, v: VisionActivations, o: VisionPass): void {
  const { config } = o;
  const { hiddenSize: size } = config.text;
  const g = v.gradients!;
  const tower = v.towerGradients;
  const features = featureRows(o);
  const lora = projectorLora(o);
  const linear = (name: keyof TrainedProjector, e: LinearBackward & { xa: Tensor }): void => {
    const full = o.projector?.[name];
    if (!full) {
      adaptedBackward(r, tower!, lora![name], o.weights.projector[name], e);
      return;
    }
    const { weight, dW, db } = full;
    if (e.dx) linearBackwardInput(r, { dx: e.dx, dy: e.dy, weight, rows: e.rows });
    linearWeightGradient(r, { dW, db, dy: e.dy, x: e.x, out: weight.out, in: weight.in, accumulate: 1, rows: e.rows });
  };
  embeddingBackward(r, { dFeatures: g.dFeatures, dy: dTokens, featureRows: g.featureRows, size, features });
  linear("linear2", { dx: g.dActivated, dy: g.dFeatures, x: v.activated, xa: v.xa2, rows: features });
  geluBackward(r, {
    dx: g.dProjected,
    dy: g.dActivated,
    x: v.projected,
    kind: config.projectorActivation,
    count: times(features, size),
  });
  linear("linear1", { dx: tower?.dTower, dy: g.dProjected, x: v.features, xa: v.xa1, rows: features });
  if (tower) towerBackward(r, tower, v, o);
}

/** Backward of `towerForward` from `g.dTower`. */
function towerBackward(r: Recorder, g: TowerGradients, v: VisionActivations, o: VisionPass): void {
  const { config, tiles } = o;
  const { vision } = config;
  const c = vision.hiddenSize;
  const rows = tokenRows(o);
  if (config.featureSelect === "default") {
    const patchesPerImage = patchesPerTile(vision);
    dropClassBackward(r, { dx: g.dx, dy: g.dTower, size: c, patchesPerImage, images: tiles });
  } else {
    copyRows(r, { y: g.dx, x: g.dTower, size: c, rows });
  }
  for (let n = v.layers.length - 1; n >= 0; n--) {
    const a = v.layers[n]!;
    const w = o.weights.vision.layers[n]!;
    const l = layerLora(o, n)!;
    if (v.recompute && n < v.layers.length - 1) visionLayerForward(r, undefined, v, n, o);
    adaptedBackward(r, g, l.fc2, w.fc2, { dx: g.dHidden, dy: g.dx, x: a.hidden, xa: a.xaFc2, rows });
    geluBackward(r, {
      dx: g.dFc1,
      dy: g.dHidden,
      x: a.fc1,
      kind: vision.activation,
      count: times(rows, vision.intermediateSize),
    });
    adaptedBackward(r, g, l.fc1, w.fc1, { dx: g.dNormed, dy: g.dFc1, x: a.normed2.y, xa: a.xaFc1, rows });
    normBackward(r, o, g.dx, g.dNormed, a.x1, w.norm2, a.normed2);
    adaptedBackward(r, g, l.out, w.out, { dx: g.dOut, dy: g.dx, x: a.out, xa: a.xaOut, rows });
    attentionBackward(r, {
      dQkv: g.dQkv,
      dOut: g.dOut,
      out: a.out,
      lse: a.lse,
      delta: g.delta,
      qkv: a.qkv,
      rows,
      ...attentionShape(o, v),
    });
    const dNormed = n > 0 ? g.dNormed : undefined;
    adaptedBackward(r, g, l.qkv, w.qkv, { dx: dNormed, dy: g.dQkv, x: a.normed1.y, xa: a.xaQkv, rows });
    if (n > 0) normBackward(r, o, g.dx, g.dNormed, a.x, w.norm1, a.normed1);
  }
}

/** The last row of the feature table holds `image_newline` (LLaVA-NeXT). */
export const newlineRow = ({ buffer, offset }: Tensor, capacity: number, hiddenSize: number): Tensor => ({
  // It is copied to and read through the table, never bound: it may begin anywhere.
  buffer,
  offset: offset + 4 * capacity * hiddenSize,
  length: hiddenSize,
});
