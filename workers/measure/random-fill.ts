/**
 * Numbers made where they are needed: a model of gigabytes is filled on the card in a moment, and the same seed makes the same bits on
 * every card. What a pass costs does not depend on what the weights say, as long as they are no zeros, NaNs or denormals.
 */
import type { Tensor } from "../gpu/buffers.ts";
import { ceilDiv, f32, type Kernel, type Recorder } from "../gpu/program.ts";
import type { DenseFormat } from "../kernels/linear/weight.ts";
import code from "./random-fill.wgsl?raw";

/** "bits": words of no meaning, such as 4-bit codes. */
export type RandomKind = "bits" | DenseFormat;
const kinds: RandomKind[] = ["bits", "f32", "f16", "bf16"];

/** Words that a thread writes, and threads of a workgroup: [128 MiB, f32] is within 65,535 workgroups. */
const WORDS = 16;
const THREADS = 64;

const kernel: Kernel = { name: "random fill", code, access: ["read_write"], sliced: true };

export interface RandomFill {
  kind: RandomKind;
  seed: number;
  /** Values are uniform in [offset - scale, offset + scale). */
  scale?: number;
  offset?: number;
}

/** Overwrites `count` words of `y` from word `first` on. */
export function randomFill(
  r: Recorder<never>,
  y: Tensor,
  { kind, seed, scale = 1, offset = 0 }: RandomFill,
  first = 0,
  count = y.length - first,
): void {
  r.dispatch({
    kernel,
    tensors: [y],
    params: [first, count, seed >>> 0, kinds.indexOf(kind), f32(scale), f32(offset)],
    workgroups: [ceilDiv(count, WORDS * THREADS)],
    flops: 20 * count,
  });
}

function hash(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}

/** The words of `randomFill` as the CPU makes them: bits, or the values of each word (one of f32, two of f16 and bf16) before rounding. */
export function randomReference({ kind, seed, scale = 1, offset = 0 }: RandomFill, count: number): number[] {
  const value = (half: number): number => (half / 32768 - 1) * scale + offset;
  return Array.from({ length: count }, (_, i) => hash((i ^ seed) >>> 0)).flatMap((h) => {
    if (kind === "bits") return [h];
    return kind === "f32" ? [value(h >>> 16)] : [value(h >>> 16), value(h & 0xffff)];
  });
}
