import { expect, test } from "vitest";
import { isLevel, staysWithin, trendOf } from "./trend.ts";

/** 200 of 400 steps around 100 MB; `at` gives what is added. */
const samples = (at: (step: number) => number) =>
  Array.from({ length: 200 }, (_, i) => ({ step: 100 + 2 * i, value: 1e8 + at(2 * i) }));

/** A heap that grows by 40 kB a step until it is swept, every 50 steps. */
const sawtooth = (i: number): number => 40_000 * (i % 50);

test("a line is found with its growth, and is sure of it", () => {
  const trend = trendOf(samples((i) => 1000 * i));
  expect(trend).toMatchObject({ samples: 200, from: 100, to: 498 });
  for (const growth of [trend.growth, trend.least, trend.most]) expect(growth).toBeCloseTo(398_000, 3);
});

test("a heap that is swept is level", () => {
  const trend = trendOf(samples(sawtooth));
  expect(trend.least).toBeLessThan(0);
  expect(trend.most).toBeGreaterThan(0);
  expect(isLevel(trend)).toBe(true);
});

test("a few looks that fell into a save change nothing", () => {
  const trend = trendOf(samples((i) => sawtooth(i) + (i % 130 === 0 ? 6.7e7 : 0)));
  expect(Math.abs(trend.growth)).toBeLessThan(1e6);
  expect(isLevel(trend)).toBe(true);
});

test("a leak of 20 kB a step is seen through the sweeps", () => {
  expect(isLevel(trendOf(samples((i) => sawtooth(i) + 20_000 * i)))).toBe(false);
});

test("what is small beside the whole stays within it, and is not level where it is sure", () => {
  const trend = trendOf(samples((i) => 20_000 * i));
  expect(staysWithin(trend)).toBe(true);
  expect(isLevel(trend)).toBe(false);
  expect(staysWithin(trendOf(samples((i) => 40_000 * i)))).toBe(false);
});

test("growth that hides in a large noise is not level either", () => {
  const trend = { samples: 20, from: 100, to: 500, median: 1e8, growth: 3e7, least: -1e7, most: 7e7 };
  expect(isLevel(trend)).toBe(false);
  expect(isLevel({ ...trend, growth: 3e6 })).toBe(true);
});
