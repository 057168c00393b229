/**
 * One pass of the whole model: picture features and token rows -> decoder -> label rows -> loss, and back. A pass owns the buffers of
 * one use (training, evaluation, a chat); its programs are recorded once. All uses share the weights and the adapter.
 */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { evaluate, Recorder, type Size } from "../gpu/program.ts";
import { sharedMemory } from "../gpu/shared-memory.ts";
import { type BlendTable, blendRows, TAPS } from "../kernels/rows/blend.ts";
import { copyRows, zero } from "../kernels/rows/copy.ts";
import { addFeatures, embeddingForward } from "../kernels/rows/embedding.ts";
import { allocateActivations, allocateBeyondHalf, type LayerActivations, type PassPolicy } from "./activations.ts";
import { type Adapter, learnsFromPictures } from "./adapter.ts";
import { axesOf, type VlmConfig } from "./config.ts";
import {
  allocateGradients,
  type LayerGradients,
  type LayerPass,
  layerBackward,
  layerForward,
  type TokenFacts,
} from "./parts/decoder.ts";
import {
  allocateHead,
  allocateTargets,
  type HeadActivations,
  type HeadPass,
  headAndLoss,
  normLabelRows,
  normLabelRowsBackward,
} from "./parts/head.ts";
import { type LoraSettings, passDropout } from "./parts/lora.ts";
import { allocatePassTable, type VocabularyTable } from "./token-table.ts";
import type { ModelFacts } from "./vlm.ts";
import type { VlmWeights } from "./weights.ts";

/**
 * Numbers of a replay. `gradScale`: 1 / targets of the whole optimizer batch; `accumulate`: 0 for the first micro-batch of a step, 1
 * after; `step` and `firstRow` (tokens of the step's earlier passes) for dropout.
 */
export type TrainingDims = "rows" | "labelRows" | "gradScale" | "accumulate" | "step" | "firstRow";

/** How much one pass can hold. */
export interface PassCapacity {
  /** Token rows. */
  rows: number;
  /** Rows that have a target; 1 in chat (only the last token's logits are read). */
  labelRows: number;
  /** Image feature rows of tiles; `VlmConfig.extraRow` follows. */
  features: number;
  policy: PassPolicy;
  /** Rows of the KV cache (chat). */
  cacheRows?: number;
  /** Rows of an MLP chunk, a multiple of 64; by default as many as suit the model's width. */
  mlpRows?: number;
}

/** Buffers of one pass. */
export interface PassBuffers extends HeadActivations, FeatureTables {
  capacity: PassCapacity;
  layers: LayerActivations[];
  last: Tensor;
  /** u32[layers]: rows that reached beyond f16's range, counted on from pass to pass; where activations are kept in f16. */
  beyondHalf: Tensor | undefined;
  gradients: LayerGradients | undefined;
  ids: Tensor;
  /** What `ids` are looked up in (see token-table.ts). */
  table: VocabularyTable;
  /** i32: row of imageFeatures of each token, -1 for text. */
  slots: Tensor;
  /** Of each token that takes a sum of rows of imageFeatures; where the model's pictures have such. */
  blend: BlendTable | undefined;
  starts: Tensor;
  ends: Tensor;
  /** u32 [cacheRows, axes]. */
  positions: Tensor;
  /** Of pictures that learn: the gradients of the residual stream where `deepstack` was added [rows, h]. */
  dDeepstack: Tensor[];
}

/** What pictures have become, for token rows to take. */
export interface FeatureTables {
  /** [features + 1, h]; behind the features of tiles stands the row that belongs to none, where the model has one. */
  imageFeatures: Tensor;
  /** [features, h] each: what is added to image rows behind the decoder's first layers, the n-th behind layer n. */
  deepstack: Tensor[];
}

/** What a pass needs to know of an adapter. */
export type PassLora = Pick<LoraSettings, "rank" | "dropout" | "targets">;

/**
 * `shared`: where the tensors come from that are of use only while token rows go through the model. `features`: the tables of another pass,
 * where this one reads the same features.
 */
