import { expect, test } from "vitest";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { gradNorm, gradNormPartials } from "./grad-norm.ts";

const bench = await testBench();

async function measure(gradients: Float32Array[], maxNorm: number): Promise<number[]> {
  const partials = bench.arena.tensor("partials", gradNormPartials(gradients.map((g) => g.length)));
  const out = bench.arena.tensor("out", 4);
  const tensors = gradients.map((g) => bench.arena.upload("gradient", g));
  const [values] = await bench.run(
    (r) => gradNorm(r, { partials, gradients: tensors, out, maxNorm: (d) => d.maxNorm }),
    [out],
    { maxNorm },
  );
  return [...values!];
}

const exactNorm = (gradients: Float32Array[]): number =>
  Math.sqrt(gradients.reduce((sum, g) => g.reduce((total, value) => total + value * value, sum), 0));

test("blocks of 4096 elements", () => {
  expect(gradNormPartials([1, 4096, 4097, 10_007])).toBe(1 + 1 + 2 + 3);
});

test.each([[[1]], [[63, 65]], [[4096, 4097, 1, 10_007]], [Array.from({ length: 70 }, (_, i) => 100 + i)]])(
  "norm and clip coefficient of gradients of lengths %j",
  async (lengths) => {
    const gradients = lengths.map((length, i) => randomArray(length, i + 1, 1e-3));
    const exact = exactNorm(gradients);
    const [norm, clip, flag, spare] = await measure(gradients, exact / 3);
    expect(Math.abs(norm! / exact - 1)).toBeLessThan(3e-7);
    expect(Math.abs(clip! / (exact / 3 / (exact + 1e-6)) - 1)).toBeLessThan(6e-7);
    expect([flag, spare]).toEqual([0, 0]);
    expect(await measure(gradients, exact / 3)).toEqual([norm, clip, flag, spare]);
  },
);

test("400,009 equal values, where a running f32 sum would drift", async () => {
  const gradient = new Float32Array(400_009).fill(0.1);
  const [norm] = await measure([gradient], 1);
  expect(Math.abs(norm! / exactNorm([gradient]) - 1)).toBeLessThan(3e-7);
});

test.each([
  [0, 1],
  [Number.POSITIVE_INFINITY, 1],
  [10, 1],
  [2.5, 2.5 / (5 + 1e-6)],
])("maxNorm %d on a norm of 5 gives the coefficient %d", async (maxNorm, expected) => {
  const [norm, clip] = await measure([Float32Array.of(3), Float32Array.of(-4, 0)], maxNorm);
  expect(norm).toBe(5);
  expect(Math.abs(clip! - expected)).toBeLessThan(1e-7);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38])(
  "a gradient of %d raises the flag",
  async (bad) => {
    const broken = randomArray(5000, 1);
    broken[4321] = bad;
    expect(await measure([randomArray(10, 2), broken], 1)).toEqual([Number.NaN, 0, 1, 0]);
  },
);
