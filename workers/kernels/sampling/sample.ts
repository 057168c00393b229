/**
 * From logits to the next token on the GPU: greedy, or temperature, top-k and nucleus (top-p) sampling, cut in this order
 * as transformers' TopKLogitsWarper and TopPLogitsWarper do. The draw is a pure function of logits, seed and position, and the same on every adapter. Plain steps: sample-reference.ts.
 */

import type { Tensor } from "../../gpu/buffers.ts";
import { type Dims, evaluate, f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { Stream } from "../../random/philox.ts";
import { compose } from "../compose.ts";
import philoxCode from "../dropout/philox.wgsl?raw";
import { argmaxRows } from "./argmax.ts";
import code from "./sample.wgsl?raw";

const kernel: Kernel = {
  name: "sample",
  code: compose(philoxCode, code),
  access: ["read", "read", "read_write", "read_write"],
};

export interface SamplingOptions {
  /** 0 is greedy. */
  temperature: number;
  /** Smallest set of tokens whose probabilities reach this sum; 1 keeps all. */
  topP: number;
  /** So many of the likeliest tokens, with all that are as likely as the last of them (to 2^-19 of a halving); 0, or nothing, keeps all. */
  topK?: number | undefined;
  /** u32 */
  seed: number;
}

/** What the kernel is told of temperature and top-p, for one replay. */
export interface SamplingWords {
  /** Distances (2^-19 of a halving of the probability) per half a logit; 0 is greedy. f32. */
  scale: number;
  /** Halved logits further apart have no weight: keeps products finite. f32. */
  far: number;
  /** top-p * 2^32; 2^32 - 1 keeps all. */
  share: number;
}

/** The kernel's bins hold the sums of so many weights. */
const MAX_VOCAB = 2 ** 21;
/** A distance of 32 halvings: nothing is left of a weight. */
const NOTHING = 2 ** 24;

export function samplingWords({ temperature, topP }: Pick<SamplingOptions, "temperature" | "topP">): SamplingWords {
  const share = Math.min(2 ** 32 - 1, Math.round(Math.max(0, topP) * 2 ** 32));
  if (temperature <= 0) return { scale: 0, far: 0, share };
  // Beyond these temperatures everything is equal, or nothing.
  const scale = Math.fround(Math.min(1e30, Math.max(1e-30, (2 ** 20 * Math.LOG2E) / temperature)));
  return { scale, far: Math.fround(Math.min(3e38, NOTHING / scale)), share };
}

export interface SampleRows<K extends string = string> {
  /** u32 [.., 2]: rows outRow … are overwritten with a token and the bits of its row's largest logit. */
  out: Tensor;
  /** u32[rows], overwritten with the tokens: what the next pass looks its embeddings up by. Another buffer than `out`. */
  ids: Tensor;
  /** u32[rows], scratch. */
  best: Tensor;
  /** f32 [rows, ld]. */
  x: Tensor;
  /** Columns that count, at most 2^21. */
  vocab: number;
  ld: number;
  rows: Size<K>;
  outRow: Size<K>;
  /** Row m draws with the counter position + m. */
  position: Size<K>;
  /** Of one replay. */
  sampling: (dims: Dims<K>) => SamplingOptions;
}

/**
 * One token a row. A row whose largest logit is not finite gives some token: whoever reads `out` has to look at the logit beside it,
 * which is NaN when any is.
 */
export function sampleRows<K extends string>(r: Recorder<K>, s: SampleRows<K>): void {
  if (s.vocab > MAX_VOCAB) throw new Error(`sampling from ${s.vocab} tokens`);
  argmaxRows(r, { out: s.best, x: s.x, vocab: s.vocab, ld: s.ld, rows: s.rows });
  const word =
    (name: keyof SamplingWords): Size<K> =>
    (dims) =>
      samplingWords(s.sampling(dims))[name];
  r.dispatch({
    kernel,
    tensors: [s.x, s.best, s.out, s.ids],
    params: [
      s.vocab,
      s.ld,
      s.rows,
      s.outRow,
      f32(word("scale")),
      f32(word("far")),
      word("share"),
      s.position,
      (dims) => s.sampling(dims).seed,
      Stream.sampling,
      (dims) => s.sampling(dims).topK ?? 0,
    ],
    workgroups: [s.rows],
    flops: (dims) => (s.sampling(dims).temperature > 0 ? 9 * 100 : 1) * evaluate(s.rows, dims) * s.vocab,
  });
}
