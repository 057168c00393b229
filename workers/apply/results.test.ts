/** What is said of answers: figures as `predict` says them, worst first, and one job beside another. */
import { expect, test } from "vitest";
import { metrics } from "../metrics/metrics.ts";
import type { JobEntry } from "./job.ts";
import { compared, resultsOf } from "./results.ts";

const line = (position: number, answer: string, right: string[], stopped: "eos" | "length" = "eos"): JobEntry => ({
  position,
  answered: { row: position, source: `row ${position}`, pictures: [], question: "Q", answer, right, stopped },
});
const entries: JobEntry[] = [
  { position: null, row: 9, source: "row 9", message: "It has no picture." },
  line(0, "a red ring", ["a red ring"]),
  line(1, "a red", ["a red ring"], "length"),
  line(2, "blue", ["a red ring"]),
  line(3, "anything", []),
  line(4, "anything", [""]),
  { position: 5, row: 5, source: "row 5", message: "Its picture is broken." },
];
const page = { show: "all", from: 0, count: 50 } as const;
const positions = (rows: readonly { position: number | null }[]) => rows.map(({ position }) => position);

test("figures, counts and scores; rows without a right answer have none", () => {
  const { measure, emptyRight, rows, total } = resultsOf(entries, metrics.token_f1, page);
  expect(measure).toMatchObject({ metric: "token_f1", rows: 3, wrong: 2, confusions: null });
  expect(measure!.figures.token_f1).toBeCloseTo((1 + 2 / 3 + 0) / 3, 12);
  expect([emptyRight, total]).toEqual([1, 7]);
  expect(rows.map(({ score }) => score?.toFixed(2))).toEqual([
    undefined,
    "1.00",
    "0.67",
    "0.00",
    undefined,
    undefined,
    undefined,
  ]);
  expect(rows.at(-1)).toMatchObject({ answered: undefined, message: "Its picture is broken." });
});

test("wrong answers stand worst first, page by page", () => {
  const wrong = { show: "wrong", from: 0, count: 1 } as const;
  expect(resultsOf(entries, metrics.token_f1, wrong)).toMatchObject({ total: 2, rows: [{ position: 2, score: 0 }] });
  expect(positions(resultsOf(entries, metrics.token_f1, { ...wrong, from: 1 }).rows)).toEqual([1]);
  expect(positions(resultsOf(entries, undefined, { ...page, show: "cut" }).rows)).toEqual([1]);
  expect(positions(resultsOf(entries, undefined, { ...page, show: "unanswered" }).rows)).toEqual([null, 5]);
});

test("without right answers nothing is measured, and nothing is wrong", () => {
  const unknown = [line(0, "a", []), line(1, "b", [" "])];
  expect(resultsOf(unknown, undefined, { ...page, show: "wrong" })).toEqual({
    ...{ measure: null, emptyRight: 1, total: 0, rows: [] },
  });
  expect(resultsOf([], metrics.anls, page)).toMatchObject({ measure: null, total: 0 });
});

test("few classes have a table of confusions, many have none", () => {
  const classes = Array.from({ length: 24 }, (_, i) => line(i, i % 2 ? "cat" : "dog", [i % 3 ? "cat" : "dog"]));
  const { measure } = resultsOf(classes, undefined, page);
  expect(measure).toMatchObject({ metric: "accuracy", confusions: { classes: ["cat", "dog"] } });
  expect(resultsOf(classes, undefined, { ...page, from: 1 }).measure!.confusions).toBe(measure!.confusions);
  const many = Array.from({ length: 24 }, (_, i) => line(i, `class${i}`, [`class${i}`]));
  expect(resultsOf(many, metrics.accuracy, page).measure).toMatchObject({ confusions: null });
});

test("two jobs are compared by the rows that both answered", () => {
  const other = [
    line(0, "a red ring", ["a red ring"]),
    line(1, "a red ring", ["a red ring"]),
    line(3, "nothing", []),
    line(7, "a ring", ["a ring"]),
  ];
  const both = compared(entries, other, metrics.token_f1)!;
  expect(both).toMatchObject({ rows: 2, better: 1, equal: 1, worse: 0, metric: "token_f1" });
  expect(both.figures.map(({ token_f1 }) => token_f1!.toFixed(3))).toEqual(["0.833", "1.000"]);
  expect(compared(entries, [line(3, "nothing", [])], undefined)).toBe(null);
});

test("JSON answers have a table of their fields, unless they are beyond number", () => {
  const json = [
    line(0, '{"total": "1.00", "items": [{"price": "1.00"}]}', ['{"total": "1.00", "items": [{"price": "1.00"}]}']),
    line(1, '{"total": "2.00", "tip": 1}', ['{"total": "2.50", "items": [{"price": "2.50"}]}']),
    line(2, "no JSON", ['{"total": "3.00"}']),
  ];
  const { measure } = resultsOf(json, undefined, page);
  expect(measure).toMatchObject({ metric: "json_fields", confusions: null });
  expect(measure!.fields).toEqual([
    { field: "total", right: 1, wrong: 1, missing: 1, extra: 0 },
    { field: "items[].price", right: 1, wrong: 0, missing: 1, extra: 0 },
    { field: "tip", right: 0, wrong: 0, missing: 0, extra: 1 },
  ]);
  // They are made once for all pages.
  expect(resultsOf(json, undefined, { ...page, from: 1 }).measure!.fields).toBe(measure!.fields);
  const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`key${i}`, i])));
  expect(resultsOf([line(0, wide, [wide])], undefined, page).measure).toMatchObject({ fields: null });
});
