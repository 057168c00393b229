import { describe, expect, test } from "vitest";
import {
  evalStepsOf,
  evaluationsOf,
  limitsOf,
  parseRecipe,
  practical,
  readRecipe,
  recipeProblems,
  seedReport,
  stepsPerEpoch,
  toHuggingFace,
  totalSteps,
} from "./recipe.ts";

/** The recipe file that documents every default. */
const DEFAULTS = {
  max_steps: 500,
  num_train_epochs: 1,
  per_device_train_batch_size: 8,
  gradient_accumulation_steps: 1,
  learning_rate: 2e-5,
  lr_scheduler_type: "linear",
  warmup_steps: 0,
  warmup_ratio: 0,
  weight_decay: 0,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  max_grad_norm: 1.0,
  optim: "adamw_torch",
  gradient_checkpointing: null,
  logging_steps: 5,
  save_steps: 25,
  seed: 42,
  max_length: 2048,
  lora_r: 64,
  lora_alpha: 16,
  lora_dropout: 0,
  use_rslora: false,
  target_modules: "language-model",
  load_in_4bit: true,
  bnb_4bit_quant_type: "nf4",
  bnb_4bit_use_double_quant: false,
  quantize_modules: ["language_model"],
  train_on: "responses",
  chat_template: null,
  data_order: "shuffled",
  modules_to_save: null,
  max_image_tiles: null,
  do_image_splitting: null,
  image_longest_edge: null,
  min_pixels: null,
  max_pixels: null,
  eval_strategy: "no",
  eval_steps: null,
  eval_split: 0.1,
  eval_answers: 6,
  eval_metric: null,
  per_device_eval_batch_size: 8,
  load_best_model_at_end: false,
  metric_for_best_model: "loss",
  greater_is_better: null,
  early_stopping_patience: null,
  save_total_limit: 2,
};

test("an empty recipe is the defaults, in the order of the documentation", () => {
  expect(JSON.stringify(toHuggingFace(parseRecipe({})))).toBe(JSON.stringify(DEFAULTS));
});

test("a whole recipe goes in and out unchanged", () => {
  const recipe = {
    max_steps: -1,
    num_train_epochs: 2.5,
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 4,
    learning_rate: 1e-3,
    lr_scheduler_type: "constant_with_warmup",
    warmup_steps: 3,
    warmup_ratio: 0.1,
    weight_decay: 0.01,
    adam_beta1: 0.8,
    adam_beta2: 0.95,
    adam_epsilon: 1e-6,
    max_grad_norm: 0.05,
    optim: "adamw_bnb_8bit",
    gradient_checkpointing: false,
    logging_steps: 1,
    save_steps: 7,
    seed: 4294967295,
    max_length: 512,
    lora_r: 8,
    lora_alpha: 12.5,
    lora_dropout: 0.05,
    use_rslora: true,
    target_modules: "all-linear",
    load_in_4bit: false,
    bnb_4bit_quant_type: "fp4",
    bnb_4bit_use_double_quant: true,
    quantize_modules: ["vision_tower", "multi_modal_projector"],
    train_on: "all-text",
    chat_template: "{{ messages }}",
    data_order: "huggingface",
    modules_to_save: null,
    max_image_tiles: 3,
    do_image_splitting: false,
    image_longest_edge: 1024,
    min_pixels: 4096,
    max_pixels: 1_000_000,
    eval_strategy: "steps",
    eval_steps: 20,
    eval_split: 0.25,
    eval_answers: 0,
    eval_metric: "anls",
    per_device_eval_batch_size: 3,
    load_best_model_at_end: true,
    metric_for_best_model: "eval_loss",
    greater_is_better: false,
    early_stopping_patience: 4,
    save_total_limit: 1,
  };
  expect(Object.keys(recipe)).toEqual(Object.keys(DEFAULTS));
  expect(toHuggingFace(parseRecipe(recipe))).toEqual(recipe);
  expect(readRecipe(JSON.stringify(recipe))).toMatchObject({
    adamBeta2: 0.95,
    bnb4bitQuantType: "fp4",
    useRslora: true,
  });
});

test("what goes by evaluations needs some", () => {
  for (const key of [{ load_best_model_at_end: true }, { early_stopping_patience: 3 }]) {
    expect(() => parseRecipe(key)).toThrow(/goes by evaluations, and eval_strategy is "no"/);
    expect(parseRecipe({ ...key, eval_strategy: "steps" })).toMatchObject({ evalStrategy: "steps" });
  }
});

test("without steps of its own an evaluation is where the logs are, as in transformers", () => {
  expect(evalStepsOf(parseRecipe({ logging_steps: 7 }))).toBe(7);
  expect(evalStepsOf(parseRecipe({ logging_steps: 7, eval_steps: 50 }))).toBe(50);
});

