import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { adviceWords } from "../../advice.ts";
import { parseRecipe, practical, seedReport, toHuggingFace } from "../../recipe.ts";
import { type Advised, adviceOnRecipe } from "./on-recipe.ts";
import { scaleOf, usualRate } from "./rate.ts";

const lengths: [number, number][] = [
  [40, 87],
  [65, 30],
  [96, 11],
];
const sound: Advised = {
  recipe: practical,
  model: { hiddenSize: 2048, positions: 4096 },
  steps: 100,
  data: { rows: 128, lengths },
};
const advised = (keys: object, change: Partial<Advised> = {}) =>
  adviceOnRecipe({ ...sound, recipe: parseRecipe({ ...toHuggingFace(practical), ...keys }), ...change });

describe("the usual rate", () => {
  const lora = (lora_r: number, lora_alpha: number, use_rslora = false) =>
    parseRecipe({ lora_r, lora_alpha, use_rslora });
  test("is the rate that published recipes have", () => {
    // QLoRA at 7B and 65B, LLaVA's LoRA script, GPT-sized and demo-sized models.
    expect(usualRate(lora(64, 16), 4096)).toBeCloseTo(2e-4, 6);
    expect(usualRate(lora(64, 16), 8192) / 1e-4).toBeCloseTo(1.16, 1);
    expect(usualRate(lora(128, 256), 4096)).toBeCloseTo(2e-4, 6);
    expect(usualRate(lora(16, 16), 192) / 2.2e-3).toBeCloseTo(1, 1);
  });
  test("makes up for a scale that is beyond these", () => {
    expect(usualRate(lora(64, 4), 4096)).toBeCloseTo(8e-4, 6);
    expect(usualRate(lora(8, 64), 4096)).toBeCloseTo(5e-5, 6);
    expect(scaleOf(lora(64, 16, true))).toBe(2);
    expect(usualRate(lora(64, 64, true), 4096)).toBeCloseTo(5e-5, 6);
  });
});

test("a sound recipe needs none: that of the demo model, and Practical on models of all sizes", () => {
  expect(adviceOnRecipe(sound)).toEqual([]);
  for (const hiddenSize of [576, 960, 2048, 4096]) {
    expect(advised({}, { model: { hiddenSize, positions: 4096 } })).toEqual([]);
  }
  const demo = JSON.parse(readFileSync(new URL("../../../public/demo/recipe.json", import.meta.url), "utf8"));
  expect(advised(demo, { model: { hiddenSize: 192, positions: 512 } })).toEqual([]);
  expect(advised({}, { data: undefined })).toEqual([]);
});

describe("the learning rate", () => {
  test("that unlearns", () => {
    const [high] = advised({ learning_rate: 500 });
    expect(high).toMatchObject({ about: "learning rate", set: { learning_rate: 0.0003 } });
    expect(high!.words).toMatch(
      /^A learning rate of 500 is far too high\. At rank 16 and alpha 16 updates are multiplied by 1/,
    );
  });
  test("of full training: the report's own, on a model of its size", () => {
    const [low] = adviceOnRecipe({ ...sound, recipe: seedReport });
    expect(adviceWords(low!)).toBe(
      "A learning rate of 0.00002 is very low. At rank 64 and alpha 16 updates are multiplied by 0.25; LoRA on a model of this width learns at about 0.0003, 15 times as much: full training takes such rates, an adapter hardly moves. Set learning_rate to 0.0003.",
    );
    expect(adviceOnRecipe({ ...sound, recipe: seedReport, goesOn: true })).toEqual([]);
  });
  test("what is set needs no further advice", () => {
    for (const learning_rate of [500, 1e-7, 0]) {
      for (const lora_alpha of [1, 16, 512]) {
        const [advice] = advised({ learning_rate, lora_alpha });
        expect(advised({ lora_alpha, ...advice!.set })).toEqual([]);
      }
    }
  });
});

describe("steps for so many rows", () => {
  test("rows that are seen very often", () => {
    const [often] = advised({ max_steps: 480 }, { steps: 480 });
    expect(often).toMatchObject({ about: "steps", set: { max_steps: 100 } });
    expect(often!.words).toBe(
      "Every row is seen 30 times: it will be learnt by heart. 3 times are usual, few rows bear up to 10; 100 steps are 6.3 times.",
    );
    // One batch an epoch.
    expect(advised({}, { steps: 100, data: { rows: 8, lengths: [] } })[0]).toMatchObject({ set: { max_steps: 7 } });
    // Three passes over many rows.
    expect(advised({}, { steps: 30_000, data: { rows: 8000, lengths: [] } })[0]).toMatchObject({
      set: { max_steps: 3000 },
    });
  });
  test("a run that takes its best adapter, or ends when nothing gets better, bears them", () => {
    const best = { eval_strategy: "steps", load_best_model_at_end: true };
    expect(advised(best, { steps: 480 })).toEqual([]);
    expect(advised({ eval_strategy: "steps", early_stopping_patience: 3 }, { steps: 480 })).toEqual([]);
    expect(advised({ eval_strategy: "steps" }, { steps: 480 })).toHaveLength(1);
  });
  test("so few that nothing is learnt", () => {
    const [few] = advised({}, { steps: 3 });
    expect(few).toMatchObject({ about: "steps", set: { max_steps: 100 } });
    expect(few!.words).toContain("3 steps see 24 of 128 rows");
    expect(advised({}, { steps: 3, goesOn: true })).toEqual([]);
    // Part of a large data set is enough to learn from.
    expect(advised({}, { steps: 500, data: { rows: 259_155, lengths: [] } })).toEqual([]);
  });
});

test("a batch that is larger than the data, and rows that are cut", () => {
  const [batch] = advised({ per_device_train_batch_size: 512 }, { steps: 10 });
  expect(batch).toMatchObject({ about: "batch size", set: { per_device_train_batch_size: 128 } });
  expect(batch!.words).toContain("A batch of 512 is more than the 128 rows");
  const [long] = advised({ max_length: 64 });
  expect(long).toMatchObject({ about: "row length", set: { max_length: 96 } });
  expect(long!.words).toContain("41 of 128 rows are longer than 64 tokens and lose their ends");
  const [one] = advised(
    { max_length: 95 },
    {
      steps: 30,
      data: {
        rows: 30,
        lengths: [
          [50, 29],
          [96, 1],
        ],
      },
    },
  );
  expect(one!.words).toContain("1 of 30 rows is longer than 95 tokens and loses its end");
  // No setting gives a model more positions than it has.
  const [beyond] = advised({}, { model: { hiddenSize: 2048, positions: 64 } });
  expect(beyond).not.toHaveProperty("set");
  expect(beyond!.words).toContain("The longest has 96, and the model has 64 positions.");
});
