/** Looking through rows and changing them: what is found, what is trained on afterwards, and that all of it can be taken back. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { preparationOf } from "../models/preparation.ts";
import { parseRecipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import { openGolden, openGoldenModel } from "../testing/golden.ts";
import { type Browsed, everyRow, findRows, holdTogether, type RowQuery, rowAt, viewRows } from "./browse.ts";
import {
  changed,
  changesKeyOf,
  currentRows,
  noChanges,
  type RowChange,
  readChanges,
  writeChanges,
} from "./index/changes.ts";
import { openIndex } from "./index/row-index.ts";
import type { RowPreparation } from "./prepare-example.ts";
import type { InputFile } from "./rows/drop.ts";
import { writtenDataSet } from "./rows/parquet-data-set.ts";
import { readRows } from "./rows/read-rows.ts";
import type { Message } from "./rows/row.ts";
import { withChanges } from "./shards/changed-dataset.ts";
import { openDataset } from "./shards/dataset.ts";
import { prepareDataset, unusableRows } from "./shards/prepare-dataset.ts";

let preparation: RowPreparation;
let pictures: Uint8Array[];
let store: Store;
beforeAll(async () => {
  const golden = await openGolden("own-tiny");
  preparation = preparationOf((await openGoldenModel(golden, parseRecipe({}))).preparation);
  const folder = `${golden.dataFolder}/images`;
  pictures = readdirSync(folder).map((name) => Uint8Array.from(readFileSync(`${folder}/${name}`)));
});
beforeEach(() => {
  store = memoryStore();
});

/** Twelve rows; the picture of the third is damaged. */
const files = (): InputFile[] => [
  ...pictures.map((bytes, i) => ({
    path: `${i}.png`,
    blob: new Blob([new Uint8Array(i === 2 ? bytes.subarray(0, bytes.length - 40) : bytes)]),
  })),
  {
    path: "train.jsonl",
    blob: new Blob([
      pictures
        .map((_, i) =>
          JSON.stringify({
            image: `${i}.png`,
            question: "What is it?",
            answer: i % 2 ? `A Dot ${i}.` : `A line and one more line ${i}.`,
          }),
        )
        .join("\n"),
    ]),
  },
];

async function browsed(wholeRows?: number, changes = noChanges): Promise<Browsed> {
  const options = wholeRows === undefined ? {} : { wholeRows };
  const drop = { files: files(), label: "drop" };
  const { info, supply } = await prepareDataset(store, drop, preparation, () => {}, options);
  const dataset = (await openDataset(store, info.id, supply && ((rows) => supply.prepare(rows))))!;
  const index = openIndex(store, info.id, dataset.manifest.index!);
  const unusable = await unusableRows(store, dataset.manifest, index);
  return { dataset, index, changes, preparation, unusable, notTrained: new Map([[3, "held out"]]) };
}

const say = (role: Message["role"], text: string): Message => ({ role, content: [{ type: "text", text }] });
const corrected = {
  edit: 4,
  messages: [
    { role: "user", content: [{ type: "image" }, { type: "text", text: "What is it?" }] },
    say("assistant", "A triangle."),
  ] as Message[],
};
const changesOf = (...changes: RowChange[]) => changes.reduce(changed, noChanges);

