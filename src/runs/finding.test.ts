import { afterEach, expect, test } from "vitest";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { speak } from "../words/index.ts";
import { type Course, findingOf } from "./finding.ts";
import { shownRun } from "./shown.ts";

afterEach(() => speak("en"));

const evaluation = (
  step: number,
  loss: number,
  metrics: Record<string, number> = {},
  answered = 0,
): EvaluationRecord => ({
  ...{ step, loss, targetTokens: 100, rows: 48, metrics, seconds: 1 },
  ...(answered > 0 ? { answered } : {}),
});

const records = (...losses: number[]): StepRecord[] =>
  losses.map((loss, n) => ({
    ...{ step: n + 1, loss, gradNorm: 1, learningRate: 1e-3, targetTokens: 10, tokens: 20, seconds: 1 },
  }));

const run = (other: Partial<Course["run"]> = {}): Course["run"] => ({
  ...{ step: 100, maxSteps: 100, status: "done", lineage: { more: [] } },
  recipe: { eval_strategy: "steps" },
  ...other,
});

const right = (n: number, of = 48) => ({ exact_match: n / of });

test("answers right, before and now, then the loss", () => {
  const evaluations = [evaluation(0, 8.13, right(12), 48), evaluation(100, 0.25, right(41), 48)];
  expect(findingOf({ run: run(), records: [], evaluations })).toEqual({
    outcome: "improved",
    words: "Answers 41 of 48 held-out questions right, 12 before.",
    more: ["Loss on rows it has not seen fell from 8.130 to 0.2500."],
  });
});

test("without answers the loss is the verdict, and where it was lowest", () => {
  const evaluations = [evaluation(0, 8.13), evaluation(75, 0.25), evaluation(100, 0.3)];
  expect(findingOf({ run: run(), records: [], evaluations })).toEqual({
    outcome: "improved",
    words: "Loss on rows it has not seen fell from 8.130 to 0.3000; lowest at step 75 (0.2500).",
    more: [],
  });
});

test("answers that may be partly right are a share, and few answers are called few", () => {
  const evaluations = [evaluation(0, 2, { token_f1: 0.23 }, 6), evaluation(100, 1, { token_f1: 0.81 }, 6)];
  const found = findingOf({ run: run(), records: [], evaluations });
  expect(found?.words).toBe("Its answers to 6 held-out questions are 81 % right (by token f1), 23 % before.");
  expect(found?.more.at(-1)).toBe("6 answers are few: one more or less can be chance.");
});

test.each([
  [
    "as many right, and a loss that fell",
    right(12),
    0.5,
    "partly",
    "Answers 12 of 48 held-out questions right, as before.",
  ],
  [
    "as many right, and a loss that stood",
    right(12),
    8.12,
    "unchanged",
    "Answers 12 of 48 held-out questions right, as before.",
  ],
  [
    "as many right, and a loss that rose",
    right(12),
    9,
    "worse",
    "Answers 12 of 48 held-out questions right, as before.",
  ],
  ["fewer right, though the loss fell", right(5), 0.5, "worse", "Answers 5 of 48 held-out questions right, 12 before."],
] as const)("%s", (_, metrics, loss, outcome, words) => {
  const evaluations = [evaluation(0, 8.13, right(12), 48), evaluation(100, loss, metrics, 48)];
  expect(findingOf({ run: run(), records: [], evaluations })).toMatchObject({ outcome, words });
});

test.each([
  [8.13, "unchanged", "Loss on rows it has not seen did not move: 8.130 before, 8.130 now."],
  [9, "worse", "Loss on rows it has not seen rose from 8.130 to 9.000."],
] as const)("a loss that ends at %s", (loss, outcome, words) => {
  const evaluations = [evaluation(0, 8.13), evaluation(100, loss)];
  expect(findingOf({ run: run(), records: [], evaluations })).toMatchObject({ outcome, words });
});

test("figures of another metric before are not held against those of now", () => {
  const evaluations = [evaluation(0, 2, { rouge_l: 0.1 }, 48), evaluation(100, 1, right(41), 48)];
  expect(findingOf({ run: run(), records: [], evaluations })).toMatchObject({
    outcome: "improved",
    words: "Answers 41 of 48 held-out questions right.",
  });
});

