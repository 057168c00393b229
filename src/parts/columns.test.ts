import { expect, test } from "vitest";
import { isUnsure, readingWords, withChoice, withColumn, withInstruction } from "./columns.ts";

test("columns are chosen one by one, and given back to be found by their names", () => {
  const one = withColumn({}, "images", "photo");
  const two = withInstruction(withColumn(one, "answer", "kind"), "What is this?");
  expect(two).toEqual({ mapping: { images: "photo", answer: "kind" }, instruction: "What is this?" });
  expect(withColumn(two, "images", "")).toEqual({ mapping: { answer: "kind" }, instruction: "What is this?" });
  expect(withInstruction(two, "")).toEqual({ mapping: { images: "photo", answer: "kind" } });
});

test("what becomes of several answers is chosen beside the columns, and by itself", () => {
  const all = withChoice(withInstruction(withColumn({}, "images", "photo"), "What?"), "severalAnswers", "each");
  expect(all).toEqual({ mapping: { images: "photo" }, instruction: "What?", severalAnswers: "each" });
  expect(withInstruction(all, "")).toEqual({ mapping: { images: "photo" }, severalAnswers: "each" });
  expect(withChoice(all, "severalAnswers", undefined)).toEqual({ mapping: { images: "photo" }, instruction: "What?" });
  expect(readingWords({ severalAnswers: "first" }, false)).toBe(
    "Columns as you chose them: of several answers the first one.",
  );
});

test("how boxes are written is chosen, and how the data has them", () => {
  const both = withChoice(withChoice({ instruction: "Where?" }, "boxes", "0-1000"), "boxFormat", "coco");
  expect(both).toEqual({ instruction: "Where?", boxes: "0-1000", boxFormat: "coco" });
  expect(withChoice(both, "boxes", undefined)).toEqual({ instruction: "Where?", boxFormat: "coco" });
  expect(readingWords(withChoice(both, "boxFormat", undefined), false)).toBe(
    "Columns as you chose them: rows without a question ask “Where?”, boxes in answers: 0 to 1000 of width and height.",
  );
});

test("what was said of the columns, in one sentence", () => {
  expect(readingWords({}, false)).toBe("");
  expect(readingWords({ mapping: {} }, true)).toBe("");
  const reading = { mapping: { answer: "kind", images: "photo" }, instruction: "What is this?" };
  expect(readingWords(reading, true)).toBe(
    "Columns as you chose them the last time: picture from photo, answer from kind, rows without a question ask “What is this?”.",
  );
});

test("the reader is unsure without rows, and where rows want a column", () => {
  const row = (reason: string) => ({ index: 0, source: "a", reason, message: "", excerpt: "" });
  expect(isUnsure(undefined)).toBe(true);
  expect(isUnsure([])).toBe(false);
  expect(isUnsure([row("bad-json"), row("too-long")])).toBe(false);
  expect(isUnsure([row("bad-json"), row("missing-picture")])).toBe(true);
});
