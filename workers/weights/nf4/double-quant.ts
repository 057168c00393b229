/**
 * Double quantisation: the absmax of the 4-bit blocks, less their mean, once more quantised to 8 bits in blocks of 256
 * (bitsandbytes functional.py `quantize_4bit(compress_statistics=True)`).
 */
import { sumLikeTorch } from "./sum.ts";
import { dynamicMap } from "./tables.ts";

const nestedBlockSize = 256;

export interface DoubleQuantised {
  /** [n] indices into the dynamic map. */
  codes: Uint8Array;
  /** [ceil(n / 256)] */
  absmax: Float32Array;
  /** Mean of the original absmax. */
  offset: number;
}

/** The f32 midpoints of the map: below or at one, the lower entry is the nearer. */
const halfway = dynamicMap.slice(1).map((value, i) => (value + dynamicMap[i]!) / 2);

/** Quantises block maxima. */
export function doubleQuantise(absmax: Float32Array): DoubleQuantised {
  const offset = absmax.length === 0 ? 0 : Math.fround(sumLikeTorch(absmax) / absmax.length);
  const centred = absmax.map((value) => value - offset);
  const nested = new Float32Array(Math.ceil(absmax.length / nestedBlockSize));
  const codes = new Uint8Array(absmax.length);
  for (let block = 0; block < nested.length; block++) {
    const start = block * nestedBlockSize;
    const end = Math.min(start + nestedBlockSize, absmax.length);
    let most = 0;
    for (let i = start; i < end; i++) most = Math.max(most, Math.abs(centred[i]!));
    nested[block] = most;
    const scale = most === 0 ? 0 : Math.fround(1 / most);
    for (let i = start; i < end; i++) codes[i] = nearest(Math.fround(centred[i]! * scale));
  }
  return { codes, absmax: nested, offset };
}

/**
 * The block maxima that a double quantisation stands for: what a forward pass multiplies with. A checkpoint that was saved
 * quantised brings its own code book and block size.
 */
export function doubleDequantise(
  { codes, absmax, offset }: DoubleQuantised,
  book: Float32Array = dynamicMap,
  blockSize: number = nestedBlockSize,
): Float32Array {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    values[i] = Math.fround(book[codes[i]!]! * absmax[Math.floor(i / blockSize)]!) + offset;
  }
  return values;
}

/** Index of the map's entry nearest to `value`, by bisection. */
function nearest(value: number): number {
  let low = 0;
  let high = halfway.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > halfway[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}
