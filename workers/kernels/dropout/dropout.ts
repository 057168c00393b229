/**
 * Dropout (Srivastava et al. 2014) by a counter-based generator: the mask is a pure function of seed, optimizer step, site and
 * element, so recomputation, the backward pass and a resumed run all see the same one, and nothing of it is stored.
 */

import type { Tensor } from "../../gpu/buffers.ts";
import { f32, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { Stream } from "../../random/philox.ts";
import { compose } from "../compose.ts";
import { linearGrid, product } from "../elementwise.ts";
import code from "./dropout.wgsl?raw";
import philoxCode from "./philox.wgsl?raw";

const kernel: Kernel = { name: "dropout", code: compose(philoxCode, code), access: ["read", "read_write"] };

/** Which mask. */
export interface DropoutMask<K extends string = string> {
  /** Share of elements that become zero, in [0, 1). */
  rate: number;
  seed: number;
  /** Number of this place in the model: no two share one. */
  site: number;
  /** Optimizer step. */
  step: Size<K>;
  /** Row of the optimizer batch that row 0 is: a batch in several passes has the mask of one in a single pass. */
  firstRow: Size<K>;
}

export interface Dropout<K extends string = string> extends DropoutMask<K> {
  /** [rows, size], another buffer than `x`. */
  y: Tensor;
  /** [rows, size]; size is a multiple of 4. */
  x: Tensor;
  size: number;
  rows: Size<K>;
  /** y += instead of y =: the backward of what was dropped on the way forward. */
  accumulate?: boolean;
}

/** y = mask * x / (1 - rate). Its own backward: dx = mask * dy / (1 - rate). */
export function dropout<K extends string>(recorder: Recorder<K>, e: Dropout<K>): void {
  const quads = e.size / 4;
  if (!Number.isInteger(quads)) throw new Error(`dropout over ${e.size} columns`);
  const count = product(e.rows, quads);
  recorder.dispatch({
    kernel,
    tensors: [e.x, e.y],
    params: [
      quads,
      count,
      e.firstRow,
      e.site,
      e.step,
      e.seed,
      Stream.dropout,
      Math.floor(e.rate * 2 ** 32),
      f32(1 / (1 - e.rate)),
      e.accumulate ? 1 : 0,
    ],
    workgroups: linearGrid(count),
    flops: product(count, 120),
  });
}
