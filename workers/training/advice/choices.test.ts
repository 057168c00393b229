import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseRecipe, practical, type Recipe, recipeProblems, seedReport, toHuggingFace } from "../../recipe.ts";
import { careChoices, lengthChoices, strengthChoices } from "./choices.ts";
import { adviceOnRecipe } from "./on-recipe.ts";

const demoRecipe = JSON.parse(readFileSync(new URL("../../../public/demo/recipe.json", import.meta.url), "utf8"));
const withKeys = (recipe: Recipe, keys: object): Recipe => parseRecipe({ ...toHuggingFace(recipe), ...keys });
const demo = withKeys(practical, demoRecipe);
const WIDTHS = [576, 960, 2048, 4096, 8192];

describe("how long", () => {
  test("the longer answer has more steps, whatever the rows, and none is advised against", () => {
    for (const rows of [1, 5, 8, 9, 40, 115, 128, 700, 8000, 1_000_000]) {
      for (const batch of [1, 8]) {
        const recipe = withKeys(practical, { per_device_train_batch_size: batch });
        const { choices } = lengthChoices(recipe, rows);
        const steps = choices.map(({ sets }) => sets.max_steps as number);
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
        const model = { hiddenSize: 2048, positions: 4096 };
        const data = { rows, lengths: [] };
        for (const n of steps.slice(1)) {
          const about = adviceOnRecipe({ recipe, model, steps: n, data }).map((advice) => advice.about);
          expect(about, `${n} steps over ${rows} rows`).not.toContain("steps");
        }
      }
    }
  });

  test("in passes over the rows, within limits", () => {
    const stepsOver = (rows: number) => lengthChoices(practical, rows).choices.map(({ sets }) => sets.max_steps);
    // 15 and 125 steps a pass; few rows, many rows.
    expect(stepsOver(115)).toEqual([30, 100, 150]);
    expect(stepsOver(1000)).toEqual([125, 375, 1250]);
    expect(stepsOver(8)).toEqual([2, 7, 10]);
    expect(stepsOver(1_000_000)).toEqual([300, 3000, 10_000]);
  });

  test("which one a recipe has, also one that counts epochs", () => {
    expect(lengthChoices(demo, 115).chosen).toBe("good");
    expect(lengthChoices(withKeys(demo, { max_steps: 150 }), 115).chosen).toBe("thorough");
    expect(lengthChoices(withKeys(demo, { max_steps: -1, num_train_epochs: 10 }), 115).chosen).toBe("thorough");
    expect(lengthChoices(withKeys(demo, { max_steps: 99 }), 115).chosen).toBeUndefined();
    expect(lengthChoices(seedReport, 115).chosen).toBeUndefined();
  });
});

describe("how strong", () => {
  const ask = (recipe: Recipe, hiddenSize: number, rate = 2e-4, goesOn = false) =>
    strengthChoices({ recipe, rate, hiddenSize, goesOn });

  test("rank, alpha and rate rise together, and none is advised against on models of all sizes", () => {
    for (const hiddenSize of WIDTHS) {
      const { choices, chosen } = ask(practical, hiddenSize);
      expect(chosen).toBe("usual");
      const rates = choices.map(({ sets }) => sets.learning_rate as number);
      expect(rates).toEqual([...new Set(rates)].sort((a, b) => a - b));
      expect(choices.map(({ sets }) => sets.lora_r)).toEqual([8, 16, 64]);
      for (const { sets } of choices) {
        const recipe = withKeys(practical, sets);
        const model = { hiddenSize, positions: 4096 };
        expect(adviceOnRecipe({ recipe, model, steps: 500, data: undefined }), `${hiddenSize}`).toEqual([]);
        expect(ask(recipe, hiddenSize).chosen).toBeDefined();
      }
    }
    expect(ask(practical, 4096).choices.map(({ sets }) => sets.learning_rate)).toEqual([1e-4, 2e-4, 4e-4]);
  });

  test("the demo model's recipe is its usual one; the report's is none of them", () => {
    expect(ask(demo, 192, 0.005).chosen).toBe("usual");
    expect(ask(demo, 192, 0.005).choices.map(({ sets }) => sets.learning_rate)).toEqual([0.0025, 0.005, 0.01]);
    expect(ask(seedReport, 4096).chosen).toBeUndefined();
  });

  test("an adapter to begin with keeps rank and alpha; the rate makes up for its scale", () => {
    const goesOn = withKeys(practical, { lora_r: 8, lora_alpha: 64 });
    const { choices } = ask(goesOn, 4096, 2e-4, true);
    expect(choices.map(({ sets }) => sets)).toEqual([
      { learning_rate: 2.5e-5 },
      { learning_rate: 5e-5 },
      { learning_rate: 1e-4 },
    ]);
    const stable = ask(withKeys(practical, { use_rslora: true }), 4096).choices[1]!.sets;
    expect(stable).toEqual({ lora_r: 16, lora_alpha: 16, learning_rate: 1e-4 });
  });
});

describe("how careful with memory", () => {
  const rowsOf = (sets: Record<string, unknown>): [number, number] => [
    sets.per_device_train_batch_size as number,
    sets.gradient_accumulation_steps as number,
  ];

  test("as many rows a step in each, and values that a recipe takes", () => {
    const most = { per_device_train_batch_size: 1024, gradient_accumulation_steps: 4096 };
    const prime = { per_device_train_batch_size: 7, gradient_accumulation_steps: 1 };
    for (const keys of [{}, prime, { ...prime, gradient_accumulation_steps: 3 }, most]) {
      const recipe = withKeys(practical, keys);
      const rows = recipe.perDeviceTrainBatchSize * recipe.gradientAccumulationSteps;
      for (const { name, sets } of careChoices(recipe).choices) {
        const [batch, windows] = rowsOf(sets);
        expect(batch * windows).toBe(rows);
        expect(recipeProblems(sets).size, name).toBe(0);
        expect(careChoices(withKeys(recipe, sets)).chosen).toBe(name);
      }
    }
    const sizes = (keys: object) => careChoices(withKeys(practical, keys)).choices.map(({ sets }) => rowsOf(sets));
    expect(sizes({ per_device_train_batch_size: 32 })).toEqual([
      [32, 1],
      [8, 4],
      [1, 32],
    ]);
    expect(sizes(prime)).toEqual([
      [7, 1],
      [7, 1],
      [1, 7],
    ]);
  });

  test("presets are balanced", () => {
    for (const recipe of [practical, demo, seedReport]) expect(careChoices(recipe).chosen).toBe("balanced");
  });
});
