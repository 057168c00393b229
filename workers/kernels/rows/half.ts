/**
 * f32 <-> f16 for what is only stored in f16: activations between the forward and the backward pass. WGSL packs two halves to a word
 * without the `shader-f16` feature. Rounding is the adapter's (to nearest on all that we know).
 * f16 ends at 65,504, and hidden states of real models come near it or pass it ("massive activations": Sun et al. 2024); its normal
 * numbers begin at 2^-14. A row whose largest value lies outside is kept with a power of two of its own, so that no value is off by more
 * than 2^-11 of its row's largest, however large or small that is. All other rows are what f16 makes of them.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import { evaluate, type Kernel, type Recorder, type Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import packCode from "./half-pack.wgsl?raw";
import unpackCode from "./half-unpack.wgsl?raw";

const pack: Kernel = { name: "half-pack", code: packCode, access: ["read", "read_write", "read_write", "read_write"] };
const unpack: Kernel = { name: "half-unpack", code: unpackCode, access: ["read_write", "read", "read"] };

/** Rows of f16 and what they are multiplied with to be what they were. */
export interface HalfRows {
  /** f16 [rows, size], two to a word. */
  half: Tensor;
  /** [rows]: powers of two, 1 for most; NaN for a row that was not finite. */
  scales: Tensor;
}

export interface Half<K extends string = string> extends HalfRows {
  /** f32 [rows, size] */
  x: Tensor;
  /** A multiple of 4. */
  size: number;
  /** At most 65,535. */
  rows: Size<K>;
}

/** Where rows are counted: word `counter` of u32[..]. */
export interface BeyondHalf {
  beyond: Tensor;
  counter: number;
}

/** Words of a tensor of `count` halves; `count` is even. */
export const halfWords = (count: number): number => count / 2;

/** Values that a thread takes. */
const quadsOf = (size: number): number => {
  if (size % 4 !== 0) throw new Error(`halves in rows of ${size}`);
  return size / 4;
};

/** half, scales = x, rounded to f16 row by row. Adds to `beyond` the rows that reached beyond f16's largest number. */
export function packHalf<K extends string>(r: Recorder<K>, e: Half<K> & BeyondHalf): void {
  r.dispatch({
    kernel: pack,
    tensors: [e.x, e.half, e.scales, e.beyond],
    params: [quadsOf(e.size), e.counter],
    workgroups: [e.rows],
    flops: (dims) => 2 * evaluate(e.rows, dims) * e.size,
  });
}

/** x = half times scales. A row that was not finite is NaN. */
export function unpackHalf<K extends string>(r: Recorder<K>, { x, half, scales, size, rows }: Half<K>): void {
  const quads = quadsOf(size);
  const count = product(rows, quads);
  r.dispatch({
    kernel: unpack,
    tensors: [x, half, scales],
    params: [count, quads],
    workgroups: linearGrid(count),
    flops: product(rows, size),
  });
}