export function allocatePass(
  alloc: Allocator,
  { decoder, blends, deepstack = [] }: Pick<VlmConfig, "decoder" | "blends" | "deepstack">,
  { embed, head }: Pick<VlmWeights, "embed" | "head">,
  lora: PassLora | undefined,
  capacity: PassCapacity,
  shared: Allocator = alloc,
  features?: FeatureTables,
): PassBuffers {
  const { rows, labelRows, policy, cacheRows = rows, mlpRows } = capacity;
  const rank = lora?.rank ?? 0;
  const t = (name: string, length: number): Tensor => alloc.tensor(`tokens/${name}`, length);
  const training = typeof policy === "object";
  const dropout = lora?.dropout !== undefined;
  const beyondHalf = allocateBeyondHalf(alloc, decoder, policy);
  const tables = features ?? allocateFeatures(alloc, { decoder, deepstack }, capacity.features);
  return {
    capacity,
    beyondHalf,
    // By name: who gives them may be a whole pass.
    ...{ imageFeatures: tables.imageFeatures, deepstack: tables.deepstack },
    ...sharedMemory(shared, ["layers", "head"], ({ layers, head: ofHead, kept }) => {
      // In f32 the last layer's backward may begin with what its forward left, with the head between them (see recordTraining).
      const working = training && policy.precision === "f32" ? kept : layers;
      return {
        ...allocateActivations(kept, decoder, { rank, rows, policy, cacheRows, mlpRows }, working, beyondHalf),
        gradients: training ? allocateGradients(kept, decoder, { rank, rows, dropout, mlpRows }, layers) : undefined,
        ...allocateHead(ofHead, decoder, head, { labelRows, training }),
      };
    }),
    ids: t("ids", rows),
    table: allocatePassTable(alloc, embed, rows),
    slots: t("slots", rows),
    blend: blends ? { rows: t("blend rows", TAPS * rows), weights: t("blend weights", TAPS * rows) } : undefined,
    starts: t("starts", cacheRows),
    ends: t("ends", cacheRows),
    positions: t("positions", cacheRows * axesOf(decoder)),
    dDeepstack:
      training && lora?.targets === "all-linear"
        ? deepstack.map((_, n) => alloc.tensor(`backward/deepstack ${n}`, rows * decoder.hiddenSize))
        : [],
    ...allocateTargets(alloc, head, labelRows),
  };
}

/** For the features of so many tiles' rows. */
export function allocateFeatures(
  alloc: Allocator,
  { decoder: { hiddenSize: h }, deepstack = [] }: Pick<VlmConfig, "decoder" | "deepstack">,
  features: number,
): FeatureTables {
  return {
    imageFeatures: alloc.tensor("activations/imageFeatures", (features + 1) * h),
    deepstack: deepstack.map((_, n) => alloc.tensor(`activations/deepstack ${n}`, features * h)),
  };
}

export const tokenFacts = (b: PassBuffers, { ropeTable }: ModelFacts): TokenFacts => ({
  ...{ starts: b.starts, ends: b.ends, positions: b.positions, ropeTable },
});

export const headPass = ({ config, weights }: ModelFacts, kept: HeadActivations): HeadPass => ({
  ...{ config: config.decoder, norm: weights.norm, head: weights.head, vocab: weights.vocab, kept },
});

/** ids, image slots and sums of features -> b.layers[0].x */
export function embed<K extends string>(r: Recorder<K>, { config }: ModelFacts, b: PassBuffers, rows: Size<K>): void {
  const { ids, imageFeatures, slots: imageSlots } = b;
  const size = config.decoder.hiddenSize;
  const y = b.layers[0]!.x;
  embeddingForward(r, { y, ids, table: b.table.parts, imageFeatures, imageSlots, size, rows });
  if (b.blend) blendRows(r, { y, x: imageFeatures, table: b.blend, size, rows });
}

/** The layers of a pass that are not the same in each: what is left to say is the pass's own. */
export const layerPass = (
  model: ModelFacts,
  b: PassBuffers,
  n: number,
  adapter: Adapter | undefined,
): Pick<LayerPass<never>, "config" | "weights" | "kept" | "lora" | "tokens" | "layer"> => ({
  config: model.config.decoder,
  weights: model.weights.layers[n]!,
  kept: b.layers[n]!,
  lora: adapter?.layers[n],
  tokens: tokenFacts(b, model),
  layer: n,
});

/** Where layer `n` writes: the next one's input, or the decoder's output. */
export const outputOf = (b: PassBuffers, n: number): Tensor => b.layers[n + 1]?.x ?? b.last;

