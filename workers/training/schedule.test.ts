import { describe, expect, test } from "vitest";
import { parseRecipe, type Recipe } from "../recipe.ts";
import golden from "./fixtures/lr.json";
import { learningRateAt, lrMultiplier, warmupStepsOf } from "./schedule.ts";

/** Within 1e-12 of each other, relatively; zero is zero. */
function expectClose(value: number, wanted: number): void {
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-12 * Math.abs(wanted));
}

test.each(golden.tables)("$kind, $warmupSteps of $totalSteps steps warm-up: transformers' multipliers", (table) => {
  const kind = table.kind as Recipe["lrSchedulerType"];
  for (const [step, multiplier] of table.multipliers as [number, number][]) {
    // cos(pi) is -1 + 1e-16 at most: what transformers gives there is not zero but as small.
    const value = lrMultiplier(kind, step - 1, table.warmupSteps, table.totalSteps);
    if (Math.abs(multiplier) < 1e-15) expect(Math.abs(value)).toBeLessThan(1e-15);
    else expectClose(value, multiplier);
  }
});

test.each(golden.runs)("the rates of the golden run $name", ({ kind, warmupSteps, totalSteps, learningRate, used }) => {
  const recipe = parseRecipe({ lr_scheduler_type: kind, warmup_steps: warmupSteps, learning_rate: learningRate });
  used.forEach((rate, k) => {
    expectClose(learningRateAt(recipe, totalSteps, k + 1), rate);
  });
});

describe("warm-up", () => {
  test.each([
    [{ warmup_ratio: 0.03 }, 500, 15],
    [{ warmup_ratio: 0.03 }, 501, 16],
    [{ warmup_ratio: 0.03, warmup_steps: 4 }, 500, 4],
    [{}, 500, 0],
    [{ warmup_ratio: 1 }, 7, 7],
  ])("%j of %i steps is %i steps", (json, total, steps) => {
    expect(warmupStepsOf(parseRecipe(json), total)).toBe(steps);
  });

  test("begins with rate 0, and ends with the whole rate", () => {
    const recipe = parseRecipe({ learning_rate: 0.4, warmup_ratio: 0.4, lr_scheduler_type: "cosine" });
    expect([1, 2, 3, 4, 5].map((step) => learningRateAt(recipe, 10, step))).toEqual([
      0, 0.1, 0.2, 0.30000000000000004, 0.4,
    ]);
  });
});
