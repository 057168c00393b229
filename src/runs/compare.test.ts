import { expect, test } from "vitest";
import type { StepRecord } from "../../workers/training/events.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { type Compared, curvesOf, differences } from "./compare.ts";

const steps = (...losses: number[]): StepRecord[] =>
  losses.map((loss, i) => ({
    step: i + 1,
    loss,
    gradNorm: 1,
    learningRate: 1e-3,
    targetTokens: 10,
    tokens: 100,
    seconds: i + 1,
  }));
const compared = (change: Partial<RunSummary>, records: StepRecord[]): Compared => ({
  run: {
    id: "r",
    createdAt: "",
    modelId: "m",
    modelLabel: "tiny",
    datasetId: "d",
    datasetLabel: "icons",
    step: records.length,
    maxSteps: 20,
    status: "done",
    bytes: 1,
    lastLoss: null,
    losses: [],
    recipe: { learning_rate: 1e-3, lora_r: 8, quantize_modules: ["language_model"] },
    lineage: { more: [] },
    name: "",
    note: "",
    ...change,
  },
  records,
});

test("what is the same is counted, what differs stands beside each other", () => {
  const a = compared({}, steps(4, 3, 2));
  const b = compared(
    {
      datasetLabel: "photos",
      recipe: { learning_rate: 2e-4, lora_r: 8, quantize_modules: [] },
      lineage: { origin: { kind: "run", label: "mine", runId: "x", step: 5 }, more: [] },
    },
    steps(...Array.from({ length: 12 }, (_, i) => 12 - i)),
  );
  const { before, same, results } = differences([a, b]);
  expect(before).toEqual([
    { name: "Data", values: ["icons", "photos"] },
    { name: "Began with", values: ["new matrices", "the adapter of mine at step 5"] },
    { name: "learning_rate", code: true, values: ["0.001", "0.0002"] },
    { name: "quantize_modules", code: true, values: ['["language_model"]', "[]"] },
  ]);
  expect(same).toBe(1);
  expect(results).toEqual([
    { name: "Steps made", values: ["3 of 20", "12 of 20"] },
    { name: "Mean loss of the last 10 steps", values: ["3.000", "5.500"] },
    { name: "Lowest loss of a step", values: ["2.000 at step 3", "1.000 at step 12"] },
    { name: "Target tokens trained on", values: ["30", "120"] },
    { name: "Seconds a step (median)", values: ["2.000", expect.any(String)] },
  ]);
});

test("a run without steps has none to show", () => {
  const { results } = differences([compared({}, []), compared({}, steps(1))]);
  expect(results[1]).toEqual({ name: "Mean loss of the last 10 steps", values: ["no steps", "1.000"] });
});

test("curves of different lengths share one axis", () => {
  const late = steps(5, 4, 3).map((r) => ({ ...r, step: r.step + 1 }));
  const double = (losses: number[]): number[] => losses.map((loss) => 2 * loss);
  expect(curvesOf([compared({}, steps(9, 8)), compared({}, late)], double)).toEqual([
    [1, 2, 3, 4],
    [18, 16, null, null],
    [null, 10, 8, 6],
  ]);
});

test("what held-out rows say stands there where one run measured them", () => {
  const best = { step: 2, value: 1.25 };
  const { results } = differences([compared({ best }, steps(2, 1)), compared({}, steps(1))]);
  expect(results).toContainEqual({
    name: "Best on held-out rows",
    values: ["eval_loss 1.250 at step 2", "not measured"],
  });
});
