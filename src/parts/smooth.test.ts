import { expect, test } from "vitest";
import { emaSmooth } from "./smooth.ts";

test("smoothing is TensorBoard's: the first value is itself, a constant stays constant", () => {
  expect(emaSmooth([4, 4, 4], 0.9).map((value) => value.toFixed(12))).toEqual(Array(3).fill("4.000000000000"));
  // By hand: (0.5*1)/0.5; (0.5*0.5 + 0.5*3)/0.75; (0.5*1.75 + 0.5*2)/0.875.
  expect(emaSmooth([1, 3, 2], 0.5)).toEqual([1, 1.75 / 0.75, 1.875 / 0.875]);
  expect(emaSmooth([1, 3, 2], 0)).toEqual([1, 3, 2]);
  expect(emaSmooth([], 0.9)).toEqual([]);
});

test("a value that is not finite shows and does not spread", () => {
  expect(emaSmooth([1, Number.NaN, 3], 0.5)).toEqual([1, Number.NaN, (0.25 + 1.5) / 0.75]);
});
