/**
 * The f32 sum of PyTorch on a CPU with 8-wide vectors (ATen/native/cpu/SumKernel.cpp `cascade_sum`): rounding depends on the order
 * of the additions, and a mean that is one bit off changes every value that double quantisation restores from it.
 */

const lanes = 8;
const unrolled = 4;
const levels = 4;

/** Sum of `values`, each addition rounded to f32, in PyTorch's order. */
export function sumLikeTorch(values: Float32Array): number {
  const width = lanes * unrolled;
  const rows = Math.floor(values.length / width);
  const power = Math.max(4, Math.floor(Math.ceil(Math.log2(Math.max(rows, 1))) / levels));
  const step = 2 ** power;
  const sums = Array.from({ length: levels }, () => new Float32Array(width));
  const [lowest] = sums as [Float32Array];
  for (let row = 0; row < rows; ) {
    const end = Math.min(row + step, rows);
    const whole = end - row === step;
    for (; row < end; row++) addTo(lowest, values, row * width);
    // Every `step` rows the running sum moves a level up, every `step` of those the next.
    for (let level = 1; whole && level < levels; level++) {
      addTo(sums[level]!, sums[level - 1]!, 0);
      sums[level - 1]!.fill(0);
      if (row % step ** (level + 1) !== 0) break;
    }
  }
  for (let level = 1; level < levels; level++) addTo(lowest, sums[level]!, 0);

  const vector = lowest.slice(0, lanes);
  let at = rows * width;
  for (; at + lanes <= values.length; at += lanes) addTo(vector, values, at);
  for (let part = 1; part < unrolled; part++) addTo(vector, lowest, part * lanes);
  let sum = 0;
  for (; at < values.length; at++) sum = Math.fround(sum + values[at]!);
  for (const lane of vector) sum = Math.fround(sum + lane);
  return sum;
}

function addTo(sums: Float32Array, values: Float32Array, start: number): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[start + i]!;
}
