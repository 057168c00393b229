/**
 * ggml's Q8_0: 32 numbers as one f16 scale and 32 whole numbers of 8 bits. The scale is the largest magnitude over 127, and numbers
 * are rounded to nearest, halves away from zero, all in f32 (gguf's quants.py and ggml-quants.c agree on it).
 */
import { f32ToF16 } from "./dtype.ts";

/** Numbers of a block, and its bytes. */
export const blockQ8 = 32;
export const blockBytesQ8 = 34;

/** [n] numbers, n a multiple of 32 -> n / 32 blocks of 34 bytes. */
export function quantiseQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / blockQ8;
  const scales = new Float32Array(blocks);
  const bytes = new Uint8Array(blocks * blockBytesQ8);
  for (let block = 0; block < blocks; block++) {
    const from = block * blockQ8;
    let most = 0;
    for (let i = from; i < from + blockQ8; i++) most = Math.max(most, Math.abs(values[i]!));
    const scale = Math.fround(most / 127);
    scales[block] = scale;
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    for (let i = 0; i < blockQ8; i++) {
      const value = Math.fround(values[from + i]! * inverse);
      const size = Math.floor(Math.abs(value) + 0.5);
      bytes[block * blockBytesQ8 + 2 + i] = value < 0 ? -size : size;
    }
  }
  f32ToF16(scales).forEach((word, block) => {
    bytes[block * blockBytesQ8] = word & 255;
    bytes[block * blockBytesQ8 + 1] = word >> 8;
  });
  return bytes;
}
