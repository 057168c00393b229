/**
 * Token embedding with the image features spliced in, as LlavaForConditionalGeneration does with masked_scatter
 * (transformers, models/llava/modeling_llava.py) but by an explicit slot map. The table is frozen: only image rows have a gradient.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import type { DenseFormat, DenseWeight } from "../linear/weight.ts";
import code from "./embedding.wgsl?raw";
import addCode from "./embedding-add.wgsl?raw";
import backwardCode from "./embedding-backward.wgsl?raw";

const kernel: Kernel = { name: "embedding", code, access: ["read", "read", "read", "read", "read_write"] };
const backward: Kernel = { name: "embedding-backward", code: backwardCode, access: ["read", "read", "read_write"] };
const add: Kernel = { name: "embedding-add", code: addCode, access: ["read", "read", "read_write"] };
const FORMATS: Record<DenseFormat, number> = { f32: 0, f16: 1, bf16: 2 };

export interface EmbeddingForward<K extends string = string> {
  /** [at least yRow + rows, D], overwritten. */
  y: Tensor;
  /** u32[rows], each below the table's rows (of another nothing is written); ignored where an image slot is given. */
  ids: Tensor;
  /** [V, D], cut by rows of the vocabulary: an adapter need not be able to bind it whole. */
  table: readonly DenseWeight[];
  /** [F, D]; bound but never read when every slot is -1. */
  imageFeatures: Tensor;
  /** i32[rows]: row of `imageFeatures`, or -1 for a text token. */
  imageSlots: Tensor;
  /** D. */
  size: number;
  rows: Size<K>;
  /** First row written; 0 if absent. */
  yRow?: Size<K>;
}

/** y[yRow + m] = imageSlots[m] < 0 ? table[ids[m]] : imageFeatures[imageSlots[m]]. */
export function embeddingForward<K extends string>(recorder: Recorder<K>, e: EmbeddingForward<K>): void {
  const count = product(e.rows, e.size);
  let firstId = 0;
  for (const part of e.table) {
    recorder.dispatch({
      kernel,
      tensors: [e.ids, e.imageSlots, e.imageFeatures, part.data, e.y],
      params: [e.size, count, e.yRow ?? 0, FORMATS[part.format], firstId, part.out],
      workgroups: linearGrid(count),
      flops: count,
    });
    firstId += part.out;
  }
}

export interface AddFeatures<K extends string = string> {
  /** [rows, D]: rows without a slot stay as they are. */
  y: Tensor;
  /** [F, D]; another buffer than `y`. */
  features: Tensor;
  /** i32[rows]: row of `features`, or -1 for a text token. */
  slots: Tensor;
  size: number;
  rows: Size<K>;
}

/**
 * y[m] += features[slots[m]]: DeepStack (transformers: Qwen3VLTextModel._deepstack_process). Its backward is `embeddingBackward`: y's
 * gradient goes on as it is, and a feature's is that of the row which took it.
 */
export function addFeatures<K extends string>(recorder: Recorder<K>, a: AddFeatures<K>): void {
  const count = product(a.rows, a.size);
  recorder.dispatch({
    kernel: add,
    tensors: [a.features, a.slots, a.y],
    params: [a.size, count],
    workgroups: linearGrid(count),
    flops: count,
  });
}

export interface EmbeddingBackward<K extends string = string> {
  /** [F, D], overwritten. */
  dFeatures: Tensor;
  /** [rows, D]: gradient of the embeddings. */
  dy: Tensor;
  /** i32[F]: the one token row that each feature was spliced into; -1 where none was (LLaVA-NeXT cuts padding off). */
  featureRows: Tensor;
  size: number;
  /** F. */
  features: Size<K>;
}

/** dFeatures[f] = dy[featureRows[f]], or 0: a gather, so no two threads write the same place. */
export function embeddingBackward<K extends string>(recorder: Recorder<K>, e: EmbeddingBackward<K>): void {
  const count = product(e.features, e.size);
  recorder.dispatch({
    kernel: backward,
    tensors: [e.dy, e.featureRows, e.dFeatures],
    params: [e.size, count],
    workgroups: linearGrid(count),
    flops: count,
  });
}
