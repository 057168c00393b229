/**
 * The whole model, assembled: picture tiles -> features -> token rows -> language model -> label rows -> loss, and back.
 * `PassBuffers` are the buffers of one use (training, or a chat), on which its programs are recorded; training and chat share the weights
 * and the adapter. transformers: models/llava/modeling_llava.py.
 */
import { type Allocator, type Arena, type Counters, type Tensor, view } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Pace } from "../gpu/pace.ts";
import { type Dims, type PipelineCache, Recorder, type Size } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear/linear.ts";
import type { DenseWeight } from "../kernels/linear/weight.ts";
import { crossEntropy } from "../kernels/loss/cross-entropy.ts";
import { rmsNormBackward, rmsNormForward } from "../kernels/norm/rms-norm.ts";
import { zero } from "../kernels/rows/copy.ts";
import { embeddingForward } from "../kernels/rows/embedding.ts";
import { allocateActivations, type LayerActivations, type PassPolicy } from "./activations.ts";
import { featuresPerTile, type LlavaConfig } from "./config.ts";
import {
  allocateGradients,
  type LayerGradients,
  layerBackward,
  layerForward,
  type PassOptions,
  type TokenFacts,
} from "./llama.ts";
import { type Adapter, type LoraSettings, learnsFromPictures, passDropout } from "./lora.ts";
import { allocatePassTable } from "./token-table.ts";
import type { HeadWeight, LlavaWeights, WeightLayout } from "./weights.ts";

/** A loaded model: frozen, shared by training and chat. */
export interface Llava {
  gpu: Gpu;
  counters: Counters;
  pipelines: PipelineCache;
  /** The kernels that suit the adapter. */
  variants: Variants;
  pace: Pace;
  config: LlavaConfig;
  layout: WeightLayout;
  weights: LlavaWeights;
  /** cos and sin of every position, [maxPositions, 2, headSize / 2] as the RoPE kernel reads it. */
  ropeTable: Tensor;
  arena: Arena;
}

/** What recording a program needs to know of a model: no GPU, so that the plan can count dispatches. */
export type ModelFacts = Pick<Llava, "config" | "weights" | "ropeTable" | "variants">;

/** How much one pass can hold. */
export interface PassCapacity {
  /** Token rows. */
  rows: number;
  /** Rows that have a target; 1 in chat (only the last token's logits are read). */
  labelRows: number;
  /** Image feature rows, before the extra newline row. */
  features: number;
  policy: PassPolicy;
  /** Rows of the KV cache (chat). */
  cacheRows?: number;
  /** Rows of an MLP chunk, a multiple of 64; by default as many as suit the model's width. */
  mlpRows?: number;
}

/** Buffers of one pass. */
export interface PassBuffers {
  capacity: PassCapacity;
  layers: LayerActivations[];
  last: Tensor;
  gradients: LayerGradients | undefined;
  ids: Tensor;
  /** What `ids` are looked up in (see token-table.ts). */
  table: DenseWeight;
  slots: Tensor;
  starts: Tensor;
  ends: Tensor;
  positions: Tensor;
  /** [features + 1, h]; the last row is `image_newline` where the model has one. */
  imageFeatures: Tensor;
  labelRows: Tensor;
  targets: Tensor;
  normedRows: Tensor;
  headRstd: Tensor;
  logits: Tensor;
  dNormedRows: Tensor | undefined;
  nll: Tensor;
  chunkRows: number;
}

/** Logits are made for this many bytes of label rows at a time: a vocabulary times all rows would dwarf the model. */
const LOGITS_BYTES = 16 * 1024 * 1024;

/** Label rows per head chunk: a multiple of 64, so that chunk borders are binding borders. */
export function headChunkRows(headOut: number, labelRows: number): number {
  const fit = Math.max(64, Math.floor(LOGITS_BYTES / (headOut * 4) / 64) * 64);
  return Math.min(fit, Math.ceil(labelRows / 64) * 64);
}

