import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseRecipe } from "../../recipe.ts";
import type { EvaluationRecord, StepRecord } from "../events.ts";
import { adviceOnRun, lossEnds, type SeenRun } from "./on-run.ts";

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
const measured = (losses: [step: number, loss: number][]): EvaluationRecord[] =>
  losses.map(([step, loss]) => ({ step, loss, metrics: {}, targetTokens: 1, rows: 1, seconds: 1 }));

interface Curve {
  recipe: object;
  losses: number[];
  grad_norms: number[];
  evaluations: [step: number, loss: number][];
}
/** Runs of the demo model (192 wide): on shuffled answers, at a rate of 1e-7, and as its recipe says. Made by `train`. */
const curves = JSON.parse(readFileSync(new URL("../fixtures/curves.json", import.meta.url), "utf8")) as Record<
  "overfits" | "flat" | "fine",
  Curve
>;
/** A curve as it is after some steps; whole where nothing is said. */
function seen(name: keyof typeof curves, steps = Number.POSITIVE_INFINITY): SeenRun {
  const { recipe, losses, grad_norms, evaluations } = curves[name];
  const made = Math.min(steps, losses.length);
  return {
    records: run(losses.slice(0, made), grad_norms),
    evaluations: measured(evaluations.filter(([step]) => step <= made)),
    recipe: parseRecipe(recipe),
    hiddenSize: 192,
    ended: made === losses.length,
  };
}
const of = (losses: number[], change: Partial<SeenRun> = {}) =>
  adviceOnRun({
    ...{ records: run(losses), evaluations: [], recipe: parseRecipe({ learning_rate: 2e-4, lora_r: 16 }) },
    ...{ hiddenSize: 2048, ended: true },
    ...change,
  });

describe("runs that were made", () => {
  test("one that learns needs no advice, at any of its steps", () => {
    for (let steps = 0; steps <= curves.fine.losses.length; steps++)
      expect(adviceOnRun(seen("fine", steps))).toEqual([]);
  });
  test("one that learns its rows by heart: told while it goes on, and where it was best", () => {
    const { evaluations } = curves.overfits;
    const [best, least] = evaluations.reduce((a, b) => (b[1] < a[1] ? b : a));
    for (let steps = 0; steps <= best + 5; steps++) expect(adviceOnRun(seen("overfits", steps))).toEqual([]);
    const [now, ...others] = adviceOnRun(seen("overfits", best + 15));
    expect(others).toEqual([]);
    expect(now).toMatchObject({ about: "held-out loss", deed: "stop" });
    expect(now!.words).toContain(`lowest at step ${best} (${least.toPrecision(4)})`);
    const [end] = adviceOnRun(seen("overfits"));
    expect(end).toMatchObject({ about: "held-out loss", deed: "take the best" });
    expect(end!.words).toMatch(
      /and is 1\.467 at step 60, 30 % more\. The training loss went from 0\.\d+ to 0\.\d+ meanwhile: the rows are being learnt by heart/,
    );
    const keepsBest = {
      ...seen("overfits"),
      recipe: parseRecipe({ ...curves.overfits.recipe, load_best_model_at_end: true }),
    };
    expect(adviceOnRun(keepsBest)).toEqual([]);
  });
  test("one that does not move, and the rate that it should have had", () => {
    for (let steps = 0; steps < 30; steps++) expect(adviceOnRun(seen("flat", steps))).toEqual([]);
    for (let steps = 30; steps <= curves.flat.losses.length; steps++) {
      expect(adviceOnRun(seen("flat", steps))).toMatchObject([{ about: "loss", set: { learning_rate: 0.002 } }]);
    }
    expect(adviceOnRun(seen("flat"))[0]!.words).toMatch(
      /^Over 40 steps the loss has not moved: 8\.\d+ in the first third, 8\.\d+ in the last\. At a learning rate of 1e-7/,
    );
  });
});

describe("the loss", () => {
  test("nothing is said of a run that learnt, or of a single step", () => {
    expect(of([3, 2, 1])).toEqual([]);
    expect(of([3])).toEqual([]);
    expect(of([])).toEqual([]);
  });
  test("a gradient of zero", () => {
    const [advice] = of([3, 9, 9], { records: run([3, 9, 9], [1, 0, 0]) });
    expect(advice!.words).toContain("In 2 of 3 steps the gradient was 0");
    expect(advice!.set!.learning_rate).toBeLessThan(2e-4);
  });
  test("above its start, by tenths of the run: one jump at its end says nothing", () => {
    const [advice] = of([2, 3, 4]);
    expect(advice!.words).toContain("The loss ended above where it began (2.000, then 4.000)");
    expect(of([2, 3, 4], { ended: false })).toEqual([]);
    const falling = Array.from({ length: 40 }, (_, i) => 8 - i / 10);
    expect(of([...falling, 20])).toEqual([]);
    expect(of(falling.toReversed(), { ended: false })[0]!.words).toContain("now 7.850 at step 40");
    expect(lossEnds(run(falling))).toEqual({ first: expect.closeTo(7.85), last: expect.closeTo(4.25) });
  });
  test("level since its first steps: it has learnt", () => {
    const noisy = Array.from({ length: 400 }, (_, i) => (i < 6 ? 4 - i / 2 : 1) + 0.05 * Math.sin(7 * i));
    expect(of(noisy)).toEqual([]);
    expect(of(noisy.slice(6))).toMatchObject([{ about: "loss", set: { learning_rate: 0.0006 } }]);
    // What is known by heart cannot move.
    expect(of(noisy.slice(6).map((loss) => loss / 100))).toEqual([]);
  });
  test("at a rate that is high already no higher one is advised", () => {
    const [advice] = of(Array(60).fill(2), { recipe: parseRecipe({ learning_rate: 0.5 }) });
    expect(advice).not.toHaveProperty("set");
    expect(advice!.words).toContain("The learning rate of 0.5 is high already");
  });
});

test("held-out rows that get worse as the training rows do: the steps are too large", () => {
  const evaluations = measured([
    [0, 3],
    [1, 2],
    [2, 4],
    [3, 5],
  ]);
  const [only, ...others] = of([3, 1, 2.5], { evaluations });
  expect(others).toEqual([]);
  expect(only).toMatchObject({ about: "held-out loss", deed: "take the best", set: { learning_rate: 0.00007 } });
  expect(only!.words).toContain("The training loss went from 1.000 to 2.500 meanwhile, so the steps are too large");
});

test("held-out rows that were best before the first step: the adapter is worse than none", () => {
  const [advice] = of([3, 2, 1], {
    evaluations: measured([
      [0, 2],
      [1, 2.2],
      [2, 2.3],
    ]),
  });
  expect(advice!.words).toContain(
    "lowest at step 0 (2.000) and is 2.300 at step 2, 15 % more: on rows that it has not seen",
  );
  expect(advice).not.toHaveProperty("deed");
  expect(
    of([3, 2, 1], {
      evaluations: measured([
        [0, 2],
        [1, 2.01],
        [2, 2.02],
      ]),
    }),
  ).toEqual([]);
  expect(
    of([3, 2, 1], {
      evaluations: measured([
        [0, 2],
        [1, 1],
        [2, 1.5],
      ]),
    }),
  ).toEqual([]);
});
