/**
 * Pillow's bicubic resize, bit for bit: `Image.resize((w, h), BICUBIC)` on 8-bit RGB. Two passes (columns, then rows), each with
 * coefficients in 22-bit fixed point, support widened when shrinking, rounded to 8 bits in between; a pass whose size does not
 * change is skipped. Browsers' own resizers differ, and the model was trained on Pillow's. Source: Pillow, src/libImaging/Resample.c.
 */

const precisionBits = 22;
const bicubicSupport = 2;

/** Keys' cubic convolution with a = -0.5. */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

interface Coefficients {
  taps: number;
  /** [length] first source index. */
  first: Int32Array;
  /** [length] number of source samples. */
  count: Int32Array;
  /** [length, taps] fixed point. */
  weights: Int32Array;
}

/** Resample.c `precompute_coeffs` and `normalize_coeffs_8bpc`, for `length` output samples from `start` of all `outSize`. */
function coefficients(inSize: number, outSize: number, start: number, length: number): Coefficients {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const support = bicubicSupport * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * taps);
  const row = new Float64Array(taps);
  const inverse = 1 / filterScale;
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(inSize, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let x = 0; x < to - from; x++) {
      row[x] = bicubic((x + from - center + 0.5) * inverse);
      sum += row[x]!;
    }
    for (let x = 0; x < to - from; x++) {
      const weight = (sum === 0 ? row[x]! : row[x]! / sum) * (1 << precisionBits);
      weights[i * taps + x] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[i] = from;
    count[i] = to - from;
  }
  return { taps, first, count, weights };
}

/** Lines of pixels: along a line they stand `step` apart, lines `lineStep` apart (both in bytes). */
interface Lines<T> {
  data: T;
  step: number;
  lineStep: number;
}

/**
 * One pass over lines of pixels.
 * Horizontal: step 3, lineStep width * 3. Vertical: step width * 3, lineStep 3.
 */
function resamplePass(
  from: Lines<Uint8Array | Uint8ClampedArray>,
  to: Lines<Uint8ClampedArray>,
  { taps, first, count, weights }: Coefficients,
  lines: number,
): void {
  const [source, out] = [from.data, to.data];
  const half = 1 << (precisionBits - 1);
  const length = first.length;
  // Lines outside: the horizontal pass, the one over the large picture, then reads memory in order.
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      const k = i * taps;
      const n = count[i]!;
      let at = line * from.lineStep + first[i]! * from.step;
      let r = half;
      let g = half;
      let b = half;
      for (let x = 0; x < n; x++, at += from.step) {
        const weight = weights[k + x]!;
        r += source[at]! * weight;
        g += source[at + 1]! * weight;
        b += source[at + 2]! * weight;
      }
      const o = line * to.lineStep + i * to.step;
      // The clamped array is Resample.c's clip8; the shift has left whole numbers.
      out[o] = r >> precisionBits;
      out[o + 1] = g >> precisionBits;
      out[o + 2] = b >> precisionBits;
    }
  }
}

/** A part of the resized picture, in its pixels. */
export interface Window {
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * Resizes; with a window, only that part of the result is computed, so that a strip of 30000 x 2 pixels costs no more than its crop.
 * @param image rgb [height, width, 3]
 * @returns [window.height, window.width, 3], without a window [to.height, to.width, 3]
 */
export function resizeBicubic(
  { rgb, width, height }: { rgb: Uint8Array; width: number; height: number },
  to: { width: number; height: number },
  window: Window = { top: 0, left: 0, ...to },
): Uint8Array {
  const down = to.height === height ? undefined : coefficients(height, to.height, window.top, window.height);
  const last = window.height - 1;
  const firstRow = down ? down.first[0]! : window.top;
  const rows = down ? down.first[last]! + down.count[last]! - firstRow : window.height;

  const across = new Uint8ClampedArray(rows * window.width * 3);
  if (to.width === width) {
    for (let y = 0; y < rows; y++) {
      const from = ((firstRow + y) * width + window.left) * 3;
      across.set(rgb.subarray(from, from + window.width * 3), y * window.width * 3);
    }
  } else {
    const k = coefficients(width, to.width, window.left, window.width);
    const source = { data: rgb.subarray(firstRow * width * 3), step: 3, lineStep: width * 3 };
    resamplePass(source, { data: across, step: 3, lineStep: window.width * 3 }, k, rows);
  }
  if (!down) return new Uint8Array(across.buffer);

  const out = new Uint8ClampedArray(window.height * window.width * 3);
  const layout = { step: window.width * 3, lineStep: 3 };
  const shifted = { ...down, first: down.first.map((row) => row - firstRow) };
  resamplePass({ data: across, ...layout }, { data: out, ...layout }, shifted, window.width);
  return new Uint8Array(out.buffer);
}
