/**
 * NF4 and FP4 exactly as bitsandbytes packs them (csrc/kernels.cu `kQuantizeBlockwise`): blocks of consecutive elements of the
 * row-major flattened matrix, one f32 absmax each, x = w * (1 / absmax) in f32, byte j = code(w[2j]) << 4 | code(w[2j+1]).
 */
import { TabTuneError } from "../../errors.ts";
import { f16ToF32, f32ToF16, roundToF16 } from "../formats/dtype.ts";
import { bucketsPerUnit, codeLookup, codeValues, type FourBitType } from "./tables.ts";

export type { FourBitType } from "./tables.ts";

export interface QuantiseOptions {
  type: FourBitType;
  /** Elements that share an absmax: a power of two, 32 to 4096; 64 is bitsandbytes' default. */
  blockSize: number;
  /** Round weights to f16 before: what transformers does to a checkpoint of any other type. */
  roundToF16First: boolean;
}

export interface FourBitBlocks {
  /** [ceil(n / 2)] two codes a byte, the first in the high half; an odd last low half is the code of zero. */
  codes: Uint8Array;
  /** [ceil(n / blockSize)] */
  absmax: Float32Array;
}

/** Weights taken at a time, so that the f16 copy stays in cache; a multiple of every block size. */
const slabSize = 16384;

/**
 * Quantises a flattened matrix. Throws TabTuneError "bad-tensor" for weights that are not finite (with `roundToF16First`: in f16).
 * A block of zeros gets the code of zero, where the CUDA kernel divides by zero and emits code 0: both dequantise to zeros.
 */
export function quantise(weights: Float32Array, options: QuantiseOptions): FourBitBlocks {
  const { type, blockSize, roundToF16First } = options;
  if (!Number.isInteger(Math.log2(blockSize)) || blockSize < 32 || blockSize > 4096) {
    throw new TabTuneError(
      "bad-argument",
      `A quantisation block cannot have ${blockSize} elements.`,
      "Use a power of two from 32 to 4096; 64 is usual.",
    );
  }
  const codes = new Uint8Array(Math.ceil(weights.length / 2));
  const absmax = new Float32Array(Math.ceil(weights.length / blockSize));
  const rounded = roundToF16First ? new Float32Array(Math.min(slabSize, weights.length)) : undefined;
  for (let start = 0; start < weights.length; start += slabSize) {
    const slab = weights.subarray(start, Math.min(start + slabSize, weights.length));
    const values = rounded ? roundToF16(slab, rounded.subarray(0, slab.length)) : slab;
    quantiseSlab(values, type, blockSize, codes.subarray(start / 2), absmax.subarray(start / blockSize));
  }
  return { codes, absmax };
}

function quantiseSlab(
  values: Float32Array,
  type: FourBitType,
  blockSize: number,
  codes: Uint8Array,
  absmax: Float32Array,
): void {
  const { above, lower, upper } = codeLookup[type];
  const perUnit = bucketsPerUnit; // a local is faster than an imported binding in a loop this hot
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const largest = new Uint32Array(absmax.buffer, absmax.byteOffset, absmax.length);
  for (let start = 0, block = 0; start < values.length; start += blockSize, block++) {
    const end = Math.min(start + blockSize, values.length);
    // Magnitudes order like their bit patterns, and infinities and NaNs above all.
    let most = 0;
    for (let i = start; i < end; i++) {
      const magnitude = bits[i]! & 0x7fffffff;
      if (magnitude > most) most = magnitude;
    }
    if (most >= 0x7f800000) throw notFinite();
    largest[block] = most;
    const reciprocal = Math.fround(1 / absmax[block]!);
    // Zeros, and f32 subnormals too small to have a reciprocal.
    const scale = reciprocal === Number.POSITIVE_INFINITY ? 0 : reciprocal;
    const even = end - ((end - start) & 1);
    for (let i = start; i < even; i += 2) {
      const x = Math.fround(values[i]! * scale);
      const y = Math.fround(values[i + 1]! * scale);
      const a = (x * perUnit + perUnit) | 0;
      const b = (y * perUnit + perUnit) | 0;
      const high = x > above[a]! ? upper[a]! : lower[a]!;
      const low = y > above[b]! ? upper[b]! : lower[b]!;
      codes[i >> 1] = (high << 4) | low;
    }
    if (even < end) {
      const x = Math.fround(values[even]! * scale);
      const a = (x * perUnit + perUnit) | 0;
      const ofZero = 0 > above[perUnit]! ? upper[perUnit]! : lower[perUnit]!;
      codes[even >> 1] = ((x > above[a]! ? upper[a]! : lower[a]!) << 4) | ofZero;
    }
  }
}

/**
 * Block maxima as f16, which those of weights that were rounded to f16 are. Throws TabTuneError "bad-tensor" if one would lose
 * anything.
 */
export function absmaxToF16(absmax: Float32Array): Uint16Array {
  const halves = f32ToF16(absmax);
  const back = f16ToF32(halves);
  const lost = absmax.findIndex((value, i) => value !== back[i]);
  if (lost < 0) return halves;
  throw new TabTuneError(
    "bad-tensor",
    `The largest of block ${lost} is ${absmax[lost]}, which 16 bits cannot hold, where weights rounded to 16 bits were expected.`,
    "Clear the stored copy of this model in the storage panel and load it again.",
  );
}

/** The `length` weights that 4-bit blocks stand for, f32. */
export function dequantise(
  { codes, absmax }: FourBitBlocks,
  { type, blockSize, length }: { type: FourBitType; blockSize: number; length: number },
): Float32Array {
  const values = codeValues[type];
  const weights = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const byte = codes[i >> 1]!;
    weights[i] = values[i & 1 ? byte & 15 : byte >> 4]! * absmax[Math.floor(i / blockSize)]!;
  }
  return weights;
}

function notFinite(): TabTuneError {
  return new TabTuneError(
    "bad-tensor",
    "A weight is infinite, not a number, or too large for 16 bits.",
    "Use another revision of the checkpoint; this one is damaged or overflowed when it was saved.",
  );
}
