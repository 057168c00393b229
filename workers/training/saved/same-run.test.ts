import { expect, test } from "vitest";
import type { DatasetManifest } from "../../data/shards/manifest.ts";
import { parseRecipe, toHuggingFace } from "../../recipe.ts";
import type { RunInfo } from "./run-info.ts";
import { notesOnSameRun, type Offered } from "./same-run.ts";

const recipe = parseRecipe({ learning_rate: 0.01, lora_r: 4, save_steps: 1 });
const rows = (id: string, ...hashes: string[]): DatasetManifest =>
  ({
    id,
    label: `folder ${id}`,
    rows: hashes.length * 2,
    shards: hashes.map((sha256) => ({ sha256, rows: 2, bytes: 1 })),
  }) as DatasetManifest;
const began = rows("old", "a", "b");
const info = {
  modelId: "m",
  modelLabel: "tiny",
  datasetId: "old",
  datasetLabel: "folder old",
  recipe: toHuggingFace(recipe),
} as RunInfo;
const offer = (changes: Partial<Offered>): Offered => ({
  modelId: "m",
  modelLabel: "other",
  recipe,
  dataset: began,
  ...changes,
});
const refused = (stored: DatasetManifest | undefined, changes: Partial<Offered>): unknown => {
  try {
    return notesOnSameRun(info, stored, offer(changes));
  } catch (error) {
    return error;
  }
};

test("the same model, recipe and rows go on, also from a folder of another name", () => {
  expect(notesOnSameRun(info, began, offer({}))).toEqual([]);
  expect(notesOnSameRun(info, began, offer({ dataset: rows("moved", "a", "b") }))).toEqual([]);
});

test("other rows, more or fewer, are refused by their numbers", () => {
  for (const dataset of [rows("new", "a", "c"), rows("new", "a"), rows("new", "a", "b", "c")]) {
    expect(refused(began, { dataset })).toMatchObject({
      code: "bad-checkpoint",
      message: expect.stringContaining(
        `the run began with 4 rows of folder old, and the ${dataset.rows} rows of folder new`,
      ),
      safe: "The run's checkpoints are kept as they are.",
    });
  }
  expect(refused(undefined, { dataset: rows("new", "a", "b") })).toMatchObject({
    message: expect.stringContaining("no longer beside its checkpoints"),
  });
});

test("another recipe is refused by key and values; when to save and report may change, and is told", () => {
  expect(refused(began, { recipe: { ...recipe, learningRate: 0.02, loraR: 8 } })).toMatchObject({
    message: "The recipe is another than the run began with: learning_rate 0.01, not 0.02; lora_r 4, not 8.",
  });
  expect(notesOnSameRun(info, began, offer({ recipe: { ...recipe, saveSteps: 5 } }))).toEqual([
    "The run began with save_steps 1, not 5; the new value is taken.",
  ]);
});

test("another model is refused by name", () => {
  expect(refused(began, { modelId: "n" })).toMatchObject({ message: expect.stringContaining("(tiny) than other") });
});

test("other weights of the same shapes are refused; a run of an older version has no mark of its own", () => {
  expect(refused(began, { weights: { own: "a", now: "b" } })).toMatchObject({
    code: "bad-checkpoint",
    message: "The run began on other weights (tiny) than those of other now, which have the same shapes.",
  });
  expect(refused(began, { weights: { own: "a", now: "a" } })).toEqual([]);
  expect(refused(began, { weights: { own: undefined, now: "a" } })).toEqual([]);
});
