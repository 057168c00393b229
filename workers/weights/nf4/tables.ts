/**
 * The code books of bitsandbytes' 4-bit formats and of its double quantisation, bit for bit (bitsandbytes functional.py and
 * csrc/kernels.cu; NF4: Dettmers et al., QLoRA, 2023, appendix E).
 */

export type FourBitType = "nf4" | "fp4";

/** Value of each 4-bit code, for blocks whose largest magnitude is 1. */
export const codeValues: Record<FourBitType, Float32Array> = {
  nf4: Float32Array.of(
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
  ),
  // Sign, then 3 bits in no numeric order; fractions of 12.
  fp4: Float32Array.from(
    [0, 0.0625, 8, 12, 4, 6, 2, 3, -0, -0.0625, -8, -12, -4, -6, -2, -3],
    (twelfths) => twelfths / 12,
  ),
};

/** Codes by ascending value; zero has one. */
const ascending: Record<FourBitType, number[]> = {
  nf4: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  fp4: [11, 10, 13, 12, 15, 14, 9, 0, 1, 6, 7, 4, 5, 2, 3],
};

/**
 * Where one code gives way to the next: values strictly above a threshold take the upper one. NF4: the f32 midpoints, which are
 * the constants of the CUDA kernel. FP4: constants of the kernel on |x|; on the negative side "above in magnitude" makes the
 * threshold itself belong to the upper code, so it is the next f32 below.
 */
const thresholds: Record<FourBitType, Float32Array> = { nf4: midpoints(codeValues.nf4), fp4: fp4Thresholds() };

function midpoints(values: Float32Array): Float32Array {
  return values.slice(1).map((value, i) => Math.fround(value + values[i]!) / 2);
}

function fp4Thresholds(): Float32Array {
  const magnitudes = Float32Array.of(0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333);
  const belowNegated = magnitudes.map((value) => nextBelow(-value)).reverse();
  return Float32Array.of(...belowNegated, ...magnitudes);
}

/** The f32 below a negative one. */
function nextBelow(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]! += 1;
  return new Float32Array(bits.buffer)[0]!;
}

/**
 * From value to code without a search: [-1, 1] is cut into 512 buckets so narrow that each holds at most one threshold.
 * `code = x > above[b] ? upper[b] : lower[b]` with b = floor(256 x + 256); one bucket more takes the 1 + ulp that a rounded
 * reciprocal may give.
 */
export interface CodeLookup {
  above: Float32Array;
  lower: Uint8Array;
  upper: Uint8Array;
}

export const bucketsPerUnit = 256;

export const codeLookup: Record<FourBitType, CodeLookup> = { nf4: lookup("nf4"), fp4: lookup("fp4") };

function lookup(type: FourBitType): CodeLookup {
  const buckets = 2 * bucketsPerUnit + 1;
  const table = {
    above: new Float32Array(buckets).fill(Number.POSITIVE_INFINITY),
    lower: new Uint8Array(buckets),
    upper: new Uint8Array(buckets),
  };
  const codes = ascending[type];
  let passed = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const end = (bucket + 1) / bucketsPerUnit - 1;
    table.lower[bucket] = codes[passed]!;
    if (thresholds[type][passed]! < end) {
      table.above[bucket] = thresholds[type][passed]!;
      passed++;
    }
    table.upper[bucket] = codes[passed]!;
  }
  return table;
}

/**
 * The "dynamic" 8-bit maps, ascending: for each power of ten from 1e-6 to 1 twice as many steps, and 0 and 1 (bitsandbytes
 * `create_dynamic_map`). Signed: zero is at index 127. Unsigned (second moments): zero first, twice the steps.
 */
export const dynamicMap: Float32Array = makeDynamicMap(true);
export const unsignedDynamicMap: Float32Array = makeDynamicMap(false);

function makeDynamicMap(signed: boolean): Float32Array {
  const values = [0, 1];
  for (let power = 0; power < 7; power++) {
    const steps = 2 ** power * (signed ? 1 : 2);
    for (let i = 0; i < steps; i++) {
      // Midpoint of neighbours in linspace(0.1, 1, steps + 1), in f32 as PyTorch has it.
      const from = linspace(i, steps);
      const to = linspace(i + 1, steps);
      const value = Math.fround(Math.fround(from + to) / 2) * Math.fround(10 ** (power - 6));
      values.push(value);
      if (signed) values.push(-value);
    }
  }
  return Float32Array.from(values).sort();
}

/** Element i of torch.linspace(0.1, 1, steps + 1): f32, from either end to the middle. */
function linspace(i: number, steps: number): number {
  const step = Math.fround(Math.fround(1 - Math.fround(0.1)) / steps);
  return i < (steps + 1) / 2 ? Math.fround(Math.fround(0.1) + step * i) : Math.fround(1 - step * (steps - i));
}
