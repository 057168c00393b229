/** The token table and the output head: which of them are one tensor, and in which pieces they lie. */
import { TabTuneError } from "../../errors.ts";
import type { DenseWeight } from "../../kernels/linear/weight.ts";
import type { DecoderConfig } from "../config.ts";
import { DECODER } from "../names.ts";
import { type EmbedTable, HOST_TABLE_BYTES, type HostTable, wordsPerValue } from "../token-table.ts";
import type { TensorFacts, WeightBuilder } from "../weight-builder.ts";

/** lm_head [out, in], cut by rows of the vocabulary so that any adapter can bind each part. */
export interface HeadWeight {
  out: number;
  in: number;
  /** All but the last have a multiple of 64 rows, so that their logits begin on a binding border. */
  parts: DenseWeight[];
}

export interface VocabularyWeights {
  vocab: number;
  embed: EmbedTable;
  head: HeadWeight;
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
  // The GEMM wants `out` in fours: a vocabulary that is not gets zero rows, which the loss never reads.
  const rows = Math.ceil(vocab / 4) * 4;
  const table = (label: string, name: string, facts: TensorFacts): DenseWeight => {
    const format = build.denseFormat(facts.dtype);
    const data = build.alloc.tensor(`weights/${label}`, Math.ceil(rows * h * wordsPerValue[format]));
    build.fills.set(name, { kind: "dense", format, data, at: 0 });
    build.parameters += vocab * h;
    return { format, out: rows, in: h, data };
  };
  // A tied table stays whole: the embedding kernel looks tokens up in one binding.
  if (head.name === embed.name) {
    const tied = table("lm_head", head.name, head.facts);
    return { vocab, embed: tied, head: { out: rows, in: h, parts: [tied] } };
  }
  const cut = headInParts(build, head, rows, h);
  build.parameters += vocab * h;
  const large = vocab * h * 4 * wordsPerValue[build.denseFormat(embed.facts.dtype)] >= HOST_TABLE_BYTES;
  if (!large) return { vocab, embed: table("embed_tokens", embed.name, embed.facts), head: cut };
  const format = build.denseFormat(embed.facts.dtype);
  const onHost: HostTable = { format, out: vocab, in: h, bytes: new Uint8Array() };
  build.fills.set(embed.name, { kind: "host", table: onHost });
  build.parameters += vocab * h;
  return { vocab, embed: onHost, head: cut };
}

function headInParts(
  build: WeightBuilder,
  { name, facts }: { name: string; facts: TensorFacts },
  rows: number,
  h: number,
): HeadWeight {
  const format = build.denseFormat(facts.dtype);
  const rowWords = h * wordsPerValue[format];
  const partRows = Math.max(64, Math.floor(BASELINE_BINDING_BYTES / (4 * rowWords) / 64) * 64);
  const parts = Array.from({ length: Math.ceil(rows / partRows) }, (_, n): DenseWeight => {
    const out = Math.min(partRows, rows - n * partRows);
    return { format, out, in: h, data: build.alloc.tensor(`weights/lm_head.${n}`, Math.ceil(out * rowWords)) };
  });
  build.fills.set(name, { kind: "parts", format, parts: parts.map(({ data }) => data) });
  return { out: rows, in: h, parts };
}
