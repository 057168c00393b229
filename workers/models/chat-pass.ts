/**
 * The passes of a chat. Both end in a token that is chosen on the GPU and written where the next pass looks its embedding up, so that
 * decode passes follow each other without the CPU.
 */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { Recorder, type Size } from "../gpu/program.ts";
import { type SamplingOptions, sampleRows } from "../kernels/sampling/sample.ts";
import type { Adapter } from "./adapter.ts";
import type { VlmConfig } from "./config.ts";
import { headForward, normLabelRows } from "./parts/head.ts";
import {
  allocatePass,
  embed,
  type FeatureTables,
  headPass,
  layersForward,
  type PassBuffers,
  type PassLora,
} from "./pass.ts";
import type { EmbedTable } from "./token-table.ts";
import type { ModelFacts } from "./vlm.ts";
import type { VlmWeights } from "./weights.ts";

/** Numbers of a replay that takes in a prompt, and of one that decodes. */
export type PrefillDims = keyof SamplingOptions | "rows" | "past" | "labelRows";
export type DecodeDims = keyof SamplingOptions | "steps" | "past";

/** What decoding needs beside the buffers of a pass. */
export interface DecodeBuffers {
  /** Passes that are recorded in a row. */
  steps: number;
  /** u32 [steps, 2]: the tokens chosen, each with the bits of its row's largest logit. */
  chosen: Tensor;
  best: Tensor;
  /** i32[1] of -1, to be written once: a new token is never part of a picture. */
  noSlot: Tensor;
  /** u32[1] of 0: a pass of one row has its last there. */
  firstRow: Tensor;
}

export function allocateDecode(alloc: Allocator, steps: number): DecodeBuffers {
  return {
    steps,
    chosen: alloc.tensor("tokens/chosen", 2 * steps),
    best: alloc.tensor("tokens/best", 1),
    noSlot: alloc.tensor("tokens/noSlot", 1),
    firstRow: alloc.tensor("tokens/firstRow", 1),
  };
}

/** Prompt tokens that one pass takes in. */
const PREFILL_ROWS = 256;
/** Tokens of a batch at most: more hide no more of the way to the CPU and back, which is about a millisecond. */
const MAX_BATCH = 8;

/** Buffers of answers: of a chat, or of a run between its steps. */
export interface AnswerBuffers {
  b: PassBuffers;
  d: DecodeBuffers;
  /** What tokens are looked up in; where it lies in CPU memory a batch is one token. */
  embed: EmbedTable;
}

export interface AnswersRequest {
  /** Tokens of prompt and answer together. */
  contextRows: number;
  /** Rows of image features, and their tables where another pass has them already. */
  features: number;
  tables?: FeatureTables;
  /** Where what is of use only while an answer is written comes from, its cache of keys and values too. */
  shared?: Allocator;
}

export function allocateAnswers(
  alloc: Allocator,
  config: Pick<VlmConfig, "decoder" | "blends" | "deepstack">,
  { embed, head }: Pick<VlmWeights, "embed" | "head">,
  lora: PassLora | undefined,
  { contextRows, features, tables, shared }: AnswersRequest,
): AnswerBuffers {
  const rows = Math.min(PREFILL_ROWS, contextRows);
  const capacity = { rows, labelRows: 1, features, policy: "chat" as const, cacheRows: contextRows };
  const b = allocatePass(alloc, config, { embed, head }, lora, capacity, shared, tables);
  return { b, d: allocateDecode(alloc, "bytes" in embed ? 1 : MAX_BATCH), embed };
}

/** Logits of the one normalised row -> token number `outRow` of d.chosen, which is also the next pass's b.ids[0]. */
function chooseToken<K extends string>(
  r: Recorder<K | keyof SamplingOptions>,
  model: ModelFacts,
  b: PassBuffers,
  d: DecodeBuffers,
  o: { rows: Size<K>; outRow: number; position: Size<K> },
): void {
  const { weights } = model;
  headForward<K | keyof SamplingOptions>(r, { rows: o.rows, tile: "decode" }, { head: weights.head, kept: b });
  sampleRows<K | keyof SamplingOptions>(r, {
    ...o,
    out: d.chosen,
    ids: b.ids,
    best: d.best,
    x: b.logits,
    vocab: weights.vocab,
    ld: weights.head.out,
    sampling: ({ temperature, topP, topK, seed }) => ({ temperature, topP, topK, seed }),
  });
}

/**
 * Takes in `rows` tokens of a prompt (ids and slots in b) after `past` cached ones; with labelRows 1 (else 0) it chooses the token
 * after row b.labelRows[0].
 */
export function recordPrefill(
  model: ModelFacts,
  b: PassBuffers,
  d: DecodeBuffers,
  adapter: Adapter | undefined,
): Recorder<PrefillDims> {
  const r = new Recorder<PrefillDims>(model.variants);
  const rows: Size<PrefillDims> = (dims) => dims.rows;
  const last: Size<PrefillDims> = (dims) => dims.labelRows;
  embed(r, model, b, rows);
  layersForward(r, model, b, { adapter, rows, past: (dims) => dims.past, tile: "prefill" });
  normLabelRows(r, b.last, last, headPass(model, b));
  chooseToken<PrefillDims>(r, model, b, d, { rows: last, outRow: 0, position: (dims) => dims.past + dims.rows });
  return r;
}

/**
 * `steps` passes in a row, at most d.steps, each over the one token in b.ids[0] and the `past` cached ones before the first; its
 * choice is the next one's token.
 */
export function recordDecode(
  model: ModelFacts,
  b: PassBuffers,
  d: DecodeBuffers,
  adapter: Adapter | undefined,
): Recorder<DecodeDims> {
  const r = new Recorder<DecodeDims>(model.variants);
  const one = { ...b, slots: d.noSlot, blend: undefined, deepstack: [], labelRows: d.firstRow };
  for (let step = 0; step < d.steps; step++) {
    const rows: Size<DecodeDims> = (dims) => (step < dims.steps ? 1 : 0);
    embed(r, model, one, rows);
    layersForward(r, model, one, { adapter, rows, past: (dims) => dims.past + step, tile: "decode" });
    normLabelRows(r, one.last, rows, headPass(model, one));
    chooseToken<DecodeDims>(r, model, one, d, { rows, outRow: step, position: (dims) => dims.past + step + 1 });
  }
  return r;
}
