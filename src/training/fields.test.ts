import fs from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { isNumber, optionsOf, practical, recipeProblems, toHuggingFace } from "../../workers/recipe.ts";
import { LOADING_KEYS } from "../stores/recipe-text.ts";
import { speak, words } from "../words/index.ts";
import {
  ALL,
  helpOfField,
  hintOfField,
  isFound,
  isOptional,
  labelOfField,
  MAIN,
  MEASURING,
  valuesOf,
  valueWords,
} from "./fields.ts";

afterEach(() => speak("en"));

const keys = Object.keys(toHuggingFace(practical));

describe("the list of all settings", () => {
  test("has every key of a recipe, once, with a name and a sentence, and no other", () => {
    expect([...ALL].sort()).toEqual([...keys].sort());
    expect(Object.keys(words().recipe.fields).sort()).toEqual([...keys].sort());
    for (const name of ALL) expect(helpOfField(name)).toMatch(/[.?]$/);
    expect(new Set(ALL.map(labelOfField)).size).toBe(ALL.length);
    expect([...MAIN, ...MEASURING].filter((name) => !ALL.includes(name))).toEqual([]);
    expect(labelOfField("no_such_key")).toBe("no_such_key");
  });

  test("has a control for each key that is not the model's, and every value is one that the recipe takes", () => {
    for (const name of ALL.filter((one) => !LOADING_KEYS.includes(one))) {
      const values = valuesOf(name, undefined);
      expect(isNumber(name) || values.length > 1, name).toBe(true);
      expect(values.filter((value) => recipeProblems({ [name]: value }).size > 0)).toEqual([]);
    }
    expect(ALL.filter(isOptional).sort()).toEqual([
      "early_stopping_patience",
      "eval_steps",
      "image_longest_edge",
      "max_image_tiles",
      "max_pixels",
      "min_pixels",
    ]);
  });

  test.each(["en", "de"] as const)(
    "no two values of a setting are called the same, and names are of values that exist (%s)",
    async (language) => {
      await speak(language);
      for (const name of ALL) {
        const called = valuesOf(name, undefined).map((value) => valueWords(name, value));
        expect(new Set(called).size, name).toBe(called.length);
      }
      for (const [name, options] of Object.entries(words().recipe.options)) {
        const known = [...valuesOf(name, undefined).map(String), "null"];
        expect(
          Object.keys(options).filter((value) => !known.includes(value)),
          name,
        ).toEqual([]);
      }
    },
  );
});

test("values in words; a figure's name from a file is among those to choose", () => {
  expect(valueWords("modules_to_save", ["multi_modal_projector"])).toBe("trained in full");
  expect(valueWords("gradient_checkpointing", null)).toBe("automatic");
  expect(valueWords("eval_metric", "exact_match")).toBe("exact match");
  expect(valueWords("learning_rate", 2e-5)).toBe("0.00002");
  expect(valuesOf("metric_for_best_model", "eval_loss")[0]).toBe("eval_loss");
  expect(optionsOf("learning_rate")).toEqual([]);
});

test("a search finds by name, label, meaning and value, and by several words", () => {
  const found = (search: string) => ALL.filter((name) => isFound(name, search));
  expect(found("lora_r")).toEqual(["lora_r"]);
  expect(found("Rank-stabilised")).toEqual(["use_rslora"]);
  expect(found("warmup")).toEqual(["lr_scheduler_type", "warmup_ratio", "warmup_steps"]);
  expect(found("8-bit moments")).toContain("optim");
  expect(found("adam beta")).toEqual(["adam_beta1", "adam_beta2"]);
  expect(found("no such words")).toEqual([]);
  expect(hintOfField("seed")).toBe(helpOfField("seed"));
});

test.each(["fields.ts", "Control.tsx", "SettingRow.tsx", "../model/LoadingSettings.tsx"])(
  "%s has no limit of its own",
  (file) => {
    const text = fs.readFileSync(new URL(file, import.meta.url), "utf8");
    expect(text.match(/\b(min|max|step)(=|: *)["{\d]\S*/g)).toBeNull();
  },
);
