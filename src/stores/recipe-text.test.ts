import { expect, test } from "vitest";
import { parseRecipe, practical, readRecipe, toHuggingFace } from "../../workers/recipe.ts";
import { filledForm, looksLikeRecipe, recipeInHash, recipeLink, recipeObstacle, recipeText } from "./recipe-text.ts";

const form = toHuggingFace(practical);

test("out as a file and in again, a recipe is the same", () => {
  const fields = { ...form, learning_rate: 3e-5, modules_to_save: ["multi_modal_projector"] };
  const text = recipeText(fields);
  expect(readRecipe(text)).toEqual(parseRecipe(fields));
  expect(filledForm(JSON.parse(text), fields, "It")).toEqual({ fields, told: "It changed nothing that it names." });
});

test("a link has what is not the default, and nothing else of the address", () => {
  const fields = { ...toHuggingFace(parseRecipe({})), max_steps: 20, data_order: "sequential" };
  const link = recipeLink(fields, "https://a.example/app/?x=1#recipe=%7B%7D");
  expect(link).toBe(
    "https://a.example/app/?x=1#recipe=%7B%22max_steps%22%3A20%2C%22data_order%22%3A%22sequential%22%7D",
  );
  expect(JSON.parse(recipeInHash(new URL(link).hash)!)).toEqual({ max_steps: 20, data_order: "sequential" });
  expect(recipeInHash("#main")).toBeUndefined();
  expect(recipeInHash("#recipe=%7")).toBe("%7");
});

test("an unknown key is refused by name", () => {
  expect(() => filledForm({ max_steps: 5, learning_rat: 1 }, form, "It")).toThrow(/unknown key "learning_rat"/);
  expect(() => filledForm([1], form, "It")).toThrow(/must be a JSON object/);
});

test("what a recipe changed is told: what it names, what it leaves out, and what is chosen with the model", () => {
  const { fields, told } = filledForm({ max_steps: 20, lora_r: 16, quantize_modules: [] }, form, "A link");
  expect(fields).toMatchObject({
    max_steps: 20,
    lora_r: 16,
    learning_rate: 2e-5,
    quantize_modules: ["language_model"],
  });
  expect(told).toBe(
    "A link changed max_steps 20. " +
      'What it does not name has its default: learning_rate 0.00002, lr_scheduler_type "linear", warmup_ratio 0. ' +
      "Not taken: quantize_modules []. This is chosen with the model (Loading settings), and is as the model is loaded.",
  );
});

test.each<[string, unknown, boolean]>([
  ["mine.json", { max_steps: 5 }, true],
  ["recipe.json", { max_step: 5 }, true],
  ["settings.json", { learning_rate: 1e-4, unheard_of: 1 }, true],
  ["recipes.json", [{ question: "Salt?", answer: "Yes." }], false],
  ["recipe-data.json", { data: [{ question: "Salt?", answer: "Yes." }] }, false],
  ["row.json", { question: "What?", answer: "That." }, false],
  ["coco.json", { images: [{ id: 1 }], seed: 1 }, false],
])("%s %j", (name, json, recipe) => {
  expect(looksLikeRecipe(name, JSON.stringify(json))).toBe(recipe);
});

test("broken JSON is a recipe where it is called one", () => {
  expect([looksLikeRecipe("recipe.json", "{"), looksLikeRecipe("rows.json", "{")]).toEqual([true, false]);
});

test("a form with an empty field is no recipe", () => {
  expect(recipeObstacle(form)).toBe("");
  expect(recipeObstacle({ ...form, max_steps: Number.NaN })).toBe("Correct max_steps first.");
});
