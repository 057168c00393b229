import { expect, test } from "vitest";
import { parseRecipe, practical, seedReport, toHuggingFace } from "../../workers/recipe.ts";
import { quantisedBy, withModule } from "../parts/loading.ts";
import { changedFrom, loadingChanges, recipeChanges } from "./preset.ts";

const seed = toHuggingFace(seedReport);
const asUsual = quantisedBy(toHuggingFace(parseRecipe({})));

test("what the seed report changes of Practical, in the words of the form", () => {
  const lines = recipeChanges(toHuggingFace(practical), seed).map(({ label, from, to }) => `${label}: ${from} → ${to}`);
  expect(lines).toEqual([
    "Learning rate: 0.0002 → 0.00002",
    "Schedule: cosine → linear",
    "Warm-up share: 0.03 → 0",
    "LoRA rank: 16 → 64",
    "Adapted linears: language model → vision tower and projector too",
    "Train on: answers only → all text",
    "Order of rows: shuffled → as Hugging Face shuffles",
  ]);
  expect(recipeChanges(seed, seed)).toEqual([]);
});

test("how a model is loaded otherwise", () => {
  expect(loadingChanges(asUsual, seed)).toEqual([
    { label: "Projector", from: "as in the checkpoint", to: "in 4 bits" },
    { label: "Vision tower", from: "as in the checkpoint", to: "in 4 bits" },
  ]);
  expect(loadingChanges(quantisedBy(seed), seed)).toEqual([]);
  const fp4 = { ...quantisedBy(seed), bnb_4bit_quant_type: "fp4", bnb_4bit_use_double_quant: true } as const;
  expect(loadingChanges(fp4, seed).map(({ label }) => label)).toEqual(["4-bit format", "Double quantisation"]);
  // The order of the modules says nothing to people, but tells models apart.
  expect(withModule(["vision_tower", "language_model"], "multi_modal_projector", true)).toEqual(seed.quantize_modules);
  expect(withModule(["language_model", "vision_tower"], "vision_tower", false)).toEqual(["language_model"]);
});

test("what is otherwise than in the preset, with the preset's value; what is of loading is the model's", () => {
  const form = toHuggingFace(practical);
  expect(changedFrom(form, { ...form, lora_r: 8, eval_steps: 3, quantize_modules: [], seed: Number.NaN })).toEqual(
    new Map<string, unknown>([
      ["seed", 42],
      ["lora_r", 16],
      ["eval_steps", null],
    ]),
  );
  expect(changedFrom(form, form).size).toBe(0);
});
