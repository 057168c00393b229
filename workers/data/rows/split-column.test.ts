import { expect, test } from "vitest";
import { file, pixel, readAll, said } from "../../testing/rows.ts";
import type { TableSource } from "./detect.ts";
import { blobEntry } from "./entry.ts";
import { SplitColumns } from "./split-column.ts";

const pictures = [1, 2, 3, 4].map((i) => file(`${i}.jpg`, new Uint8Array([...pixel, i])));
const table = (...splits: string[]) =>
  file("x.csv", `image,text,split\n${splits.map((split, i) => `${i + 1}.jpg,${i + 1},${split}\n`).join("")}`);
const answers = (rows: readonly Parameters<typeof said>[0][]) => rows.map((row) => said(row).split("assistant: ")[1]);

test("rows of a held-out split are not trained on where others are of a train split", async () => {
  const { rows, skipped, notes } = await readAll([table("test", "train", "restval", "val"), ...pictures]);
  expect([answers(rows), rows.map(({ index }) => index), skipped]).toEqual([["2", "3"], [0, 1], []]);
  expect(notes[0]).toBe(
    "1 row of the test split, 1 row of the validation split in x.csv, by its split column, are left aside: held-out splits are not trained on where a train split is there, and the validation split is the one that runs can be measured by.",
  );
});

test("runs are measured by those rows", async () => {
  const { rows, notes } = await readAll([table("train", "test", "train", "test"), ...pictures], { heldOut: true });
  expect([answers(rows), rows.map(({ index }) => index)]).toEqual([
    ["1", "3", "2", "4"],
    [0, 1, 2, 3],
  ]);
  expect(notes[0]).toMatch(
    /^2 rows of the test split in x\.csv, by its split column, are left aside: .* measured by this one/,
  );
});

test("the split that runs are measured by is one for all tables, and each says which", async () => {
  const other = file("y.csv", "image,text,split\n3.jpg,3,train\n4.jpg,4,test\n");
  const { rows, notes } = await readAll([table("train", "val"), other, ...pictures], { heldOut: true });
  expect(answers(rows)).toEqual(["1", "3", "2"]);
  expect(notes.slice(0, 2)).toEqual([
    expect.stringMatching(/^1 row of the validation split in x\.csv, .* runs can be measured by this one/),
    expect.stringMatching(/^1 row of the test split in y\.csv, .* the validation split is the one that runs/),
  ]);
});

test("rows that come before a train split which is too far behind to be looked for are told", async () => {
  const source: TableSource = { format: "csv", entry: blobEntry("x.csv", new Blob()) };
  const records = [...Array(20_001).fill("test"), "train", "test"].map((split) => ({ split }));
  const splits = new SplitColumns(async function* () {
    for (const record of records) yield { place: "", excerpt: () => "", parse: () => record };
  });
  const elsewhere = [];
  for (const record of records) if (await splits.isElsewhere(record, source)) elsewhere.push(record);
  expect(elsewhere).toEqual([{ split: "test" }]);
  splits.pass(elsewhere[0], source);
  expect(splits.notes()).toEqual([
    expect.stringMatching(/^1 row of the test split in x\.csv/),
    "x.csv: rows of held-out splits before its first row of the train split are trained on, because only 20000 rows are looked through for one; put the train split first, or in a file of its own.",
  ]);
});

test.each([
  ["no train split", ["test", "val", "test", "test"]],
  ["no splits", ["", "a", "5", "north"]],
])("all rows are trained on: %s", async (_, splits) => {
  const { rows, notes } = await readAll([table(...splits), ...pictures]);
  expect([answers(rows), notes]).toEqual([["1", "2", "3", "4"], []]);
});

test("rows that are to be answered are all there", async () => {
  const { rows } = await readAll([table("test", "train", "val", "val"), ...pictures], { toAnswer: true });
  expect(rows).toHaveLength(4);
});