export function allocatePass(
  alloc: Allocator,
  config: LlavaConfig,
  { embed, head }: Pick<LlavaWeights, "embed" | "head">,
  lora: Pick<LoraSettings, "rank" | "dropout"> | undefined,
  capacity: PassCapacity,
): PassBuffers {
  const { rows, labelRows, features, policy, cacheRows, mlpRows } = capacity;
  const h = config.text.hiddenSize;
  const rank = lora?.rank ?? 0;
  const t = (name: string, length: number): Tensor => alloc.tensor(`tokens/${name}`, length);
  const training = typeof policy === "object";
  const chunkRows = headChunkRows(head.out, labelRows);
  const paddedLabels = Math.ceil(labelRows / chunkRows) * chunkRows;
  return {
    capacity,
    ...allocateActivations(alloc, config.text, rank, rows, policy, cacheRows, mlpRows),
    gradients: training
      ? allocateGradients(alloc, config.text, rank, rows, lora?.dropout !== undefined, mlpRows)
      : undefined,
    ids: t("ids", rows),
    table: allocatePassTable(alloc, embed, rows),
    slots: t("slots", rows),
    starts: t("starts", cacheRows ?? rows),
    ends: t("ends", cacheRows ?? rows),
    positions: t("positions", cacheRows ?? rows),
    imageFeatures: alloc.tensor("activations/imageFeatures", (features + 1) * h),
    labelRows: t("labelRows", paddedLabels),
    targets: t("targets", paddedLabels),
    normedRows: alloc.tensor("loss/normedRows", paddedLabels * h),
    headRstd: alloc.tensor("loss/rstd", paddedLabels),
    logits: alloc.tensor("loss/logits", chunkRows * head.out),
    dNormedRows: training ? alloc.tensor("loss/dNormedRows", paddedLabels * h) : undefined,
    nll: alloc.tensor("loss/nll", paddedLabels),
    chunkRows,
  };
}

export const tokenFacts = (b: PassBuffers, model: ModelFacts): TokenFacts => ({
  starts: b.starts,
  ends: b.ends,
  positions: b.positions,
  ropeTable: model.ropeTable,
});

/** ids and image slots -> b.layers[0].x */
export function embed(r: Recorder, model: ModelFacts, b: PassBuffers, rows: Size = (d) => d.rows!): void {
  embeddingForward(r, {
    y: b.layers[0]!.x,
    ids: b.ids,
    table: b.table,
    imageFeatures: b.imageFeatures,
    imageSlots: b.slots,
    size: model.config.text.hiddenSize,
    rows,
  });
}

/** b.last -> normalised label rows; the head reads those only. */
export function normLabelRows(r: Recorder, model: ModelFacts, b: PassBuffers, rows: Size = (d) => d.labelRows!): void {
  const { hiddenSize: size, rmsNormEps: eps } = model.config.text;
  rmsNormForward(r, {
    y: b.normedRows,
    x: b.last,
    weight: model.weights.norm,
    rstd: b.headRstd,
    size,
    eps,
    rows,
    gather: b.labelRows,
  });
}

const recordedChunks = (b: PassBuffers): number => Math.ceil(b.capacity.labelRows / b.chunkRows);
/** Rows of chunk `c` in this replay: 0 skips its dispatches. */
const rowsOfChunk = (b: PassBuffers, c: number) => (d: Dims) =>
  Math.max(0, Math.min(b.chunkRows, d.labelRows! - c * b.chunkRows));

/** Logits of normalised label rows, the columns of each part of the head beside those of the one before. */
export function headForward(
  r: Recorder,
  { head }: LlavaWeights,
  b: PassBuffers,
  o: { rows: Size; xRow?: number; tile?: "decode" },
): void {
  for (const { part, logits } of headParts(head, b)) {
    linearForward(r, { ...o, y: logits, yStride: head.out, x: b.normedRows, weight: part });
  }
}

/** Gradient of `headForward`: b.dNormedRows from row `dxRow` on, out of the gradient in b.logits. */
function headBackward(r: Recorder, { head }: LlavaWeights, b: PassBuffers, o: { rows: Size; dxRow: number }): void {
  headParts(head, b).forEach(({ part, logits }, n) => {
    const accumulate = n === 0 ? 0 : 1;
    linearBackwardInput(r, { ...o, dx: b.dNormedRows!, dy: logits, dyStride: head.out, weight: part, accumulate });
  });
}

