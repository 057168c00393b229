/**
 * f32 <-> f16 for what is only stored in f16: activations between the forward and the backward pass. WGSL packs two halves to a word
 * without the `shader-f16` feature. Rounding is the adapter's (to nearest on all that we know); values beyond f16's range become its largest.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import packCode from "./half-pack.wgsl?raw";
import unpackCode from "./half-unpack.wgsl?raw";

const pack: Kernel = { name: "half-pack", code: packCode, access: ["read", "read_write"] };
const unpack: Kernel = { name: "half-unpack", code: unpackCode, access: ["read", "read_write"] };

export interface Half<K extends string = string> {
  /** f32 [rows, size] */
  x: Tensor;
  /** f16 [rows, size], two to a word. */
  half: Tensor;
  /** A multiple of 4. */
  size: number;
  rows: Size<K>;
}

/** Words of a tensor of `count` halves; `count` is even. */
export const halfWords = (count: number): number => count / 2;

function record<K extends string>(
  r: Recorder<K>,
  kernel: Kernel,
  from: Tensor,
  to: Tensor,
  { size, rows }: Half<K>,
): void {
  if (size % 4 !== 0) throw new Error(`halves in rows of ${size}`);
  // A thread takes four values.
  const count = product(rows, size / 4);
  r.dispatch({
    kernel,
    tensors: [from, to],
    params: [count],
    workgroups: linearGrid(count),
    flops: product(rows, size),
  });
}

/** half = x, rounded to f16. */
export const packHalf = <K extends string>(r: Recorder<K>, e: Half<K>): void => record(r, pack, e.x, e.half, e);

/** x = half. */
export const unpackHalf = <K extends string>(r: Recorder<K>, e: Half<K>): void => record(r, unpack, e.half, e.x, e);
