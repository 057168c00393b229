import { expect, test } from "vitest";
import type { SkippedRow } from "../../workers/data/rows/row.ts";
import { heldOutWords, statusOf } from "./status.ts";

const nothing = { info: undefined, waiting: undefined, busy: false, gone: "", model: true };
const skipped: SkippedRow = { index: 3, source: "a.jsonl line 4", reason: "bad-json", message: "", excerpt: "" };

test("rows that are there say how many, also while others are prepared", () => {
  const info = { rows: 128, skipped: [] };
  expect(statusOf({ ...nothing, info })).toBe("128 rows ready");
  expect(statusOf({ ...nothing, info, busy: true })).toBe("128 rows ready");
  expect(statusOf({ ...nothing, info: { rows: 7, skipped: [skipped, skipped] } })).toBe("7 rows ready, 2 skipped");
});

test("data that waits for a model says so by name", () => {
  const waits = (words: string): string => `Load a model: its tokenizer turns ${words} into examples.`;
  expect(statusOf({ ...nothing, model: false, waiting: { kind: "sample" } })).toBe(waits("the sample data"));
  const files = { kind: "files", label: "pets", files: [] } as const;
  expect(statusOf({ ...nothing, model: false, waiting: { ...files, files: [] } })).toBe(waits("pets"));
});

test("without rows: the bar speaks while they are prepared, else why there are none", () => {
  expect(statusOf({ ...nothing, busy: true, gone: "The rows of pets were deleted." })).toBe("");
  expect(statusOf({ ...nothing, gone: "The rows of pets were deleted." })).toBe("The rows of pets were deleted.");
  expect(statusOf(nothing)).toBe("No data yet.");
  expect(statusOf({ ...nothing, model: false })).toBe("No data yet. You may drop it before the model is loaded.");
});

test("rows that are not trained on are counted: as the recipe has it, else as the data has it", () => {
  expect(heldOutWords({}, undefined)).toBe("");
  const split = { heldOut: { split: "validation", rows: 9 } } as const;
  expect(heldOutWords(split, undefined)).toMatch(/^9 rows of the validation split are not trained on; runs can be /);
  expect(heldOutWords(split, { words: "" })).toMatch(/^9 rows/);
  expect(heldOutWords(split, { words: "9 of 9 rows are held out." })).toBe("9 of 9 rows are held out.");
});
