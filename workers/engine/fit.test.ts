import { expect, test } from "vitest";
import type { MemoryPlan } from "../models/memory-plan.ts";
import { parseRecipe, type Recipe } from "../recipe.ts";
import { fitOf } from "./fit.ts";

const MB = 1e6;

/** A plan whose largest buffer grows with the batch, the rank or the rows, as `bytesOf` says. */
const planOf =
  (bytesOf: (recipe: Recipe) => number) =>
  (recipe: Recipe): MemoryPlan => {
    const bytes = bytesOf(recipe);
    return { largest: { label: "activations/logits", bytes }, totalBytes: 4 * bytes } as MemoryPlan;
  };
const recipe = parseRecipe({ per_device_train_batch_size: 12, lora_r: 64, max_length: 2048 });
const facts = { maxStorageBufferBindingSize: 128 * MB };

test.each<[string, (recipe: Recipe) => number, string, string]>([
  ["fits", () => MB, "fits", ""],
  ["a batch that is too large", (r) => r.perDeviceTrainBatchSize * 40 * MB, "too-large", "Set Batch size to 3."],
  [
    "pictures that are too large",
    (r) => (r.maxPixels ?? 1e6) * 400,
    "too-large",
    "pictures of 512 x 512 pixels at most",
  ],
  ["a rank that is too large", (r) => r.loraR * 5 * MB, "too-large", "Set LoRA rank to 16."],
  ["rows that are too long", (r) => r.maxLength * MB, "too-large", "Set Longest row in tokens to 128."],
  ["a model that is too large", () => 200 * MB, "too-large", "Choose a smaller model"],
])("%s", (_, bytesOf, fits, words) => {
  const fit = fitOf(recipe, planOf(bytesOf), facts);
  expect(fit.fits).toBe(fits);
  expect(fit.advice).toContain(words);
});

test("the sentence names the buffer and both sizes", () => {
  const { advice } = fitOf(
    recipe,
    planOf((r) => r.perDeviceTrainBatchSize * 40 * MB),
    facts,
  );
  expect(advice).toBe(
    "One GPU buffer (activations/logits) would have 480 MB; this GPU allows 128 MB. Set Batch size to 3.",
  );
});

test("numbers are left alone as long as something else makes it fit", () => {
  const heavy = (r: Recipe): MemoryPlan => {
    const moments = r.optim === "adamw_bnb_8bit" ? 1e9 : 4e9;
    const tower = r.quantizeModules.includes("vision_tower") ? 0 : 1e9;
    return { largest: { label: "weights/head", bytes: MB }, totalBytes: 4e9 + moments + tower } as MemoryPlan;
  };
  expect(fitOf(recipe, heavy, facts).advice).toContain("8-bit moments");
  const heavier = (r: Recipe): MemoryPlan => ({ ...heavy(r), totalBytes: heavy(r).totalBytes + 1e9 });
  expect(fitOf(recipe, heavier, facts).advice).toContain("vision tower in 4 bits");
});

test("where nothing makes it fit well, what makes it fit at all", () => {
  const large = (r: Recipe): MemoryPlan => {
    const kept = r.gradientCheckpointing === false ? 5e9 : 0;
    return { largest: { label: "weights/head", bytes: MB }, totalBytes: 8e9 + kept } as MemoryPlan;
  };
  const { fits, advice } = fitOf({ ...recipe, gradientCheckpointing: false }, large, facts);
  expect(fits).toBe("too-large");
  expect(advice).toContain("Set Activations to automatic.");
});

test("answers that make the difference are what is to be left out, unless the run goes by them", () => {
  const answers = { eval_strategy: "steps", max_length: 2048 };
  const plan = (r: Recipe): MemoryPlan => {
    const answerBytes = r.evalStrategy !== "no" && r.evalAnswers > 0 ? 0.83e9 : 0;
    const totalBytes = 5.5e9 + answerBytes + r.maxLength;
    return { largest: { label: "weights/head", bytes: MB }, totalBytes, answerBytes } as MemoryPlan;
  };
  expect(fitOf(parseRecipe(answers), plan, facts)).toEqual({
    fits: "tight",
    advice:
      "The run would take 6.3 GB of GPU memory, which not every GPU has. Set Rows answered (eval_answers) to 0: the answers to held-out rows take 830 MB of it.",
  });
  const { advice } = fitOf(parseRecipe({ ...answers, metric_for_best_model: "exact_match" }), plan, facts);
  expect(advice).not.toContain("eval_answers");
  expect(fitOf(parseRecipe({ ...answers, eval_answers: 0 }), plan, facts).fits).toBe("fits");
});

test("a plan that fits the limits but takes much memory is tight", () => {
  const many = (r: Recipe): MemoryPlan =>
    ({ largest: { label: "weights/head", bytes: MB }, totalBytes: r.perDeviceTrainBatchSize * 1e9 }) as MemoryPlan;
  expect(fitOf(recipe, many, facts)).toMatchObject({
    fits: "tight",
    advice: expect.stringContaining("Batch size to 6"),
  });
  const double = (r: Recipe): MemoryPlan => ({ ...many(r), totalBytes: r.perDeviceTrainBatchSize * 2e9 });
  expect(fitOf(recipe, double, facts)).toMatchObject({
    fits: "too-large",
    advice: expect.stringContaining("Batch size to 3"),
  });
});