/** Each part of the head with the logits from its first column on. */
function headParts(head: HeadWeight, b: PassBuffers): { part: DenseWeight; logits: Tensor }[] {
  let column = 0;
  return head.parts.map((part) => {
    const logits = view(b.logits, column, b.logits.length - column);
    column += part.out;
    return { part, logits };
  });
}

/** Loss of every label row into b.nll and, with `gradient`, its gradient at the normalised label rows into b.dNormedRows. */
function headAndLoss(r: Recorder, model: ModelFacts, b: PassBuffers, gradient: boolean): void {
  const { head, vocab } = model.weights;
  for (let c = 0; c < recordedChunks(b); c++) {
    const rows = rowsOfChunk(b, c);
    const start = c * b.chunkRows;
    headForward(r, model.weights, b, { rows, xRow: start });
    crossEntropy(r, {
      logits: b.logits,
      targets: view(b.targets, start, b.chunkRows),
      nll: view(b.nll, start, b.chunkRows),
      vocab,
      ld: head.out,
      rows,
      nllRow: 0,
      gradScale: (d) => d.gradScale!,
      mode: gradient ? "gradient" : "loss",
    });
    if (gradient) headBackward(r, model.weights, b, { rows, dxRow: start });
  }
}

/** dims: rows, labelRows. Leaves the loss of each target in b.nll. */
export function recordEvaluation(model: ModelFacts, b: PassBuffers, adapter: Adapter | undefined): Recorder {
  const r = new Recorder(model.variants);
  const o: PassOptions = { text: model.config.text, tokens: tokenFacts(b, model), rows: (d) => d.rows! };
  embed(r, model, b);
  b.layers.forEach((a, n) => {
    layerForward(r, b.layers[n + 1]?.x ?? b.last, a, model.weights.layers[n]!, adapter?.layers[n], o);
  });
  normLabelRows(r, model, b);
  headAndLoss(r, model, b, false);
  return r;
}

/**
 * One micro-batch: forward, loss, backward. dims: rows, labelRows, gradScale (1 / targets of the whole optimizer batch),
 * accumulate (0 for the first micro-batch of a step, 1 after), and with dropout step and firstRow. Leaves b.nll and the adapter's gradients.
 */
export function recordTraining(model: ModelFacts, b: PassBuffers, adapter: Adapter): Recorder {
  const r = new Recorder(model.variants);
  const { text } = model.config;
  const g = b.gradients!;
  const dropout = passDropout(adapter.settings, g.dropped);
  const options = (layer: number): PassOptions => ({
    text,
    tokens: tokenFacts(b, model),
    rows: (d) => d.rows!,
    layer,
    dropout,
  });
  embed(r, model, b);
  b.layers.forEach((a, n) => {
    layerForward(r, b.layers[n + 1]?.x ?? b.last, a, model.weights.layers[n]!, adapter.layers[n], options(n));
  });
  normLabelRows(r, model, b);
  headAndLoss(r, model, b, true);
  zero(r, { x: g.dx, count: (d) => d.rows! * text.hiddenSize });
  rmsNormBackward(r, {
    dx: g.dx,
    dy: b.dNormedRows!,
    x: b.last,
    weight: model.weights.norm,
    rstd: b.headRstd,
    size: text.hiddenSize,
    rows: (d) => d.labelRows!,
    accumulate: 1,
    scatter: b.labelRows,
  });
  for (let n = text.numLayers - 1; n >= 0; n--) {
    const a = b.layers[n]!;
    const w = model.weights.layers[n]!;
    const l = adapter.layers[n]!;
    layerBackward(r, g, a, w, l, {
      ...options(n),
      accumulate: (d) => d.accumulate!,
      inputGradient: n > 0 || learnsFromPictures(adapter),
      fresh: n === text.numLayers - 1 && a.mlp.length === 1 && a.halves.length === 0,
    });
  }
  return r;
}

/** Feature rows that `tiles` tiles give. */
export const featureRows = (config: LlavaConfig, tiles: number): number => tiles * featuresPerTile(config);
