import { expect, test } from "vitest";
import type { StepRecord } from "./events.ts";
import { lossEnds, verdictOn } from "./verdict.ts";

const run = (losses: number[], gradNorms = losses): StepRecord[] =>
  losses.map((loss, i) => ({
    step: i + 1,
    loss,
    gradNorm: gradNorms[i]!,
    learningRate: 1e-4,
    targetTokens: 9,
    tokens: 9,
    seconds: 1,
  }));

test("nothing is said of a run that learnt, or of a single step", () => {
  expect(verdictOn(run([3, 2, 1]))).toBe("");
  expect(verdictOn(run([3]))).toBe("");
  expect(verdictOn([])).toBe("");
});

test("a gradient of zero", () => {
  expect(verdictOn(run([3, 9, 9], [1, 0, 0]))).toContain("In 2 of 3 steps the gradient was 0");
});

test("a loss that ends above its start, by tenths of the run: one jump at its end says nothing", () => {
  expect(verdictOn(run([2, 3, 4]))).toContain("The loss ended above where it began (2.000, then 4.000)");
  const falling = Array.from({ length: 40 }, (_, i) => 8 - i / 10);
  expect(verdictOn(run([...falling, 20]))).toBe("");
  expect(lossEnds(run(falling))).toEqual({ first: expect.closeTo(7.85), last: expect.closeTo(4.25) });
});
