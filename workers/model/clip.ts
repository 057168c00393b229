/**
 * The frozen CLIP tower and the projector: u8 tiles -> image features for the language model.
 * transformers: models/clip/modeling_clip.py (quick-GELU, `pre_layrnorm` is its spelling), models/llava/modeling_llava.py.
 */
import { type Allocator, type Tensor, view } from "../gpu/buffers.ts";
import type { Dims, Recorder, Size } from "../gpu/program.ts";
import { attentionForward } from "../kernels/attention.ts";
import { copyRows } from "../kernels/copy.ts";
import { geluForward } from "../kernels/gelu.ts";
import { layerNormForward } from "../kernels/layer-norm.ts";
import { linearForward } from "../kernels/linear.ts";
import { dropClassForward, patchesForward, visionTokensForward } from "../kernels/patch.ts";
import { featuresPerTile, type LlavaConfig, patchesPerTile } from "./config.ts";
import type { LlavaWeights, NormWeight } from "./weights.ts";

/** Buffers of one vision pass over at most `tiles` tiles. */
export interface VisionActivations {
  /** f32 [tiles, 3, S, S] */
  pixels: Tensor;
  patches: Tensor;
  embedded: Tensor;
  a: Tensor;
  b: Tensor;
  normed: Tensor;
  qkv: Tensor;
  out: Tensor;
  lse: Tensor;
  mlp: Tensor;
  mean: Tensor;
  rstd: Tensor;
  /** [tiles * features, C]: what `hidden_states[vision_feature_layer]` gives after the class token is dropped. */
  features: Tensor;
  projected1: Tensor;
  starts: Tensor;
  ends: Tensor;
}

export function allocateVision(alloc: Allocator, config: LlavaConfig, tiles: number): VisionActivations {
  const { vision, text } = config;
  const c = vision.hiddenSize;
  const patches = patchesPerTile(vision);
  const rows = tiles * (patches + 1);
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  return {
    pixels: t("pixels", tiles * 3 * vision.imageSize ** 2),
    patches: t("patches", tiles * patches * 3 * vision.patchSize ** 2),
    embedded: t("embedded", tiles * patches * c),
    a: t("a", rows * c),
    b: t("b", rows * c),
    normed: t("normed", rows * c),
    qkv: t("qkv", rows * 3 * c),
    out: t("out", rows * c),
    lse: t("lse", rows * vision.numHeads),
    mlp: t("mlp", rows * vision.intermediateSize),
    mean: t("mean", rows),
    rstd: t("rstd", rows),
    features: t("features", tiles * featuresPerTile(config) * c),
    projected1: t("projected1", tiles * featuresPerTile(config) * text.hiddenSize),
    starts: t("starts", rows),
    ends: t("ends", rows),
  };
}

/** First and one-past-last row of each token's tile, for `starts` and `ends`: every tile attends to itself. */
export function tileBorders(config: LlavaConfig, tiles: number): { starts: Uint32Array; ends: Uint32Array } {
  const length = patchesPerTile(config.vision) + 1;
  const starts = Uint32Array.from({ length: tiles * length }, (_, i) => Math.floor(i / length) * length);
  return { starts, ends: starts.map((s) => s + length) };
}

/** pixels -> v.features. `tiles` is how many of the tiles are used. */
export function towerForward(
  r: Recorder,
  v: VisionActivations,
  config: LlavaConfig,
  weights: LlavaWeights,
  tiles: Size,
): void {
  const { vision } = config;
  const w = weights.vision;
  const c = vision.hiddenSize;
  const patches = patchesPerTile(vision);
  const count = (perTile: number) => (d: Dims) => (typeof tiles === "number" ? tiles : tiles(d)) * perTile;
  const rows = count(patches + 1);
  const norm = (y: Tensor, x: Tensor, n: NormWeight): void =>
    layerNormForward(r, {
      y,
      x,
      weight: n.weight,
      bias: n.bias,
      mean: v.mean,
      rstd: v.rstd,
      size: c,
      eps: vision.layerNormEps,
      rows,
    });
  patchesForward(r, {
    y: v.patches,
    pixels: v.pixels,
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    images: tiles,
  });
  linearForward(r, { y: v.embedded, x: v.patches, weight: w.patch, rows: count(patches) });
  visionTokensForward(r, {
    y: v.b,
    patches: v.embedded,
    classEmbedding: w.classEmbedding,
    positionEmbedding: w.positionEmbedding,
    size: c,
    patchesPerImage: patches,
    images: tiles,
  });
  norm(v.a, v.b, w.preNorm);
  for (const layer of w.layers) {
    norm(v.normed, v.a, layer.norm1);
    linearForward(r, { y: v.qkv, x: v.normed, weight: layer.qkv.weight, bias: layer.qkv.bias, rows });
    attentionForward(r, {
      out: v.out,
      lse: v.lse,
      qkv: v.qkv,
      starts: v.starts,
      ends: v.ends,
      heads: vision.numHeads,
      kvHeads: vision.numHeads,
      headSize: c / vision.numHeads,
      causal: false,
      rows,
    });
    linearForward(r, { y: v.a, x: v.out, weight: layer.out.weight, bias: layer.out.bias, accumulate: 1, rows });
    norm(v.normed, v.a, layer.norm2);
    linearForward(r, { y: v.mlp, x: v.normed, weight: layer.fc1.weight, bias: layer.fc1.bias, rows });
    geluForward(r, {
      y: v.mlp,
      x: v.mlp,
      kind: vision.activation,
      count: count((patches + 1) * vision.intermediateSize),
    });
    linearForward(r, { y: v.a, x: v.mlp, weight: layer.fc2.weight, bias: layer.fc2.bias, accumulate: 1, rows });
  }
  if (config.featureSelect === "default") {
    dropClassForward(r, { y: v.features, x: v.a, size: c, patchesPerImage: patches, images: tiles });
  } else {
    copyRows(r, { y: v.features, x: v.a, size: c, rows });
  }
}

/** v.features -> `imageFeatures` rows from `row` on. */
export function projectorForward(
  r: Recorder,
  imageFeatures: Tensor,
  v: VisionActivations,
  config: LlavaConfig,
  weights: LlavaWeights,
  tiles: Size,
  row: Size,
): void {
  const h = config.text.hiddenSize;
  const perTile = featuresPerTile(config);
  const rows = (d: Dims) => (typeof tiles === "number" ? tiles : tiles(d)) * perTile;
  const { linear1, linear2 } = weights.projector;
  linearForward(r, { y: v.projected1, x: v.features, weight: linear1.weight, bias: linear1.bias, rows });
  geluForward(r, {
    y: v.projected1,
    x: v.projected1,
    kind: config.projectorActivation,
    count: (d) => rows(d) * h,
  });
  linearForward(r, {
    y: imageFeatures,
    x: v.projected1,
    weight: linear2.weight,
    bias: linear2.bias,
    rows,
    yRow: row,
  });
}

/** The last row of the feature table holds `image_newline` (LLaVA-NeXT). */
export const newlineRow = (table: Tensor, capacity: number, hiddenSize: number): Tensor =>
  view(table, capacity * hiddenSize, hiddenSize);
