import { expect, test } from "vitest";
import { sumLikeTorch } from "./sum.ts";

const f32 = (length: number, value: (i: number) => number) => Float32Array.from({ length }, (_, i) => value(i));

test.each([0, 1, 7, 8, 31, 32, 100, 511, 512, 8191, 8192, 8192 * 16 + 37])("%i whole numbers sum exactly", (length) => {
  const values = f32(length, (i) => (i * 7) % 13);
  expect(sumLikeTorch(values)).toBe(values.reduce((sum, value) => sum + value, 0));
});

test("eight values are added one after the other", () => {
  expect(sumLikeTorch(Float32Array.of(2 ** 24, 1, 1, 1, 0, 0, 0, 0))).toBe(2 ** 24);
  expect(sumLikeTorch(Float32Array.of(1, 1, 1, 2 ** 24, 0, 0, 0, 0))).toBe(2 ** 24 + 4);
});

test("long sums cascade: small addends are not lost on a large one", () => {
  // One after the other, 2^24 + 1 + 1 … never moves.
  expect(sumLikeTorch(f32(8192 * 16, (i) => (i === 0 ? 2 ** 24 : 1)))).toBeGreaterThan(2 ** 24 + 130_000);
});
