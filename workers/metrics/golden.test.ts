/** Every metric gives the numbers of Python's own implementations (reference/make_metrics.py) on 200 to 500 answers each. */
import fs from "node:fs";
import { expect, test } from "vitest";
import { meanOf } from "./averages.ts";
import { overlap } from "./boxes.ts";
import { confusionsOf } from "./classes.ts";
import { fieldTallies, jsonIn } from "./json-fields.ts";
import type { Answered } from "./metric.ts";
import { judge, metrics } from "./metrics.ts";
import { normaliseAnswer } from "./vqa.ts";

/** Python's numbers are written with 12 decimals. */
const EXACT = 1e-12;
const golden = <T>(name: string): T[] =>
  JSON.parse(fs.readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));

/** Tells each row that differs. */
function same<T extends readonly unknown[]>(
  rows: T[],
  compute: (row: T) => number,
  expected: (row: T) => number,
): void {
  expect(rows.length).toBeGreaterThanOrEqual(200);
  const wrong = rows.flatMap((row) => {
    const value = compute(row);
    return Math.abs(value - expected(row)) <= EXACT ? [] : [{ row, value }];
  });
  expect(wrong).toEqual([]);
}

type Text = [given: string, right: string[], normal: string, exact: number, f1: number, anls: number, rouge: number];
const texts = golden<Text>("texts");

test("answers are normalised as the VQA evaluation does", () => {
  expect(texts.map(([given]) => normaliseAnswer(given))).toEqual(texts.map(([, , normal]) => normal));
});

test.each([
  ["exact_match", 3],
  ["token_f1", 4],
  ["anls", 5],
  ["rouge_l", 6],
] as const)("%s of 500 answers, and their mean", (name, column) => {
  same(
    texts,
    ([given, right]) => metrics[name].score(given, right),
    (row) => row[column],
  );
  const rows = texts.map(([given, right]) => ({ given, right }));
  const mean = meanOf(texts.map((row) => row[column]));
  expect(judge(metrics[name], rows)!.figures[name]).toBeCloseTo(mean, 10);
});

test("VQA accuracy of 500 questions with ten answers", () => {
  const votes = golden<[given: string, right: Record<string, number>, score: number]>("votes");
  const peopleOf = (right: Record<string, number>): string[] =>
    Object.entries(right).flatMap(([answer, times]) => Array<string>(times).fill(answer));
  expect(votes.every(([, right]) => peopleOf(right).length === 10)).toBe(true);
  same(
    votes,
    ([given, right]) => metrics.vqa_accuracy.score(given, peopleOf(right)),
    ([, , score]) => score,
  );
});

test("accuracy, macro-F1 and confusions, with answers that are no class", () => {
  type Problem = {
    right: string[];
    given: string[];
    labels: string[];
    accuracy: number;
    macro_f1: number;
    confusions: number[][];
  };
  for (const problem of golden<Problem>("classes")) {
    const rows: Answered[] = problem.right.map((right, i) => ({ given: problem.given[i]!, right: [right] }));
    const { figures } = judge(metrics.accuracy, rows)!;
    expect(figures.accuracy).toBeCloseTo(problem.accuracy, 11);
    expect(figures.macro_f1).toBeCloseTo(problem.macro_f1, 11);
    const { classes, counts } = confusionsOf(rows);
    const columns = [...classes, ""];
    // scikit-learn's table has a row for what is no class of the right answers: always empty.
    const inItsOrder = problem.labels.map((right) =>
      problem.labels.map((given) => counts[columns.indexOf(right)]?.[columns.indexOf(given)] ?? 0),
    );
    expect(inItsOrder).toEqual(problem.confusions);
  }
});

test("JSON that can be read, and its right fields", () => {
  const fields = golden<[given: string, right: string, valid: number, score: number]>("fields");
  same(
    fields,
    ([given]) => (jsonIn(given) ? 1 : 0),
    ([, , valid]) => valid,
  );
  same(
    fields,
    ([given, right]) => metrics.json_fields.score(given, [right]),
    ([, , , score]) => score,
  );
});

test("how often each field is right, wrong, missing or too many", () => {
  const fields = golden<[given: string, right: string]>("fields");
  const counted = fieldTallies(fields.map(([given, right]) => ({ given, right: [right] })))
    .map(({ field, right, wrong, missing, extra }) => [field, right, wrong, missing, extra])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));
  expect(counted).toEqual(golden("field-tallies"));
});

type Boxes = readonly [given: string, right: string, mean: number, half: number, ...counts: number[]];

/** Figures of all answers, each of which is held against its own golden mean IoU and share of 0.5 and more. */
function figuresOfBoxes(boxes: Boxes[]): Record<string, number> {
  same(
    boxes,
    ([given, right]) => overlap(given, [right]).mean,
    ([, , mean]) => mean,
  );
  same(
    boxes,
    ([given, right]) => overlap(given, [right]).half,
    ([, , , half]) => half,
  );
  const rows = boxes.map(([given, right]) => ({ given, right: [right] }));
  return judge(metrics.box_iou, rows)!.figures;
}

test("boxes in eight forms: mean IoU, and the share of 0.5 and more", () => {
  const boxes = golden<[given: string, right: string, mean: number, half: number]>("boxes");
  const figures = figuresOfBoxes(boxes);
  expect(figures.iou_50).toBeCloseTo(meanOf(boxes.map(([, , , half]) => half)), 10);
});

test("boxes with names in six forms: a pair is of one name", () => {
  type Golden = [given: string, right: string, mean: number, half: number, found: number, given: number, right: number];
  const boxes = golden<Golden>("named-boxes");
  const all = boxes.map(([given, right]) => overlap(given, [right]));
  expect(all.map(({ found, given, right }) => [found, given, right])).toEqual(
    boxes.map(([, , , , ...counts]) => counts),
  );
  const figures = figuresOfBoxes(boxes);
  const sum = (at: 4 | 5 | 6): number => boxes.reduce((total, row) => total + row[at], 0);
  expect(figures.precision_50).toBeCloseTo(sum(4) / sum(5), 12);
  expect(figures.recall_50).toBeCloseTo(sum(4) / sum(6), 12);
});