test("a run is measured before its first step, at every interval, and at its end", () => {
  const recipe = (evalSteps: number) => parseRecipe({ eval_strategy: "steps", eval_steps: evalSteps });
  expect(evaluationsOf(recipe(10), 100)).toBe(11);
  expect(evaluationsOf(recipe(30), 100)).toBe(5);
  expect(evaluationsOf(parseRecipe({}), 100)).toBe(0);
});

test("defaults are not shared between recipes", () => {
  parseRecipe({}).quantizeModules.push("vision_tower");
  expect(parseRecipe({}).quantizeModules).toEqual(["language_model"]);
});

test("the presets", () => {
  const seed = {
    ...{ ...DEFAULTS, train_on: "all-text", data_order: "huggingface", target_modules: "all-linear" },
    quantize_modules: ["language_model", "multi_modal_projector", "vision_tower"],
  };
  expect(toHuggingFace(seedReport)).toEqual(seed);
  const changes = { learning_rate: 2e-4, lora_r: 16, lora_alpha: 16, lr_scheduler_type: "cosine", warmup_ratio: 0.03 };
  expect(toHuggingFace(practical)).toEqual({ ...DEFAULTS, ...changes });
});

describe("a refusal names key, value and what is allowed", () => {
  test.each<[object, string]>([
    [{ learning_rate: "2e-5" }, 'learning_rate is "2e-5"; it must be a number from 0 to 1000000.'],
    [{ learning_rate: -1e-5 }, "learning_rate is -0.00001; it must be a number from 0 to 1000000."],
    [{ learning_rate: Number.NaN }, "learning_rate is NaN; it must be a number from 0 to 1000000."],
    [{ learning_rate: Number.POSITIVE_INFINITY }, "learning_rate is Infinity; it must be a number from 0 to 1000000."],
    [{ learning_rate: null }, "learning_rate is null; it must be a number from 0 to 1000000."],
    [
      { max_steps: 0 },
      "max_steps is 0; it must be a whole number from 1 to 10000000, or -1 to count num_train_epochs instead.",
    ],
    [{ max_steps: 2.5 }, "max_steps is 2.5; it must be a whole number from 1"],
    [{ num_train_epochs: 0 }, "num_train_epochs is 0; it must be a number above 0, up to 10000."],
    [{ per_device_train_batch_size: 0 }, "per_device_train_batch_size is 0; it must be a whole number from 1 to 1024."],
    [
      { gradient_accumulation_steps: 1.5 },
      "gradient_accumulation_steps is 1.5; it must be a whole number from 1 to 4096.",
    ],
    [
      { lr_scheduler_type: "polynomial" },
      'is "polynomial"; it must be "linear", "cosine", "constant" or "constant_with_warmup".',
    ],
    [{ warmup_steps: -1 }, "warmup_steps is -1; it must be a whole number from 0 to 10000000."],
    [{ warmup_ratio: 1.1 }, "warmup_ratio is 1.1; it must be a number from 0 to 1."],
    [{ adam_beta1: 1 }, "adam_beta1 is 1; it must be a number from 0 to less than 1."],
    [{ adam_beta2: -0.1 }, "adam_beta2 is -0.1; it must be a number from 0 to less than 1."],
    [{ adam_epsilon: 0 }, "adam_epsilon is 0; it must be a number from 1e-30 to 1."],
    [{ max_grad_norm: -1 }, "max_grad_norm is -1; it must be a number from 0 to 1000000000."],
    [{ seed: 4294967296 }, "seed is 4294967296; it must be a whole number from 0 to 4294967295."],
    [{ lora_r: 513 }, "lora_r is 513; it must be a whole number from 1 to 512."],
    [{ lora_alpha: 0 }, "lora_alpha is 0; it must be a number above 0, up to 65536."],
    [{ lora_dropout: 1 }, "lora_dropout is 1; it must be a number from 0 to less than 1."],
    [{ lora_dropout: 0.1, lora_r: 6 }, "lora_dropout with lora_r 6: with dropout the rank must be a multiple of 4."],
    [{ use_rslora: 1 }, "use_rslora is 1; it must be true or false."],
    [{ target_modules: ["q_proj"] }, 'target_modules is ["q_proj"]; it must be "language-model" or "all-linear".'],
    [{ bnb_4bit_quant_type: "int8" }, 'bnb_4bit_quant_type is "int8"; it must be "nf4" or "fp4".'],
    [
      { quantize_modules: "language_model" },
      'is "language_model"; it must be a list of "language_model", "multi_modal_projector" or',
    ],
    [{ quantize_modules: ["lm_head"] }, 'quantize_modules is ["lm_head"]; it must be a list of'],
    [{ quantize_modules: ["vision_tower", "vision_tower"] }, "each at most once."],
    [{ train_on: "all" }, 'train_on is "all"; it must be "responses" or "all-text".'],
    [{ chat_template: "" }, 'chat_template is ""; it must be null or a Jinja template of 1 to 100000 characters.'],
    [{ data_order: "random" }, 'data_order is "random"; it must be "shuffled", "sequential" or "huggingface".'],
    [{ modules_to_save: ["lm_head"] }, 'modules_to_save is ["lm_head"]; it must be null or ["multi_modal_projector"]'],
    [{ max_image_tiles: 0 }, "max_image_tiles is 0; it must be null or a whole number from 1 to 64."],
    [{ do_image_splitting: 1 }, "do_image_splitting is 1; it must be null, true or false."],
    [
      { image_longest_edge: 16 },
      "image_longest_edge is 16; it must be null or a whole number of pixels from 32 to 4096.",
    ],
    [{ learning_rat: 1 }, 'unknown key "learning_rat" (value 1); allowed are max_steps, num_train_epochs,'],
    [{ learningRate: 1 }, 'unknown key "learningRate"'],
    [{ toString: 1 }, 'unknown key "toString"'],
    [JSON.parse('{"__proto__": {"seed": 1}}'), 'unknown key "__proto__"'],
  ])("%j", (json, message) => {
    expect(() => parseRecipe(json)).toThrow(
      expect.objectContaining({ code: "bad-recipe", message: expect.stringContaining(message) }),
    );
  });

  test.each([null, [], "x", 5])("a recipe that is %j is no recipe", (json) => {
    expect(() => parseRecipe(json)).toThrow(expect.objectContaining({ code: "bad-recipe" }));
  });

  test("text that is not JSON", () => {
    expect(() => readRecipe('{"seed": 1,}')).toThrow(
      expect.objectContaining({ code: "bad-recipe", message: expect.stringMatching(/^The recipe is not JSON: /) }),
    );
  });

  test("a long value is cut", () => {
    const error = (() => {
      try {
        parseRecipe({ train_on: "x".repeat(10_000) });
      } catch (e) {
        return e as Error;
      }
    })();
    expect(error!.message.length).toBeLessThan(200);
  });
});

