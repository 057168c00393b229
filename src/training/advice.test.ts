import { describe, expect, test } from "vitest";
import type { StepRecord } from "../../workers/training/events.ts";
import { curveWords, heldOutWords, warningsOf } from "./advice.ts";

const fields = { learning_rate: 2e-4, max_length: 64, per_device_train_batch_size: 8 };
const plan = { epochs: 6, steps: 100 };
const data = {
  rows: 128,
  lengths: [
    [40, 87],
    [65, 30],
    [96, 11],
  ] as [number, number][],
};
const run = (losses: number[]): StepRecord[] =>
  losses.map((loss, i) => ({
    step: i + 1,
    loss,
    gradNorm: 1,
    learningRate: 1e-4,
    targetTokens: 9,
    tokens: 9,
    seconds: 1,
  }));

describe("warnings", () => {
  test("a sound recipe has none", () => {
    expect(warningsOf({ ...fields, max_length: 96 }, plan, data)).toEqual([]);
    expect(warningsOf(fields, plan, undefined)).toEqual([]);
  });
  test("rows that are cut are counted", () => {
    expect(warningsOf(fields, plan, data)).toEqual([
      expect.stringContaining("41 of 128 rows are longer than 64 tokens and lose their ends"),
    ]);
    expect(warningsOf({ ...fields, max_length: 95 }, plan, { rows: 30, lengths: [[96, 1]] })).toEqual([
      expect.stringContaining("1 of 30 rows is longer than 95 tokens and loses its end"),
    ]);
  });
  test("a rate, a batch and a number of steps that make no sense", () => {
    const nonsense = { learning_rate: 500, max_length: 2048, per_device_train_batch_size: 1024 };
    expect(warningsOf(nonsense, { epochs: 100, steps: 100 }, data)).toEqual([
      expect.stringContaining("A learning rate of 500 is far too high"),
      "A batch of 1024 is more than the 128 rows: each step takes all.",
      "Every row is seen 100 times: it will be learnt by heart. 10 steps are 10 times.",
    ]);
  });
});

test("the curve in words", () => {
  expect(curveWords(run([8.9, 0.05, 0.08]))).toBe("Falling: 8.900 → 0.08000, lowest 0.05000 at step 2.");
  expect(curveWords(run([2, 3]))).toBe("Rising: 2.000 → 3.000, lowest 2.000 at step 1.");
  expect(curveWords(run([2, 2.01]))).toBe("Level: 2.000 → 2.010, lowest 2.000 at step 1.");
  expect(curveWords(run([2]))).toBe("");
});

test("held-out rows in words", () => {
  const measured = (losses: number[]) =>
    heldOutWords(losses.map((loss, n) => ({ step: 10 * n, loss, metrics: {}, targetTokens: 1, rows: 1, seconds: 1 })));
  expect(measured([])).toBe("");
  expect(measured([3])).toBe("Held-out rows: 3.000 at step 0.");
  expect(measured([3, 1, 2])).toBe("Held-out rows: 3.000 → 2.000, lowest 1.000 at step 10.");
});
