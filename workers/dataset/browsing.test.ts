/** The rows on show as a run would take them: the very rows that it holds out, and what is told of them. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { everyRow } from "../data/browse.ts";
import type { InputFile } from "../data/rows/drop.ts";
import { openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { type PreparationSpec, preparationOf } from "../models/preparation.ts";
import { parseRecipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import { openGolden, openGoldenModel } from "../testing/golden.ts";
import { separateRows } from "../training/held-out.ts";

let kept: Store;
vi.mock("./state.ts", () => ({ store: async () => kept }));
vi.mock("./supplies.ts", () => ({ supplyOf: () => undefined }));
const { browsedFrom, foundRows, separatedCounts } = await import("./browsing.ts");

let spec: PreparationSpec;
let pictures: Uint8Array[];
beforeAll(async () => {
  const golden = await openGolden("own-tiny");
  spec = (await openGoldenModel(golden, parseRecipe({}))).preparation;
  const folder = `${golden.dataFolder}/images`;
  pictures = readdirSync(folder).map((name) => Uint8Array.from(readFileSync(`${folder}/${name}`)));
});
beforeEach(() => {
  kept = memoryStore();
});

const table = (path: string, names: string[]): InputFile => ({
  path,
  blob: new Blob([names.map((image) => JSON.stringify({ image, question: "What?", answer: `A ${path}.` })).join("\n")]),
});
const picture = (name: string, n: number): InputFile => ({
  path: name,
  blob: new Blob([new Uint8Array(pictures[n]!)]),
});
const prepared = async (files: InputFile[]) =>
  (await prepareDataset(kept, { files, label: "drop" }, preparationOf(spec), () => {})).info.id;

test("the marked rows are those that a run with the recipe holds out", async () => {
  const names = pictures.map((_, n) => `${n}.png`);
  const id = await prepared([...names.map(picture), table("rows.jsonl", names)]);
  const recipe = { eval_strategy: "steps", eval_split: 0.3, seed: 5 };
  const { rows } = await browsedFrom(id, spec, recipe);
  const run = { store: kept, runId: "", resume: false };
  const { heldOut } = await separateRows(run, (await openDataset(kept, id))!, parseRecipe(recipe));
  expect(heldOut!.record.positions.length).toBeGreaterThan(2);
  expect([...rows!.notTrained]).toEqual(heldOut!.record.positions.map((position) => [position, "held out"]));
  expect(await foundRows(rows!, { ...everyRow, show: "held out" }, () => {})).toEqual(heldOut!.record.positions);
  // Without an evaluation all are trained on; a recipe whose run would be refused marks none.
  expect((await browsedFrom(id, spec, { eval_strategy: "no" })).rows!.notTrained.size).toBe(0);
  const refused = { eval_strategy: "steps", eval_split: 0, load_best_model_at_end: true };
  expect((await browsedFrom(id, spec, refused)).rows!.notTrained.size).toBe(0);
});

test("a split of the data: its rows are marked either way, and those that show what is trained on are told", async () => {
  const files = [
    ...["a.png", "b.png", "c.png"].map(picture),
    // The bytes of a.png under another name, and b.png itself.
    picture("again.png", 0),
    picture("own.png", 4),
    table("train.jsonl", ["a.png", "b.png", "c.png"]),
    table("validation.jsonl", ["again.png", "b.png", "own.png"]),
  ];
  const id = await prepared(files);
  const measured = await browsedFrom(id, spec, { eval_strategy: "steps" });
  expect([...measured.rows!.notTrained]).toEqual([3, 4, 5].map((position) => [position, "held out"]));
  const idle = await browsedFrom(id, spec, {});
  expect([...idle.rows!.notTrained]).toEqual([3, 4, 5].map((position) => [position, "of the split"]));
  const { words, training, heldOut } = await separatedCounts(id, spec, { eval_strategy: "steps" });
  expect({ training, heldOut }).toEqual({ training: 3, heldOut: 3 });
  expect(words).toContain("3 of 3 rows of the validation split are held out; the split is not trained on.");
  expect(words).toContain("2 of 3 held-out rows show a picture that is also trained on");
});
