import fs from "node:fs";
import { expect, test } from "vitest";
import { limitsOf, practical, recipeProblems, toHuggingFace } from "../../workers/recipe.ts";
import { choiceFields, fields, labelOfField, mainFields, moreFields } from "./fields.ts";

const defaults = toHuggingFace(practical);

test("every field is one of the recipe's, once", () => {
  const names = fields.map(({ name }) => name);
  expect(names.filter((name) => !(name in defaults))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(labelOfField("lora_r")).toBe("LoRA rank");
  expect(labelOfField("adam_beta1")).toBe("adam_beta1");
});

test("every number has the recipe's limits, and every option is a value that the recipe takes", () => {
  for (const { name } of [...mainFields, ...moreFields]) expect(limitsOf(name).max).toBeGreaterThan(0);
  const options = choiceFields.flatMap(({ name, options }) => options.map(([value]) => ({ [name]: value })));
  expect(options.filter((option) => recipeProblems(option).size > 0)).toEqual([]);
});

test.each(["fields.ts", "RecipeForm.tsx", "../model/LoadingSettings.tsx"])("%s has no limit of its own", (file) => {
  const text = fs.readFileSync(new URL(file, import.meta.url), "utf8");
  expect(text.match(/\b(min|max|step)(=|: *)["{\d]\S*/g)).toBeNull();
});
