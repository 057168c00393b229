/** The token table and the output head: which of them are one tensor, and in which pieces they lie. */
import { TabTuneError } from "../../errors.ts";
import type { DenseWeight } from "../../kernels/linear/weight.ts";
import type { DecoderConfig } from "../config.ts";
import { DECODER } from "../names.ts";
import {
  type EmbedTable,
  HOST_TABLE_BYTES,
  type HostTable,
  type VocabularyTable,
  wordsPerValue,
} from "../token-table.ts";
import type { TensorFacts, WeightBuilder } from "../weight-builder.ts";

export interface VocabularyWeights {
  vocab: number;
  embed: EmbedTable;
  head: VocabularyTable;
}

/** What WebGPU lets every adapter bind. */
export const BASELINE_BINDING_BYTES = 128 * 1024 * 1024;

const EMBED = `${DECODER}.embed_tokens.weight`;
const HEAD = "lm_head.weight";

/** The rows of the embedding tensor: the vocabulary, which neither config.json nor the tokenizer has to agree with. */
export const vocabularyOf = (build: Pick<WeightBuilder, "find">): number => build.find(EMBED).facts.shape[0] ?? 0;

/** Throws TabTuneError "missing-tensor" where there is no head and config.json does not say that it is tied. */
export function vocabularyWeights(build: WeightBuilder, { hiddenSize: h, tiedHead }: DecoderConfig): VocabularyWeights {
  const vocab = vocabularyOf(build);
  const ownHead = build.has(HEAD);
  if (!ownHead && !tiedHead) {
    throw new TabTuneError(
      "missing-tensor",
      "The checkpoint has no lm_head, and config.json does not say that it is tied to the embedding (tie_word_embeddings).",
      "Download all .safetensors files of the checkpoint again; if its head is tied indeed, set tie_word_embeddings to true in config.json.",
    );
  }
  const embed = build.findDense(EMBED, [vocab, h]);
  const head = ownHead ? build.findDense(HEAD, [vocab, h]) : embed;
  const parts = inParts(build, "lm_head", head, vocab, h);
  // The rows of a tied head are looked up as they are multiplied with: part by part.
  if (head.name === embed.name) return { vocab, embed: parts, head: parts };
  const format = build.denseFormat(embed.facts.dtype);
  const large = vocab * h * 4 * wordsPerValue[format] >= HOST_TABLE_BYTES;
  if (!large) return { vocab, embed: inParts(build, "embed_tokens", embed, vocab, h), head: parts };
  const onHost: HostTable = { format, out: vocab, in: h, bytes: new Uint8Array() };
  build.fills.set(embed.name, { kind: "host", table: onHost });
  build.parameters += vocab * h;
  return { vocab, embed: onHost, head: parts };
}

/** A table [vocab, h] in parts that any adapter binds. */
function inParts(
  build: WeightBuilder,
  label: string,
  { name, facts }: { name: string; facts: TensorFacts },
  vocab: number,
  h: number,
): VocabularyTable {
  // The GEMM wants `out` in fours: a vocabulary that is not gets zero rows, which the loss never reads.
  const rows = Math.ceil(vocab / 4) * 4;
  const format = build.denseFormat(facts.dtype);
  const rowWords = h * wordsPerValue[format];
  const partRows = Math.max(64, Math.floor(BASELINE_BINDING_BYTES / (4 * rowWords) / 64) * 64);
  const parts = Array.from({ length: Math.ceil(rows / partRows) }, (_, n): DenseWeight => {
    const out = Math.min(partRows, rows - n * partRows);
    return { format, out, in: h, data: build.alloc.tensor(`weights/${label}.${n}`, Math.ceil(out * rowWords)) };
  });
  build.fills.set(name, { kind: "parts", format, parts: parts.map(({ data }) => data) });
  build.parameters += vocab * h;
  return { out: rows, in: h, parts };
}
