/**
 * Cross-entropy of a chunk of label rows, and the sum that makes a loss of it. Only rows that have a target come here, and the
 * gradient takes the place of the logits, so that the memory of a chunk is the chunk's logits and nothing else
 * (cf. Liger Kernel, fused linear cross-entropy, Hsu et al. 2024). torch.nn.CrossEntropyLoss in f32, reduction "sum" * gradScale.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./cross-entropy.wgsl?raw";
import sumCode from "./cross-entropy-sum.wgsl?raw";

const plain: Kernel = { name: "cross-entropy", code, access: ["read", "read_write", "read_write"] };
const withLogsumexp: Kernel = {
  name: "cross-entropy-logsumexp",
  code: code
    .replace("//LOGSUMEXP_BINDING", "@group(0) @binding(4) var<storage, read_write> logsumexp: array<f32>;")
    .replace("//LOGSUMEXP_STORE", "logsumexp[p.nllRow + row] = top + log(total);"),
  access: ["read", "read_write", "read_write", "read_write"],
};
const sum: Kernel = { name: "cross-entropy-sum", code: sumCode, access: ["read", "read_write"] };

export interface CrossEntropy {
  /** [rows, ld]; in mode "gradient" it becomes d(gradScale * sum of nll) / d(logits), with zeros in columns vocab .. ld. */
  logits: Tensor;
  /** u32[rows], each below `vocab` (the kernel does not check). */
  targets: Tensor;
  /** f32: row m's nll is written at nllRow + m. */
  nll: Tensor;
  /** f32, written like `nll` when given. */
  logsumexp?: Tensor;
  vocab: number;
  /** Floats from one row of `logits` to the next, at least `vocab`. */
  ld: number;
  rows: Size;
  nllRow: Size;
  /** 1 / (number of targets of the whole optimizer batch). */
  gradScale: Size;
  /** "loss" leaves the logits as they are. */
  mode: "loss" | "gradient";
}

/**
 * nll = logsumexp(row) - row[target] for every row; in gradient mode row = (softmax(row) - onehot(target)) * gradScale.
 * A row that holds an infinity or NaN gives NaN for its loss and its whole gradient.
 */
export function crossEntropy(recorder: Recorder, e: CrossEntropy): void {
  recorder.dispatch({
    kernel: e.logsumexp ? withLogsumexp : plain,
    tensors: e.logsumexp ? [e.targets, e.logits, e.nll, e.logsumexp] : [e.targets, e.logits, e.nll],
    params: [e.vocab, e.ld, e.rows, e.nllRow, f32(e.gradScale), e.mode === "gradient" ? 1 : 0],
    workgroups: linearGrid(e.rows, 1),
    flops: product(e.rows, e.vocab, e.mode === "gradient" ? 30 : 16),
  });
}

export interface SumRows {
  /** f32; one element of it is written. */
  out: Tensor;
  /** f32[count]. */
  x: Tensor;
  count: Size;
  outIndex: Size;
  /** 1 adds to what is there, 0 overwrites it: the first micro-batch of a step says 0. With 0 a count of 0 writes 0. */
  accumulate: Size;
}

/** The sum of a vector in a fixed order, by one workgroup: for the few thousand nll values of a batch. */
export function sumRows(recorder: Recorder, { out, x, count, outIndex, accumulate }: SumRows): void {
  recorder.dispatch({
    kernel: sum,
    tensors: [x, out],
    params: [count, outIndex, accumulate],
    workgroups: [1],
    flops: count,
  });
}
