import { expect, test } from "vitest";
import { evaluate } from "../gpu/program.ts";
import { erfc } from "./activation/reference.ts";
import { linearGrid } from "./elementwise.ts";

test.each([
  [0, 64, 0, 0],
  [1, 64, 1, 1],
  [65, 64, 2, 1],
  [65_535 * 64, 64, 65_535, 1],
  [65_535 * 64 + 1, 64, 32_768, 2],
  [2 ** 30, 64, 65_281, 257],
  [70_000, 1, 35_000, 2],
])("a grid for %i elements, %i each: %i x %i workgroups", (count, perGroup, x, y) => {
  const grid = linearGrid<"count">((dims) => dims.count, perGroup).map((size) => evaluate(size, { count }));
  expect(grid).toEqual([x, y]);
  expect(x * y * perGroup).toBeGreaterThanOrEqual(count);
});

// Values of Abramowitz & Stegun table 7.1 and of mpmath.
test.each([
  [-1, 1.8427007929497148],
  [0, 1],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2.4999, 0.000407169900333451],
  [2.5, 0.0004069520174449589],
  [5, 1.5374597944280349e-12],
])("the reference erfc(%d) = %d", (z, expected) => {
  expect(Math.abs(erfc(z) / expected - 1)).toBeLessThan(1e-8);
});
