/** The final norm, the output head and the loss, on label rows only, in chunks whose logits fit in a few megabytes; and back. */
import { type Allocator, type Tensor, view } from "../../gpu/buffers.ts";
import { evaluate, type Recorder, type Size } from "../../gpu/program.ts";
import { linearBackwardInput, linearForward } from "../../kernels/linear/linear.ts";
import type { DenseWeight } from "../../kernels/linear/weight.ts";
import { crossEntropy } from "../../kernels/loss/cross-entropy.ts";
import { rmsNormBackward, rmsNormForward } from "../../kernels/norm/rms-norm.ts";
import type { DecoderConfig } from "../config.ts";
import type { VocabularyTable } from "../token-table.ts";

/** Buffers of label rows. */
export interface HeadActivations {
  /** u32: token row of each label row, and its target. */
  labelRows: Tensor;
  targets: Tensor;
  normedRows: Tensor;
  headRstd: Tensor;
  logits: Tensor;
  dNormedRows: Tensor | undefined;
  nll: Tensor;
  chunkRows: number;
  /** Chunks that are recorded. */
  chunks: number;
}

/** Logits are made for this many bytes of label rows at a time: a vocabulary times all rows would dwarf the model. */
const LOGITS_BYTES = 16 * 1024 * 1024;

/** Label rows per head chunk: a multiple of 64, so that chunk borders are binding borders. */
export function headChunkRows(headOut: number, labelRows: number): number {
  const fit = Math.max(64, Math.floor(LOGITS_BYTES / (headOut * 4) / 64) * 64);
  return Math.min(fit, Math.ceil(labelRows / 64) * 64);
}

/** Chunks of at most `labelRows` label rows. */
function headChunks(head: VocabularyTable, labelRows: number): { chunkRows: number; chunks: number; padded: number } {
  const chunkRows = headChunkRows(head.out, labelRows);
  const chunks = Math.ceil(labelRows / chunkRows);
  return { chunkRows, chunks, padded: chunks * chunkRows };
}

/** What is written before a pass, and read after it. */
export function allocateTargets(
  alloc: Allocator,
  head: VocabularyTable,
  labelRows: number,
): Pick<HeadActivations, "labelRows" | "targets" | "nll"> {
  const { padded } = headChunks(head, labelRows);
  return {
    labelRows: alloc.tensor("tokens/labelRows", padded),
    targets: alloc.tensor("tokens/targets", padded),
    nll: alloc.tensor("loss/nll", padded),
  };
}

/** What is of use only while the head runs, for at most `labelRows` label rows; `training` with room for the gradient. */
export function allocateHead(
  working: Allocator,
  { hiddenSize: h }: DecoderConfig,
  head: VocabularyTable,
  { labelRows, training }: { labelRows: number; training: boolean },
): Omit<HeadActivations, "labelRows" | "targets" | "nll"> {
  const { chunkRows, chunks, padded } = headChunks(head, labelRows);
  return {
    normedRows: working.tensor("loss/normedRows", padded * h),
    headRstd: working.tensor("loss/rstd", padded),
    logits: working.tensor("loss/logits", chunkRows * head.out),
    dNormedRows: training ? working.tensor("loss/dNormedRows", padded * h) : undefined,
    chunkRows,
    chunks,
  };
}

/** The head in one pass. */
export interface HeadPass {
  config: DecoderConfig;
  norm: Tensor;
  head: VocabularyTable;
  vocab: number;
  kept: HeadActivations;
}

/** The decoder's output `x` -> normalised label rows; the head reads those only. */
export function normLabelRows<K extends string>(
  r: Recorder<K>,
  x: Tensor,
  rows: Size<K>,
  { config, norm, kept }: HeadPass,
): void {
  const { hiddenSize: size, rmsNormEps: eps } = config;
  const { normedRows: y, headRstd: rstd, labelRows: gather } = kept;
  rmsNormForward(r, { y, x, weight: norm, rstd, size, eps, rows, gather });
}

/** Backward of `normLabelRows`, from kept.dNormedRows: added to the label rows of `dx`. */
export function normLabelRowsBackward<K extends string>(
  r: Recorder<K>,
  { dx, x, rows }: { dx: Tensor; x: Tensor; rows: Size<K> },
  { config: { hiddenSize: size }, norm, kept }: HeadPass,
): void {
  const { dNormedRows, headRstd: rstd, labelRows: scatter } = kept;
  rmsNormBackward(r, { dx, dy: dNormedRows!, x, weight: norm, rstd, size, rows, accumulate: 1, scatter });
}

/** Logits of normalised label rows, the columns of each part of the head beside those of the one before. */
export function headForward<K extends string>(
  r: Recorder<K>,
  { rows, xRow, tile }: { rows: Size<K>; xRow?: number; tile?: "decode" },
  { head, kept }: Pick<HeadPass, "head" | "kept">,
): void {
  const options = { rows, ...(xRow === undefined ? {} : { xRow }), ...(tile ? { tile } : {}) };
  for (const { part, logits } of headParts(head, kept)) {
    linearForward(r, { ...options, y: logits, yStride: head.out, x: kept.normedRows, weight: part });
  }
}

/** Gradient of `headForward`: kept.dNormedRows from row `dxRow` on, out of the gradient in kept.logits. */
function headBackward<K extends string>(
  r: Recorder<K>,
  o: { rows: Size<K>; dxRow: number },
  { head, kept }: HeadPass,
): void {
  headParts(head, kept).forEach(({ part, logits }, n) => {
    const accumulate = n === 0 ? 0 : 1;
    linearBackwardInput(r, { ...o, dx: kept.dNormedRows!, dy: logits, dyStride: head.out, weight: part, accumulate });
  });
}

/** Each part of the head with the logits from its first column on. */
function headParts(head: VocabularyTable, { logits }: HeadActivations): { part: DenseWeight; logits: Tensor }[] {
  let column = 0;
  return head.parts.map((part) => {
    const from = view(logits, column, logits.length - column);
    column += part.out;
    return { part, logits: from };
  });
}

/** What the loss needs of a replay: label rows, and 1 / targets of the whole optimizer batch. */
export interface LossDims<K extends string> {
  labelRows: Size<K>;
  gradScale: Size<K>;
}

/** Rows of chunk `c` in this replay: 0 skips its dispatches. */
const rowsOfChunk =
  <K extends string>({ chunkRows }: HeadActivations, labelRows: Size<K>, c: number): Size<K> =>
  (d) =>
    Math.max(0, Math.min(chunkRows, evaluate(labelRows, d) - c * chunkRows));

/**
 * Loss of every label row into kept.nll and, with `gradient`, its gradient at the normalised label rows into kept.dNormedRows.
 */
export function headAndLoss<K extends string>(
  r: Recorder<K>,
  { labelRows, gradScale, gradient }: LossDims<K> & { gradient: boolean },
  p: HeadPass,
): void {
  const { head, vocab, kept } = p;
  for (let c = 0; c < kept.chunks; c++) {
    const rows = rowsOfChunk(kept, labelRows, c);
    const start = c * kept.chunkRows;
    headForward(r, { rows, xRow: start }, p);
    crossEntropy(r, {
      logits: kept.logits,
      targets: view(kept.targets, start, kept.chunkRows),
      nll: view(kept.nll, start, kept.chunkRows),
      vocab,
      ld: head.out,
      rows,
      nllRow: 0,
      gradScale,
      mode: gradient ? "gradient" : "loss",
    });
    if (gradient) headBackward(r, { rows, dxRow: start }, p);
  }
}