describe.each([
  ["prepared whole", undefined],
  ["prepared on demand", 0],
])("a data set that is %s", (_, wholeRows) => {
  const ask = (query: Partial<RowQuery>): RowQuery => ({ ...everyRow, ...query });

  test("rows are found by their words, changes included, and by what became of them", async () => {
    const rows = await browsed(wholeRows, changesOf({ leaveOut: 1 }, corrected));
    expect(await findRows(rows, everyRow)).toEqual([...pictures.keys()]);
    expect(await findRows(rows, ask({ text: " dot " }))).toEqual([1, 3, 5, 7, 9, 11]);
    expect(await findRows(rows, ask({ text: "triangle" }))).toEqual([4]);
    expect(await findRows(rows, ask({ show: "changed" }))).toEqual([1, 4]);
    expect(await findRows(rows, ask({ show: "held out" }))).toEqual([3]);
    expect((await viewRows(rows, [3, 4])).map(({ use }) => use)).toEqual(["held out", "trained on"]);
    expect(await findRows(rows, ask({ show: "left out", text: "dot" }))).toEqual([1]);
  });

  test("a row that cannot be used is shown with its reason once it is known", async () => {
    const before = await browsed(wholeRows);
    const [row] = await viewRows(before, [2]);
    expect(row).toMatchObject({ position: 2, source: "train.jsonl line 3", preview: undefined });
    expect(row!.problem).toMatch(/2\.png/);
    const later = await browsed(wholeRows);
    expect(await findRows(later, ask({ show: "unusable" }))).toEqual([2]);
  });

  test("what is trained on is what was changed, and nothing else of it is another", async () => {
    const rows = await browsed(wholeRows);
    const now = await withChanges(rows.dataset, changesOf({ leaveOut: 1 }, { leaveOut: 3 }, corrected), preparation);
    expect(now.rows).toBe(rows.dataset.rows - 2);
    expect(now.parts.reduce((sum, part) => sum + part.rows, 0)).toBe(now.rows);
    const left = Array.from({ length: now.rows }, (_, i) => now.positionOf(i));
    expect(left.filter((position) => position === 1 || position === 3)).toEqual([]);
    const at = left.indexOf(4);
    const [was, is] = [await rows.dataset.read(rowAt(rows.dataset, 4)), await now.read(at)];
    expect(is.pixels).toEqual(was.pixels);
    expect(is.images).toEqual(was.images);
    expect(preparation.tokenizer.decode(is.inputIds, { skipSpecialTokens: true })).toContain("A triangle.");
    expect(is.inputIds).not.toEqual(was.inputIds);
    const five = left.indexOf(5);
    expect(await now.read(five)).toEqual(await rows.dataset.read(rowAt(rows.dataset, 5)));
    expect(await now.sourceOf(five)).toBe("train.jsonl line 6");
    expect(await withChanges(rows.dataset, noChanges, preparation)).toBe(rows.dataset);
    const long = { edit: 4, messages: [corrected.messages[0]!, say("assistant", "dot ".repeat(500))] };
    const longer = await withChanges(rows.dataset, changesOf(long), preparation);
    expect(longer.longest).toBeGreaterThanOrEqual((await longer.read(rowAt(rows.dataset, 4))).inputIds.length);
    expect(longer.longest).toBeGreaterThan(rows.dataset.longest);
  });
});

test("rows of a whole data set are found by their tokens", async () => {
  const rows = await browsed();
  const lengths = rows.dataset.manifest.rowTokens!;
  const long = await findRows(rows, { ...everyRow, least: Math.max(...lengths) });
  expect(long.length).toBeGreaterThan(0);
  expect(long.every((position) => lengths[rowAt(rows.dataset, position)] === Math.max(...lengths))).toBe(true);
  expect(await findRows(rows, { ...everyRow, most: 1 })).toEqual([]);
});

test("a correction that cannot be trained on is refused, and so is one of a row that cannot be used", async () => {
  const rows = await browsed();
  const [question] = corrected.messages;
  const edit = (position: number, ...messages: Message[]) => holdTogether(rows, { edit: position, messages });
  await expect(edit(4, question!, say("assistant", "  "))).rejects.toMatchObject({ code: "bad-row" });
  await expect(edit(4, say("user", "No picture."), say("assistant", "A."))).rejects.toMatchObject({ code: "bad-row" });
  await expect(edit(2, question!, say("assistant", "A."))).rejects.toMatchObject({ code: "bad-argument" });
  await expect(holdTogether(rows, corrected)).resolves.toBeUndefined();
});

test("changes are kept for the files whatever the model, and each can be taken back", async () => {
  const { dataset } = await browsed();
  const key = changesKeyOf(dataset.manifest)!;
  const all = changesOf({ leaveOut: 3 }, { leaveOut: 1 }, corrected);
  await writeChanges(store, key, all);
  expect(await readChanges(store, key)).toEqual({
    leftOut: [1, 3],
    edited: [expect.objectContaining({ position: 4 })],
  });
  const other = { ...preparation, id: "another model" };
  const { info } = await prepareDataset(store, { files: files(), label: "drop" }, other, () => {});
  expect(info.id).not.toBe(dataset.manifest.id);
  expect((await openDataset(store, info.id))!.manifest.filesId).toBe(dataset.manifest.filesId);
  expect(changed(changed(changed(all, { takeBack: 1 }), { takeBack: 3 }), { undoEdit: 4 })).toEqual(noChanges);
  await writeChanges(store, key, changed(all, "undo all"));
  expect(await store.keys("changes/")).toEqual([]);
});

test("a data set that is downloaded has the rows as they were changed", async () => {
  const changes = changesOf({ leaveOut: 1 }, corrected);
  const { file, rows, leftOut } = await writtenDataSet(files(), {}, () => {}, currentRows(changes));
  expect([rows, leftOut]).toEqual([11, 0]);
  const answers: string[] = [];
  for await (const event of readRows([{ path: "written.parquet", blob: file }])) {
    if (event.type !== "row") continue;
    const [part] = event.row.messages.at(-1)!.content;
    answers.push(part?.type === "text" ? part.text : "");
  }
  expect(answers).toHaveLength(11);
  expect(answers).not.toContain("A Dot 1.");
  expect(answers[3]).toBe("A triangle.");
});
