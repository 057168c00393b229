/** Index of the largest logit of each row, for greedy decoding: only the ids travel back to the CPU. */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./argmax.wgsl?raw";

const kernel: Kernel = { name: "argmax", code, access: ["read", "read_write"] };

export interface ArgmaxRows<K extends string = string> {
  /** u32[rows], overwritten. */
  out: Tensor;
  /** f32 [rows, ld]. */
  x: Tensor;
  /** Columns that count, at least 1. */
  vocab: number;
  /** Floats from one row to the next, at least `vocab`. */
  ld: number;
  rows: Size<K>;
}

/** out[m] = argmax of x[m, 0 .. vocab); the lowest index wins ties, a NaN counts as the largest (as in torch.argmax). */
export function argmaxRows<K extends string>(recorder: Recorder<K>, { out, x, vocab, ld, rows }: ArgmaxRows<K>): void {
  recorder.dispatch({
    kernel,
    tensors: [x, out],
    params: [vocab, ld, rows],
    workgroups: linearGrid(rows, 1),
    flops: product(rows, vocab, 3),
  });
}
