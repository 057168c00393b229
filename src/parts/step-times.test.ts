import { expect, test } from "vitest";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { likeRun, rowsOfStep, usualEvaluation, usualSeconds } from "./step-times.ts";

const run = (id: string, change: Partial<RunSummary> & { rows?: [number, number] } = {}): RunSummary => {
  const [per_device_train_batch_size, gradient_accumulation_steps] = change.rows ?? [8, 1];
  return {
    id,
    createdAt: `2026-11-0${id}T10:00:00Z`,
    modelId: "demo",
    modelLabel: "Demo",
    datasetId: "d",
    datasetLabel: "rows",
    step: 20,
    maxSteps: 20,
    status: "done",
    bytes: 0,
    lastLoss: null,
    losses: [],
    recipe: { per_device_train_batch_size, gradient_accumulation_steps },
    lineage: { more: [] },
    name: "",
    note: "",
    ...change,
  };
};

test("the newest run of the same model and as many rows a step, that made steps enough", () => {
  const runs = [run("1"), run("3"), run("2"), run("4", { modelId: "other" }), run("5", { step: 3 })];
  expect(likeRun(runs, "demo", 8)?.id).toBe("3");
  expect(likeRun(runs, "demo", 16)).toBeUndefined();
  expect(likeRun([...runs, run("6", { rows: [4, 4] })], "demo", 16)?.id).toBe("6");
  // Two rows eight times are a step of sixteen, whichever way.
  expect(rowsOfStep({ per_device_train_batch_size: 2, gradient_accumulation_steps: 8 })).toBe(16);
  const imported = { more: [], imported: { untrainable: "", notes: [] } };
  expect(likeRun([run("1", { lineage: imported })], "demo", 8)).toBeUndefined();
});

test("the first steps compile, and tell nothing", () => {
  const records = [9, 9, 9, 1, 2, 30].map((seconds, n) => ({
    ...{ step: n + 1, loss: 1, gradNorm: 1, learningRate: 1, targetTokens: 1, tokens: 1 },
    seconds,
  }));
  expect(usualSeconds(records)).toBe(2);
  expect(usualSeconds(records.slice(0, 3))).toBeUndefined();
});

test("an evaluation's seconds go by its rows; the first, which compiles, counts only where it is alone", () => {
  const of = (step: number, seconds: number, rows = 10) => ({
    step,
    seconds,
    rows,
    loss: 1,
    targetTokens: 1,
    metrics: {},
  });
  expect(usualEvaluation([of(0, 50), of(5, 10), of(10, 20), of(15, 12)], 30)).toBeCloseTo(36, 9);
  expect(usualEvaluation([of(0, 50)], 10)).toBe(50);
  expect(usualEvaluation([], 10)).toBe(undefined);
});
