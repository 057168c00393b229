/**
 * The number formats of checkpoints, and how they become f32 and back. f16 is IEEE binary16, bf16 the upper half of f32; rounding
 * is to nearest, ties to even, subnormals included, as PyTorch's `.to()` does it.
 */
import { TabTuneError } from "../../errors.ts";

/** Bytes of one element, by the names that safetensors uses, in the order of the safetensors library's `Dtype`. */
export const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type Dtype = keyof typeof dtypeBytes;

/** How many elements a tensor of this shape has. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((elements, size) => elements * size, 1);

/** The elements of `bytes` (little-endian) as f32: a view where that is possible, else a copy. F32, F16, BF16 and F64 only. */
export function toF32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  switch (dtype) {
    case "F32": {
      const aligned = alignedTo(bytes, 4);
      return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
    }
    case "F16":
      return f16ToF32(wordsOf(bytes));
    case "BF16":
      return bf16ToF32(wordsOf(bytes));
    case "F64": {
      const aligned = alignedTo(bytes, 8);
      return Float32Array.from(new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8));
    }
    default:
      throw new TabTuneError(
        "bad-tensor",
        `A tensor holds ${dtype} values where real numbers (F32, F16, BF16 or F64) are needed.`,
        "Use the checkpoint in one of these formats.",
      );
  }
}

/** The bytes of an array of numbers, as a view. */
export function bytesOf(values: Float32Array | Uint16Array | Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

let f16Values: Float32Array | undefined;

/** Exact f32 values of f16 bit patterns, through a table of all 65,536. */
export function f16ToF32(words: Uint16Array): Float32Array {
  f16Values ??= Float32Array.from({ length: 0x10000 }, (_, word) => f16Value(word));
  const table = f16Values;
  const values = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) values[i] = table[words[i]!]!;
  return values;
}

function f16Value(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Exact f32 values of bf16 bit patterns. */
export function bf16ToF32(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
  return new Float32Array(bits.buffer);
}

/**
 * Rounds f32 values to the nearest f16 and writes them, still as f32, to `out` (which may be `values`). From 65520 on they
 * become infinite; NaN stays NaN.
 */
export function roundToF16(values: Float32Array, out: Float32Array = new Float32Array(values.length)): Float32Array {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const target = new Uint32Array(out.buffer, out.byteOffset, values.length);
  for (let i = 0; i < source.length; i++) {
    const bits = source[i]!;
    const magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x477ff000) {
      // 65520 and up: infinite, and NaN as it is.
      target[i] = magnitude > 0x7f800000 ? bits : (bits & 0x80000000) | 0x7f800000;
    } else if (magnitude >= 0x38800000) {
      // 2^-14 and up: drop 13 bits, a carry may run into the exponent.
      target[i] = (bits & 0x80000000) | ((magnitude + 0xfff + ((magnitude >>> 13) & 1)) & 0xffffe000);
    } else {
      // f16 subnormals are multiples of 2^-24, which is the last place of 0.75: adding it rounds, subtracting it is exact.
      const value = values[i]!;
      const rounded = Math.fround(Math.fround(Math.abs(value) + 0.75) - 0.75);
      out[i] = bits & 0x80000000 ? -rounded : rounded;
    }
  }
  return out;
}

/** The first finite value that f16 has no number for: it would become infinite. Undefined where there is none. */
export const beyondF16 = (values: Float32Array): number | undefined =>
  values.find((value) => Math.abs(value) >= 65520 && Number.isFinite(value));

const slabSize = 1 << 16;

/** The f16 bit patterns nearest to f32 values. */
export function f32ToF16(values: Float32Array): Uint16Array {
  const words = new Uint16Array(values.length);
  // Slab by slab: a second copy of an embedding table in f32 would be a quarter of a gigabyte.
  const rounded = new Float32Array(Math.min(slabSize, values.length));
  const bits = new Uint32Array(rounded.buffer);
  for (let start = 0; start < values.length; start += slabSize) {
    const slab = values.subarray(start, start + slabSize);
    roundToF16(slab, rounded);
    for (let i = 0; i < slab.length; i++) {
      const sign = (bits[i]! >>> 16) & 0x8000;
      const magnitude = bits[i]! & 0x7fffffff;
      let word = sign | ((magnitude - 0x38000000) >>> 13);
      if (magnitude > 0x7f800000) word = sign | 0x7e00;
      else if (magnitude === 0x7f800000) word = sign | 0x7c00;
      else if (magnitude < 0x38800000) word = sign | (Math.abs(rounded[i]!) * 2 ** 24);
      words[start + i] = word;
    }
  }
  return words;
}

/** The bf16 bit patterns nearest to f32 values, ties to even. */
export function f32ToBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const words = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const b = bits[i]!;
    const notANumber = (b & 0x7fffffff) > 0x7f800000;
    words[i] = notANumber ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return words;
}

function wordsOf(bytes: Uint8Array): Uint16Array {
  const aligned = alignedTo(bytes, 2);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

/** Typed arrays start at multiples of their element size only; a safetensors header may put a tensor anywhere. */
function alignedTo(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : bytes.slice();
}
