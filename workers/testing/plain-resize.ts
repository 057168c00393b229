/**
 * Pillow's bicubic resize as plainly as Resample.c has it, one pass over the whole picture and then the other: what
 * data/pictures/resize.ts is held against, for equality and for time.
 */

export interface RgbImage {
  width: number;
  height: number;
  /** [height, width, 3] */
  rgb: Uint8Array;
}

function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

/** First source sample and weights, in units of 2^-22, of output sample `i`. */
function weightsOf(inSize: number, outSize: number, i: number): { from: number; weights: number[] } {
  const scale = inSize / outSize;
  const filterScale = Math.max(scale, 1);
  const center = (i + 0.5) * scale;
  const from = Math.max(0, Math.trunc(center - 2 * filterScale + 0.5));
  const to = Math.min(inSize, Math.trunc(center + 2 * filterScale + 0.5));
  const raw = Array.from({ length: to - from }, (_, x) => bicubic((x + from - center + 0.5) * (1 / filterScale)));
  const sum = raw.reduce((a, b) => a + b, 0);
  const weights = raw.map((w) => (sum === 0 ? w : w / sum) * 2 ** 22);
  return { from, weights: weights.map((w) => Math.trunc(w < 0 ? w - 0.5 : w + 0.5)) };
}

/** Samples of a line stand `step` bytes apart; `starts` has where each line begins in the source and in the result. */
function pass(
  source: Uint8Array,
  size: number,
  out: Uint8ClampedArray,
  outSize: number,
  step: number,
  outStep: number,
  starts: readonly (readonly [number, number])[],
): void {
  for (let i = 0; i < outSize; i++) {
    const { from, weights } = weightsOf(size, outSize, i);
    for (const [start, outStart] of starts) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 2 ** 21;
        for (let x = 0; x < weights.length; x++) sum += source[start + (from + x) * step + channel]! * weights[x]!;
        out[outStart + i * outStep + channel] = Math.floor(sum / 2 ** 22);
      }
    }
  }
}

/** @returns [to.height, to.width, 3] */
export function plainResize({ rgb, width, height }: RgbImage, to: { width: number; height: number }): Uint8Array {
  const across = new Uint8ClampedArray(height * to.width * 3);
  const rows = Array.from({ length: height }, (_, y) => [y * width * 3, y * to.width * 3] as const);
  if (to.width === width) across.set(rgb);
  else pass(rgb, width, across, to.width, 3, 3, rows);
  if (to.height === height) return new Uint8Array(across.buffer);
  const out = new Uint8ClampedArray(to.height * to.width * 3);
  const columns = Array.from({ length: to.width }, (_, x) => [x * 3, x * 3] as const);
  pass(new Uint8Array(across.buffer), height, out, to.height, to.width * 3, to.width * 3, columns);
  return new Uint8Array(out.buffer);
}
