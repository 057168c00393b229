import { expect, test } from "vitest";
import { isLevel, trendOf } from "./trend.ts";

/** 400 steps around 100 MB; `at` gives what is added. */
const samples = (at: (step: number) => number) =>
  Array.from({ length: 400 }, (_, i) => ({ step: 100 + i, value: 1e8 + at(i) }));

/** A heap that grows by 40 kB a step until it is swept, every 50 steps. */
const sawtooth = (i: number): number => 40_000 * (i % 50);

test("a line is found with its growth, and has no noise", () => {
  const trend = trendOf(samples((i) => 1000 * i));
  expect(trend).toMatchObject({ samples: 400, from: 100, to: 499 });
  expect(trend.growth).toBeCloseTo(399_000, 3);
  expect(trend.noise).toBeLessThan(1);
});

test("a heap that is swept is level", () => {
  const trend = trendOf(samples(sawtooth));
  expect(Math.abs(trend.growth)).toBeLessThan(trend.noise);
  expect(isLevel(trend)).toBe(true);
});

test("a leak of 20 kB a step is seen through the sweeps", () => {
  expect(isLevel(trendOf(samples((i) => sawtooth(i) + 20_000 * i)))).toBe(false);
});

test("growth that hides in a large noise is not level either", () => {
  const wild = samples((i) => (i % 200 < 100 ? 0 : 6e7) + 3e4 * i);
  const trend = trendOf(wild);
  expect(trend.growth).toBeGreaterThan(0.05 * trend.mean);
  expect(isLevel(trend)).toBe(false);
});
