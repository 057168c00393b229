import { afterEach, describe, expect, test } from "vitest";
import type { RunState, StepRecord } from "../../workers/training/events.ts";
import { speak } from "../words/index.ts";
import { missingFor, oddRowsWords, pauseObstacle, spokenOf, statusOf, titleOf } from "./status.ts";

afterEach(() => speak("en"));

const records = (steps: number): StepRecord[] =>
  Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    loss: 1.25,
    gradNorm: 1,
    learningRate: 1e-4,
    targetTokens: 10,
    tokens: 100,
    seconds: 2,
  }));
const run = (state: RunState, step = 12, maxSteps = 500) => ({ state, step, maxSteps, records: records(step) });

test.each<[RunState, string, string, string]>([
  ["idle", "", "", "TabTune"],
  [
    "preparing",
    "Preparing the run. Step 12 of 500",
    "Preparing the run: 12 of 500 steps, loss 1.250, about 16 min left",
    "12/500 · 1.25 – TabTune",
  ],
  ["training", "Step 12 of 500", "12 of 500 steps, loss 1.250, about 16 min left", "12/500 · 1.25 – TabTune"],
  [
    "pausing",
    "Pausing after this step. Step 12 of 500",
    "Pausing after this step: 12 of 500 steps, loss 1.250, about 16 min left",
    "12/500 · 1.25 – TabTune",
  ],
  [
    "paused",
    "Paused. Step 12 of 500",
    "Paused: 12 of 500 steps, loss 1.250, about 16 min left",
    "12/500 · 1.25 – TabTune",
  ],
  ["done", "Done. Step 12 of 500", "Done: 12 of 500 steps, loss 1.250", "TabTune"],
  ["stopped", "Stopped and saved. Step 12 of 500", "Stopped and saved: 12 of 500 steps, loss 1.250", "TabTune"],
  ["failed", "Failed. Step 12 of 500", "Failed: 12 of 500 steps, loss 1.250", "TabTune"],
])("%s: on the page, to the ear, in the tab", (state, seen, heard, title) => {
  expect([statusOf(run(state)), spokenOf(run(state)), titleOf(run(state))]).toEqual([seen, heard, title]);
});

describe("before the first step", () => {
  test("nothing is known but the state", () => {
    expect(statusOf(run("preparing", 0, 0))).toBe("Preparing the run. ");
    expect(spokenOf(run("preparing", 0, 0))).toBe("Preparing the run");
    expect(titleOf(run("preparing", 0, 0))).toBe("TabTune");
    expect(statusOf(run("training", 0, 0))).toBe("");
    expect(spokenOf(run("training", 0, 0))).toBe("");
  });

  test("a run without a step has no loss and no time", () => {
    expect(spokenOf(run("training", 0))).toBe("0 of 500 steps");
    expect(titleOf(run("training", 0))).toBe("0/500 – TabTune");
  });
});

test("what is missing for a run, one thing at a time", () => {
  const ready = { model: true, loading: false, data: true };
  expect(missingFor({ ...ready, model: false, data: false })).toBe("Load a model first");
  expect(missingFor({ ...ready, loading: true })).toBe("A model is being loaded");
  expect(missingFor({ ...ready, data: false, wrong: "Steps" })).toBe("Choose data first");
  expect(missingFor({ ...ready, wrong: "Steps", fits: "too-large" })).toBe("Correct Steps first");
  expect(missingFor({ ...ready, fits: "too-large" })).toBe("Does not fit");
  expect(missingFor({ ...ready, fits: "tight" })).toBe("");
  expect(missingFor(ready)).toBe("");
});

test("only a run that trains can be paused", () => {
  expect(pauseObstacle("training")).toBe("");
  expect(pauseObstacle("saving")).toBe("Saving: a run can be paused while it trains.");
});

test("an evaluation says how far it is, and can be paused", () => {
  const measuring = { what: "loss" as const, rows: 8, of: 13 };
  expect(statusOf({ ...run("evaluating"), measuring })).toBe("Measuring held-out rows, 8 of 13. Step 12 of 500");
  expect(statusOf(run("evaluating"))).toBe("Measuring held-out rows. Step 12 of 500");
  expect(pauseObstacle("evaluating")).toBe("");
  // What was measured last says nothing of the step that goes on.
  const answering = { what: "answers" as const, rows: 2, of: 6 };
  expect(statusOf({ ...run("evaluating"), measuring: answering })).toBe(
    "Answering held-out rows, 2 of 6. Step 12 of 500",
  );
  expect(statusOf({ ...run("training"), measuring })).toBe("Step 12 of 500");
});

test("rows that could not be used are told with their count", () => {
  expect(oddRowsWords({ "left-out": 0, cut: 0 })).toBe("");
  const left = "could not be used and was left out of the batches (see the skipped rows of the data).";
  expect(oddRowsWords({ "left-out": 1, cut: 0 })).toBe(`1 row ${left}`);
  expect(oddRowsWords({ "left-out": 2, cut: 0 })).toBe(`2 rows ${left.replace("was", "were")}`);
});

test("the same in German, with its decimal comma", async () => {
  await speak("de");
  const paused = run("paused");
  const measuring = { what: "answers" as const, rows: 2, of: 6 };
  expect(statusOf(paused)).toBe("Angehalten. Schritt 12 von 500");
  expect(statusOf({ ...run("evaluating"), measuring })).toBe(
    "Zurückgehaltene Zeilen werden beantwortet, 2 von 6. Schritt 12 von 500",
  );
  expect(spokenOf(paused)).toBe("Angehalten: 12 von 500 Schritten, Loss 1,250, noch etwa 16 min");
  expect(titleOf(paused)).toBe("12/500 · 1,25 – TabTune");
  expect(pauseObstacle("saving")).toBe("Wird gespeichert: Ein Lauf lässt sich anhalten, während er trainiert.");
});
