/**
 * Pillow's resize, bit for bit: `Image.resize((w, h), BICUBIC)`, or LANCZOS, on 8-bit RGB. Two passes (columns, then rows), each with
 * coefficients in 22-bit fixed point, support widened when shrinking, rounded to 8 bits in between. Browsers' own resizers differ,
 * and the model was trained on Pillow's. Source: Pillow, src/libImaging/Resample.c.
 */
import type { DecodedImage, Size } from "./pixels.ts";

const precisionBits = 22;
const half = 1 << (precisionBits - 1);

interface Filter {
  /** Where its weights end, in samples of the larger picture. */
  support: number;
  weight(distance: number): number;
}

/** Keys' cubic convolution with a = -0.5. */
const bicubic: Filter = {
  support: 2,
  weight(distance) {
    const a = -0.5;
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
  },
};

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** The sinc under the middle lobe of one three times as wide. */
const lanczos: Filter = { support: 3, weight: (x) => (-3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0) };

interface Coefficients {
  /** Source samples of every output sample: as many as the one with most needs, so that loops have one length. */
  taps: number;
  /** [length] first source index; it and the `taps - 1` behind it lie inside the source. */
  first: Int32Array;
  /** [length, taps] fixed point. */
  weights: Int32Array;
}

/** Resample.c `precompute_coeffs` and `normalize_coeffs_8bpc`, for `length` output samples from `start` of all `outSize`. */
function coefficients(filter: Filter, inSize: number, outSize: number, start: number, length: number): Coefficients {
  // Pillow skips a pass that changes nothing.
  if (inSize === outSize) {
    const weights = new Int32Array(length).fill(1 << precisionBits);
    return { taps: 1, first: Int32Array.from({ length }, (_, i) => start + i), weights };
  }
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const inverse = 1 / filterScale;
  const centre = (i: number): number => (start + i + 0.5) * scale;
  const from = Int32Array.from({ length }, (_, i) => Math.max(0, Math.trunc(centre(i) - support + 0.5)));
  const to = Int32Array.from({ length }, (_, i) => Math.min(inSize, Math.trunc(centre(i) + support + 0.5)));
  const taps = from.reduce((most, begin, i) => Math.max(most, to[i]! - begin), 0);
  // Near the end of the source the padding of zeros stands in front.
  const first = from.map((begin) => Math.min(begin, inSize - taps));
  const weights = new Int32Array(length * taps);
  const row = new Float64Array(taps);
  for (let i = 0; i < length; i++) {
    const begin = from[i]!;
    const count = to[i]! - begin;
    let sum = 0;
    for (let x = 0; x < count; x++) {
      row[x] = filter.weight((x + begin - centre(i) + 0.5) * inverse);
      sum += row[x]!;
    }
    const at = i * taps + begin - first[i]!;
    for (let x = 0; x < count; x++) {
      const weight = (sum === 0 ? row[x]! : row[x]! / sum) * (1 << precisionBits);
      weights[at + x] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return { taps, first, weights };
}

/** Resample.c `clip8`, of one channel's sum. */
const clip8 = (sum: number): number => Math.max(0, Math.min(255, sum >> precisionBits));

/**
 * The weighted sum of `taps` pixels that stand `step` words apart, as a pixel. Nine tenths of a resize are spent here: three channels
 * of one load, and products of whole 32-bit words.
 */
function weigh(pixels: Int32Array, at: number, step: number, weights: Int32Array, w: number, taps: number): number {
  let r = half;
  let g = half;
  let b = half;
  for (const end = w + taps; w < end; w++, at += step) {
    const pixel = pixels[at]!;
    const weight = weights[w]!;
    r = (r + Math.imul(pixel & 255, weight)) | 0;
    g = (g + Math.imul((pixel >> 8) & 255, weight)) | 0;
    b = (b + Math.imul((pixel >> 16) & 255, weight)) | 0;
  }
  return clip8(r) | (clip8(g) << 8) | (clip8(b) << 16);
}

/** A part of the resized picture, in its pixels. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** See `resizeBicubic`. */
function resize(filter: Filter, { rgbx, width, height }: DecodedImage, to: Size, window: Window): Uint8Array {
  const across = coefficients(filter, width, to.width, window.left, window.width);
  const down = coefficients(filter, height, to.height, window.top, window.height);
  /** Source row y, resized across, is line `y % down.taps`: the rows under one output row fill all lines. */
  const lines = new Int32Array(down.taps * window.width);
  /** [down.taps] weights of one output row, in the order of the lines. */
  const weights = new Int32Array(down.taps);
  const out = new Uint8Array(window.height * window.width * 3);
  let next = 0;
  for (let y = 0; y < window.height; y++) {
    const first = down.first[y]!;
    for (next = Math.max(next, first); next < first + down.taps; next++) {
      resizeRow(rgbx, next * width, across, lines, (next % down.taps) * window.width);
    }
    for (let i = 0; i < down.taps; i++) weights[(first + i) % down.taps] = down.weights[y * down.taps + i]!;
    weighLines(lines, window.width, weights, out, y * window.width * 3);
  }
  return out;
}

/**
 * The part `window` of the picture resized to `to`. Only what the part needs of the result is computed, so that a strip of 30000 x 2
 * pixels costs no more than its crop; rows that the first pass has made are kept no longer than the second needs them.
 * @returns [window.height, window.width, 3], without a window [to.height, to.width, 3]
 */
export const resizeBicubic = (image: DecodedImage, to: Size, window: Window = { top: 0, left: 0, ...to }): Uint8Array =>
  resize(bicubic, image, to, window);

/** As `resizeBicubic`, with Lanczos' filter over three lobes. */
export const resizeLanczos = (image: DecodedImage, to: Size, window: Window = { top: 0, left: 0, ...to }): Uint8Array =>
  resize(lanczos, image, to, window);

/** One source row, resized across: from word `row` of the picture to word `to` of the lines. */
function resizeRow(
  rgbx: Int32Array,
  row: number,
  { taps, first, weights }: Coefficients,
  lines: Int32Array,
  to: number,
) {
  for (let x = 0, w = 0; x < first.length; x++, w += taps) {
    lines[to + x] = weigh(rgbx, row + first[x]!, 1, weights, w, taps);
  }
}

/** All lines as one output row, from byte `to` of the result on. */
function weighLines(lines: Int32Array, width: number, weights: Int32Array, out: Uint8Array, to: number) {
  for (let x = 0; x < width; x++, to += 3) {
    const pixel = weigh(lines, x, width, weights, 0, weights.length);
    out[to] = pixel;
    out[to + 1] = pixel >> 8;
    out[to + 2] = pixel >> 16;
  }
}