/** b.layers[0].x -> b.last */
export function layersForward<K extends string>(
  r: Recorder<K>,
  model: ModelFacts,
  b: PassBuffers,
  { adapter, ...pass }: Pick<LayerPass<K>, "rows" | "dropout" | "past" | "tile"> & { adapter: Adapter | undefined },
): void {
  const size = model.config.decoder.hiddenSize;
  const values: Size<K> = (d) => evaluate(pass.rows, d) * size;
  r.point("the token embeddings", b.layers[0]!.x, values);
  b.layers.forEach((_, n) => {
    const y = outputOf(b, n);
    layerForward(r, y, { ...layerPass(model, b, n, adapter), ...pass });
    const features = b.deepstack[n];
    if (features) addFeatures(r, { y, features, slots: b.slots, size, rows: pass.rows });
    r.point(`layer ${n + 1}`, y, values);
  });
}

/** Leaves the loss of each target in b.nll, also in the buffers of a training pass. Of the dims it reads rows and labelRows. */
export function recordEvaluation(
  model: ModelFacts,
  buffers: PassBuffers,
  adapter: Adapter | undefined,
): Recorder<TrainingDims> {
  const r = new Recorder<TrainingDims>(model.variants);
  // No backward pass follows that would read copies in f16.
  const withoutCopies = (layer: LayerActivations): LayerActivations => ({
    ...{ ...layer, halves: [] },
    mlp: layer.mlp.map((m) => ({ ...m, gateUpHalf: undefined })),
  });
  const b = { ...buffers, layers: buffers.layers.map(withoutCopies) };
  const head = headPass(model, b);
  embed(r, model, b, (d) => d.rows);
  layersForward(r, model, b, { adapter, rows: (d) => d.rows });
  normLabelRows(r, b.last, (d) => d.labelRows, head);
  headAndLoss(r, { labelRows: (d) => d.labelRows, gradScale: (d) => d.gradScale, gradient: false }, head);
  return r;
}

/** One micro-batch: forward, loss, backward. Leaves b.nll and the adapter's gradients. */
export function recordTraining(model: ModelFacts, b: PassBuffers, adapter: Adapter): Recorder<TrainingDims> {
  const r = new Recorder<TrainingDims>(model.variants);
  const { hiddenSize, numLayers } = model.config.decoder;
  const g = b.gradients!;
  const head = headPass(model, b);
  const rows: Size<TrainingDims> = (d) => d.rows;
  const labelRows: Size<TrainingDims> = (d) => d.labelRows;
  const dropout = passDropout<TrainingDims>(adapter.settings, g.dropped, {
    step: (d) => d.step,
    first: (d) => d.firstRow,
  });
  embed(r, model, b, rows);
  layersForward(r, model, b, { adapter, rows, dropout });
  normLabelRows(r, b.last, labelRows, head);
  headAndLoss(r, { labelRows, gradScale: (d) => d.gradScale, gradient: true }, head);
  r.point("the output head", b.nll, labelRows);
  zero(r, { x: g.dx, count: (d) => d.rows * hiddenSize });
  normLabelRowsBackward(r, { dx: g.dx, x: b.last, rows: labelRows }, head);
  const values: Size<TrainingDims> = (d) => d.rows * hiddenSize;
  r.point("the gradient of the output head", g.dx, values);
  for (let n = numLayers - 1; n >= 0; n--) {
    const kept = b.layers[n]!;
    const dDeepstack = b.dDeepstack[n];
    if (dDeepstack) copyRows(r, { y: dDeepstack, x: g.dx, size: hiddenSize, rows });
    const inputGradient = n > 0 || learnsFromPictures(adapter);
    layerBackward(r, g, {
      ...layerPass(model, b, n, adapter),
      ...{ lora: adapter.layers[n]!, rows, dropout },
      accumulate: (d) => d.accumulate,
      inputGradient,
      fresh: n === numLayers - 1 && kept.mlp.length === 1 && kept.halves.length === 0,
    });
    r.point(`the gradient of LoRA's matrices in layer ${n + 1}`, adapter.grads[n]!, adapter.grads[n]!.length);
    if (inputGradient) r.point(`the gradient of layer ${n + 1}`, g.dx, values);
  }
  return r;
}