describe("the number of steps", () => {
  test.each([
    // rows, batch, accumulation, epochs -> steps of an epoch, of the run (transformers' Trainer.set_initial_training_values)
    [259, 8, 1, 1, 33, 33],
    [16, 4, 1, 3, 4, 12],
    [12, 2, 4, 2, 2, 4],
    [12, 2, 4, 2.5, 2, 5],
    [12, 2, 4, 0.1, 2, 1],
    [1, 8, 8, 1, 1, 1],
    [17, 8, 2, 1, 2, 2],
  ])(
    "%i rows, batch %i x %i, %d epochs: %i an epoch, %i in all",
    (rows, batch, accumulation, epochs, perEpoch, total) => {
      const recipe = parseRecipe({
        max_steps: -1,
        num_train_epochs: epochs,
        per_device_train_batch_size: batch,
        gradient_accumulation_steps: accumulation,
      });
      expect(stepsPerEpoch(recipe, rows)).toBe(perEpoch);
      expect(totalSteps(recipe, rows)).toBe(total);
    },
  );

  test("is max_steps where that is given, rows or not", () => {
    expect(totalSteps(parseRecipe({ max_steps: 7 }), 0)).toBe(7);
  });

  test("needs rows otherwise", () => {
    expect(() => totalSteps(parseRecipe({ max_steps: -1 }), 0)).toThrow(expect.objectContaining({ code: "no-rows" }));
  });
});

test("what is wrong with each key of a recipe is told by its name", () => {
  expect(recipeProblems({})).toEqual(new Map());
  expect(recipeProblems(toHuggingFace(practical))).toEqual(new Map());
  expect(recipeProblems({ max_steps: Number.NaN, lora_r: 0, seed: 1, learning_rat: 1 })).toEqual(
    new Map([
      ["max_steps", "a whole number from 1 to 10000000, or -1 to count num_train_epochs instead"],
      ["lora_r", "a whole number from 1 to 512"],
      ["learning_rat", "no key of a recipe"],
    ]),
  );
});

test("inputs have the limits of the schema", () => {
  expect(limitsOf("max_length")).toEqual({ min: 8, max: 131_072, step: 1 });
  expect(limitsOf("lora_alpha")).toEqual({ min: 0, max: 65_536, step: "any" });
  expect(limitsOf("warmup_ratio")).toEqual({ min: 0, max: 1, step: "any" });
  expect(limitsOf("max_steps")).toEqual({ min: -1, max: 10_000_000, step: 1 });
  for (const [name, value] of Object.entries(toHuggingFace(practical))) {
    if (typeof value !== "number") continue;
    const { min, max, step } = limitsOf(name);
    const problems = (n: number): number => recipeProblems({ [name]: n }).size;
    const inside = step === 1 ? max - 1 : (min + max) / 2;
    expect([name, problems(min - 1), problems(inside), problems(max + 1)]).toEqual([name, 1, 0, 1]);
    if (step === 1) expect([name, problems(min), problems(max)]).toEqual([name, 0, 0]);
  }
  expect(() => limitsOf("train_on")).toThrow("train_on is no number of a recipe.");
});
