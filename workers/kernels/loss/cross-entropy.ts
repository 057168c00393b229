/**
 * Cross-entropy of a chunk of label rows. Only rows that have a target come here, and the gradient takes the place of the logits,
 * so that the memory of a chunk is the chunk's logits and nothing else
 * (cf. Liger Kernel, fused linear cross-entropy, Hsu et al. 2024). torch.nn.CrossEntropyLoss in f32, reduction "sum" * gradScale.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./cross-entropy.wgsl?raw";

const kernel: Kernel = { name: "cross-entropy", code, access: ["read", "read_write", "read_write"] };

export interface CrossEntropy<K extends string = string> {
  /** [rows, ld]; in mode "gradient" it becomes d(gradScale * sum of nll) / d(logits), with zeros in columns vocab .. ld. */
  logits: Tensor;
  /** u32[rows], each below `vocab` (the kernel does not check). */
  targets: Tensor;
  /** f32: row m's nll is written at nllRow + m. */
  nll: Tensor;
  vocab: number;
  /** Floats from one row of `logits` to the next, at least `vocab`. */
  ld: number;
  rows: Size<K>;
  nllRow: Size<K>;
  /** 1 / (number of targets of the whole optimizer batch). */
  gradScale: Size<K>;
  /** "loss" leaves the logits as they are. */
  mode: "loss" | "gradient";
}

/**
 * nll = logsumexp(row) - row[target] for every row; in gradient mode row = (softmax(row) - onehot(target)) * gradScale.
 * A row that holds an infinity or NaN gives NaN for its loss and its whole gradient.
 */
export function crossEntropy<K extends string>(recorder: Recorder<K>, e: CrossEntropy<K>): void {
  recorder.dispatch({
    kernel,
    tensors: [e.targets, e.logits, e.nll],
    params: [e.vocab, e.ld, e.rows, e.nllRow, f32(e.gradScale), e.mode === "gradient" ? 1 : 0],
    workgroups: linearGrid(e.rows, 1),
    flops: product(e.rows, e.vocab, e.mode === "gradient" ? 30 : 16),
  });
}