test("the best adapter is judged where the run ends with it, and the other one is named", () => {
  const evaluations = [
    evaluation(0, 8, right(0), 48),
    evaluation(40, 1, right(44), 48),
    evaluation(100, 2, right(40), 48),
  ];
  const best = { step: 40, value: 44 / 48 };
  const last = findingOf({ run: run({ best }), records: [], evaluations });
  expect(last?.words).toBe("Answers 40 of 48 held-out questions right, 0 before.");
  expect(last?.more).toContain("The one of step 40 was better, and is kept beside it: 44 of 48 right.");
  const recipe = { eval_strategy: "steps", load_best_model_at_end: true };
  const taken = findingOf({ run: run({ best, recipe }), records: [], evaluations });
  expect(taken?.words).toBe("Answers 44 of 48 held-out questions right, 0 before.");
  expect(taken?.more).toContain("It is the best one; that of the last step, 100, is kept beside it: 40 of 48 right.");
});

test("a run that ended before its last step says how", () => {
  const evaluations = [evaluation(0, 8), evaluation(40, 1)];
  const more = (other: Partial<Course["run"]>): string[] =>
    findingOf({ run: run({ step: 40, ...other }), records: [], evaluations })!.more;
  const recipe = { eval_strategy: "steps", early_stopping_patience: 3 };
  expect(more({ recipe })).toEqual(["It ended by itself at step 40 of 100: 3 measurements in a row were no better."]);
  expect(more({ status: "stopped" })).toEqual(["It was stopped at step 40 of 100."]);
  expect(more({ status: "interrupted" })).toEqual(["It was interrupted at step 40 of 100, and can go on."]);
  expect(more({ step: 45, status: "stopped" })[0]).toBe("Measured at step 40, the last time before it ended.");
});

test("nothing held out, and nothing measured in time", () => {
  const nothing = { run: run({ recipe: { eval_strategy: "no" } }), records: records(8, 4, 2, 1), evaluations: [] };
  expect(findingOf(nothing)).toEqual({
    outcome: "unknown",
    words: "Whether it does better on new pictures is not known: no rows were held out.",
    more: [
      "On the rows it trained on, the loss went from 8.000 to 1.000.",
      "Ask it about a few new pictures in the chat. To know it in figures, train with Held-out rows switched on.",
    ],
  });
  const early = { run: run({ step: 3, status: "stopped" }), records: records(8), evaluations: [evaluation(0, 8)] };
  expect(findingOf(early)).toMatchObject({
    outcome: "unknown",
    words: "Whether it does better on new pictures is not known: it ended before that was measured.",
  });
});

test("a single evaluation has nothing to be held against", () => {
  const evaluations = [evaluation(100, 1, right(41), 48)];
  expect(findingOf({ run: run(), records: [], evaluations })).toMatchObject({
    outcome: "unknown",
    words: "Answers 41 of 48 held-out questions right.",
  });
});

test("no verdict on an adapter from a file, and none before a step", () => {
  const lineage = { imported: { untrainable: "", notes: [] }, more: [] };
  expect(findingOf({ run: run({ lineage }), records: [], evaluations: [] })).toBeUndefined();
  expect(findingOf({ run: run({ step: 0 }), records: [], evaluations: [] })).toBeUndefined();
});

test("in German", async () => {
  await speak("de");
  const evaluations = [evaluation(0, 8.13, right(12), 48), evaluation(100, 0.25, right(41), 48)];
  expect(findingOf({ run: run(), records: [], evaluations })).toMatchObject({
    words: "Beantwortet 41 von 48 zurückgehaltenen Fragen richtig, vorher 12.",
    more: ["Der Loss auf Zeilen, die es nicht kennt, fiel von 8,130 auf 0,2500."],
  });
});

test("the run on show: the chosen one, else the newest that has ended", () => {
  const list = [
    { id: "going", status: "interrupted" as const, step: 4, lineage: { more: [] } },
    { id: "newest", status: "done" as const, step: 9, lineage: { more: [] } },
    { id: "older", status: "stopped" as const, step: 9, lineage: { more: [] } },
  ];
  expect(shownRun(list, undefined)).toBe("newest");
  expect(shownRun(list, "older")).toBe("older");
  expect(shownRun(list, "deleted")).toBe("newest");
  expect(shownRun(list.slice(0, 1), undefined)).toBe("going");
  expect(shownRun([], undefined)).toBeUndefined();
});
