/** From files to a data set: what is kept of it beside the rows. */

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { memoryStore } from "../../storage/memory.ts";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { olderRows } from "../browse.ts";
import type { RowPreparation } from "../prepare-example.ts";
import type { InputFile } from "../rows/read-rows.ts";
import { openDataset } from "./dataset.ts";
import type { DatasetInfo } from "./prepare-dataset.ts";
import { prepareDataset } from "./prepare-dataset.ts";

let preparation: RowPreparation;
beforeAll(async () => {
  preparation = preparationOf((await openGoldenModel(await openGolden("own-tiny"), parseRecipe({}))).preparation);
});

const padding = "-".repeat(1000);
const rows = (...answers: string[]): string =>
  answers.map((answer) => JSON.stringify({ question: "What is it?", answer, more: padding })).join("\n");
const file = (path: string, text: string): InputFile => ({ path, blob: new Blob([text]) });
const prepare = async (store: Store, ...files: InputFile[]): Promise<DatasetInfo> =>
  (await prepareDataset(store, { files, label: "drop" }, preparation, () => {})).info;

/** Takes facts out of a data set's manifest, as an older version wrote it. */
async function without(store: Store, id: string, ...names: string[]): Promise<void> {
  const key = `dataset/${id}/manifest`;
  const manifest = (await unsealJson((await store.get(key))!)) as { facts: Record<string, unknown> };
  for (const name of names) delete manifest.facts[name];
  await store.set([[key, await sealJson(manifest)]], "strict");
}

test("what is left aside is kept with the data set; one of an older version has no notes", async () => {
  const store = memoryStore();
  const files = [file("train.jsonl", rows("A dot.")), file("val.jsonl", rows("A line."))];
  const info = await prepare(store, ...files);
  expect(info).toMatchObject({
    rows: 1,
    notes: [expect.stringMatching(/^val.jsonl is left aside: .*; drop /)],
  });
  expect(await prepare(store, ...files)).toEqual(info);
  await without(store, info.id, "notes");
  expect(await prepare(store, ...files)).toEqual({ ...info, notes: [] });
});

test("a word that is corrected in the middle of a large file is prepared anew", async () => {
  const store = memoryStore();
  const answers = Array.from({ length: 200 }, (_, i) => `It is cat ${i}.`);
  const before = await prepare(store, file("train.jsonl", rows(...answers)));
  answers[100] = "It is pig 100.";
  const text = rows(...answers);
  expect(text.length).toBeGreaterThan(150_000);
  expect((await prepare(store, file("train.jsonl", text))).id).not.toBe(before.id);
});

test("rows of caption files have the picture's name, rows of tables their line, where people look at them", async () => {
  const store = memoryStore();
  const { dataFolder } = await openGolden("own-tiny");
  const picture = new Blob([new Uint8Array(readFileSync(`${dataFolder}/images/000.png`))]);
  const info = await prepare(store, { path: "pets/cat.png", blob: picture }, file("pets/cat.txt", "A cat."));
  const { rows: preview } = await olderRows((await openDataset(store, info.id))!, preparation, 0, 5);
  expect(preview.map((row) => row.source)).toEqual(["pets/cat.png"]);
  const table = await prepare(store, file("train.jsonl", rows("A dot.", "A line.")));
  const dataset = (await openDataset(store, table.id))!;
  expect((await olderRows(dataset, preparation, 1, 1)).rows.map((row) => row.source)).toEqual(["train.jsonl line 2"]);
  await store.delete([`dataset/${table.id}/sources/0`]);
  expect((await olderRows(dataset, preparation, 1, 1)).rows.map((row) => row.source)).toEqual(["row 2"]);
});

test("how many rows have how many tokens is kept, so that a limit can be judged before a run", async () => {
  const store = memoryStore();
  const files = [file("train.jsonl", rows("A dot.", "A dot and a line and one more line.", "A dot."))];
  const info = await prepare(store, ...files);
  expect(info.lengths.map(([, count]) => count)).toEqual([2, 1]);
  expect(info.lengths[0]![0]).toBeLessThan(info.lengths[1]![0]);
  expect(info.lengths[1]![0]).toBe(info.longest);
  expect(info.lengths.reduce((sum, [tokens, count]) => sum + tokens * count, 0)).toBe(info.tokens);
  expect(await prepare(store, ...files)).toEqual(info);
  await without(store, info.id, "lengths");
  expect((await prepare(store, ...files)).lengths).toEqual([]);
});

test("the first rows are a data set of their own, which says so beside what its place says", async () => {
  const store = memoryStore();
  const files = [file("train.jsonl", rows("One.", "Two.", "Three."))];
  const all = await prepare(store, ...files);
  const told: string[] = [];
  const drop = { files, label: "drop", first: { rows: 2, of: 3 }, notes: () => told };
  const { info: two } = await prepareDataset(
    store,
    drop,
    preparation,
    () => void told.splice(0, 1, "It lies on a hub."),
  );
  expect([all.rows, two.rows, two.id === all.id]).toEqual([3, 2, false]);
  expect(two.notes).toEqual(["It lies on a hub.", "The first 2 of 3 rows are read, as was asked."]);
});
