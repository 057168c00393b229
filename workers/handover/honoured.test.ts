/** Every key of a recipe comes to something on the server: train.py reads it, the folder was made by it, or a person is told. */
import { expect, test } from "vitest";
import { parseRecipe, toHuggingFace } from "../recipe.ts";
import { serverNotes } from "./honoured.ts";
import rowsPy from "./python/rows.py?raw";
import trainPy from "./python/train.py?raw";

/** Keys that are in the folder's other files, and in which. */
const inFiles: Record<string, string> = {
  max_steps: "handover.json",
  num_train_epochs: "handover.json",
  data_order: "data/order.parquet",
  lora_r: "adapter/",
  lora_alpha: "adapter/",
  lora_dropout: "adapter/",
  use_rslora: "adapter/",
  modules_to_save: "adapter/",
  chat_template: "processor/",
  max_image_tiles: "processor/",
  do_image_splitting: "processor/",
  image_longest_edge: "processor/",
  min_pixels: "processor/",
  max_pixels: "processor/",
  eval_split: "data/validation-*.parquet",
};
/** Keys that only mean something for answers, which are not written there. */
const told = ["eval_answers", "eval_metric", "metric_for_best_model"];

test("no key is left aside in silence", () => {
  const read = new Set([...`${trainPy}${rowsPy}`.matchAll(/recipe\["(\w+)"\]/g)].map(([, key]) => key!));
  const keys = Object.keys(toHuggingFace(parseRecipe({})));
  expect(keys.filter((key) => !read.has(key) && !(key in inFiles) && !told.includes(key))).toEqual([]);
  expect([...read].filter((key) => !keys.includes(key))).toEqual([]);
});

const notesOn = (recipe: object, goesOn = false) => serverNotes(parseRecipe(recipe), { goesOn });

test("a plain recipe is honoured whole", () => {
  expect(notesOn({})).toEqual([]);
  expect(notesOn({ eval_strategy: "steps", eval_answers: 0, load_best_model_at_end: true })).toEqual([]);
});

test("8-bit moments stay behind only where a run goes on", () => {
  expect(notesOn({ optim: "adamw_bnb_8bit" })).toEqual([]);
  expect(notesOn({ optim: "adamw_bnb_8bit" }, true)).toEqual([expect.stringContaining("stay behind")]);
});

test("a metric of answers decides nothing there, and is refused where it would", () => {
  const best = { eval_strategy: "steps", metric_for_best_model: "eval_exact_match" };
  expect(notesOn({ ...best, eval_answers: 0 })).toEqual([]);
  expect(() => notesOn({ ...best, early_stopping_patience: 2 })).toThrow(/metric_for_best_model/);
});
