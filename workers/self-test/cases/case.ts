/** What a case of the self-test is, and the numbers that several of them use. */
import type { Tensor, Uploads } from "../../gpu/buffers.ts";
import { random } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import type { Variants } from "../../gpu/variants.ts";
import { decodeReference } from "../../kernels/linear/reference.ts";
import type { FourBitWeight } from "../../kernels/linear/weight.ts";
import { f16ToF32, f32ToF16 } from "../../weights/formats/dtype.ts";

/** What an op left, and what it should have. */
export interface Output {
  name: string;
  tensor: Tensor;
  expected: ArrayLike<number>;
  /** What the tensor's words say, where they are not plain floats. */
  read?: (words: Float32Array) => ArrayLike<number>;
}

export type RecordCase = (r: Recorder<never>, arena: Uploads) => Output[];

export interface SelfTestCase {
  op: string;
  /** Kernels that the case is recorded with. */
  variants: Variants;
  /** Uploads the inputs, records the op, and says what must come out. */
  record: RecordCase;
  /** What must come out, if another kernel on this adapter says it: asked for when the case has run. */
  expected?: () => Promise<ArrayLike<number>[]>;
}

/** Words as whole numbers. */
export const asU32 = (words: Float32Array): Uint32Array =>
  new Uint32Array(words.buffer, words.byteOffset, words.length);

/** f16 words with exponents 2^-3 … 2^0 and all ten bits of fraction, and their values. */
export function halves(count: number, seed: number): { words: Uint16Array; values: Float32Array } {
  const next = random(seed);
  const words = new Uint16Array(count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [sign, exponent, fraction] = [next() < 0.5 ? 1 : 0, 12 + Math.floor(next() * 4), Math.floor(next() * 1024)];
    words[i] = (sign << 15) | (exponent << 10) | fraction;
    values[i] = (sign ? -1 : 1) * 2 ** (exponent - 15) * (1 + fraction / 1024);
  }
  return { words, values };
}

/** A random NF4 weight in blocks of 64, and its values. */
export function fourBit(arena: Uploads, out: number, inSize: number): { weight: FourBitWeight; values: Float32Array } {
  const next = random(1);
  const codes = Uint8Array.from({ length: (out * inSize) / 2 }, () => next() * 256);
  const absmax = f32ToF16(Float32Array.from({ length: Math.ceil((out * inSize) / 64) }, () => 0.02 + next()));
  const weight: FourBitWeight = {
    format: "nf4",
    out,
    in: inSize,
    blockSize: 64,
    codes: arena.upload("codes", codes),
    absmax: arena.upload("absmax", absmax),
    absmaxFormat: "f16",
  };
  return { weight, values: decodeReference("nf4", codes, f16ToF32(absmax), 64) };
}
