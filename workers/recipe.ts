/**
 * The recipe of a run: JSON with Hugging Face names at the border, camelCase inside. Every key is optional; an unknown key,
 * a wrong type or a value out of range is refused by name, because a misspelt `learning_rat` that silently trains with the
 * default costs the user hours. Names and defaults: transformers' TrainingArguments, TRL's SFTConfig/ModelConfig, PEFT's LoraConfig.
 */
import * as v from "valibot";
import { TabTuneError, wordsOf } from "./errors.ts";
import { METRIC_NAMES, type MetricName } from "./metrics/metric.ts";

/** A recipe in Hugging Face names, as in a recipe file; every key optional. */
export type RecipeJson = Record<string, unknown>;

/** Optimizers by the names of transformers' TrainingArguments. */
export type Optim = "adamw_torch" | "adamw_bnb_8bit";

export interface Recipe {
  /** Optimizer steps; -1: as many as `numTrainEpochs` needs (see `totalSteps`). */
  maxSteps: number;
  numTrainEpochs: number;
  /** Rows of a micro-batch. */
  perDeviceTrainBatchSize: number;
  /** Micro-batches of an optimizer step. */
  gradientAccumulationSteps: number;
  learningRate: number;
  /** As transformers has it, `constant` ignores the warm-up. */
  lrSchedulerType: "linear" | "cosine" | "constant" | "constant_with_warmup";
  warmupSteps: number;
  /** Of the total steps; counts only where `warmupSteps` is 0. */
  warmupRatio: number;
  weightDecay: number;
  adamBeta1: number;
  adamBeta2: number;
  adamEpsilon: number;
  /** Global L2 norm that gradients are clipped to; 0: no clipping. */
  maxGradNorm: number;
  /** `adamw_bnb_8bit`: moments in a byte each, as bitsandbytes rounds them. */
  optim: Optim;
  /** Recompute activations in the backward pass (true), keep them (false), or keep what is small and recompute what is not (null). */
  gradientCheckpointing: boolean | null;
  /** Steps of a window whose mean loss is logged. */
  loggingSteps: number;
  saveSteps: number;
  seed: number;
  /** Tokens of a row, image slots included. */
  maxLength: number;
  loraR: number;
  loraAlpha: number;
  loraDropout: number;
  useRslora: boolean;
  /** `language-model`: q, k, v, o, gate, up, down of the language model; `all-linear`: vision tower and projector too. */
  targetModules: "language-model" | "all-linear";
  loadIn4bit: boolean;
  bnb4bitQuantType: "nf4" | "fp4";
  bnb4bitUseDoubleQuant: boolean;
  quantizeModules: ("language_model" | "multi_modal_projector" | "vision_tower")[];
  trainOn: "responses" | "all-text";
  /** Jinja; null: the checkpoint's own, else its family's. */
  chatTemplate: string | null;
  dataOrder: "shuffled" | "sequential" | "huggingface";
  /** Modules trained in full beside LoRA: the projector, or none. */
  modulesToSave: ["multi_modal_projector"] | null;
  /** Cap on the tiles of one picture (LLaVA-NeXT, LLaVA-OneVision, SmolVLM), the whole-picture tile included; null: as the checkpoint says. */
  maxImageTiles: number | null;
  /** Whether pictures are cut into tiles (SmolVLM), and what their longer side is resized to before; null: as the checkpoint says. */
  doImageSplitting: boolean | null;
  imageLongestEdge: number | null;
  /** Pixels of a picture at least and at most, once it is resized to whole blocks (Qwen3-VL); null: as the checkpoint says. */
  minPixels: number | null;
  maxPixels: number | null;
  /** Whether held-out rows are measured while the run goes on: never, or at step 0, at every `evalSteps` and at the last step. */
  evalStrategy: "no" | "steps";
  /** null: as many as `loggingSteps`, as transformers has it. */
  evalSteps: number | null;
  /** Share of the rows that is held out where the data brings no split of its own; 0: none. Without an `evalStrategy` every row is trained on. */
  evalSplit: number;
  /** Held-out rows that are answered at each evaluation, greedily; 0: none. */
  evalAnswers: number;
  /** What the answers are judged by; null: the metric that fits the right answers. */
  evalMetric: MetricName | null;
  /** Held-out rows at a time; the loss does not depend on it. */
  perDeviceEvalBatchSize: number;
  /** The adapter of the best evaluation is what the run ends with. */
  loadBestModelAtEnd: boolean;
  /** Name of the figure that says which evaluation is best, with or without `eval_` in front. */
  metricForBestModel: string;
  /** null: unless the metric's name ends in "loss". */
  greaterIsBetter: boolean | null;
  /** Evaluations in a row without a better one after which the run ends; null: it does not end before its last step. */
  earlyStoppingPatience: number | null;
  /** Checkpoints that are kept, the newest; that of the best evaluation is kept besides. */
  saveTotalLimit: number;
}

/** What the input of a number may be limited to. A bound may itself be refused where the schema says "above" or "less than". */
export interface Limits {
  min: number;
  max: number;
  /** 1: whole numbers. */
  step: 1 | "any";
}

interface Field<T> {
  /** Hugging Face name. */
  name: string;
  schema: v.GenericSchema<unknown, T>;
  /** Completes "it must be …". */
  allowed: string;
  fallback: T;
  /** Of numbers. */
  limits?: Limits;
  /** All values of a field that has only a few. */
  options?: readonly T[];
}

function integer(name: string, min: number, max: number, fallback: number): Field<number> {
  const schema = v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
  return { name, schema, allowed: `a whole number from ${min} to ${max}`, fallback, limits: { min, max, step: 1 } };
}

function decimal(name: string, min: number, max: number, fallback: number): Field<number> {
  const schema = v.pipe(v.number(), v.minValue(min), v.maxValue(max));
  return { name, schema, allowed: `a number from ${min} to ${max}`, fallback, limits: { min, max, step: "any" } };
}

function aboveZero(name: string, max: number, fallback: number): Field<number> {
  const schema = v.pipe(v.number(), v.gtValue(0), v.maxValue(max));
  return { name, schema, allowed: `a number above 0, up to ${max}`, fallback, limits: { min: 0, max, step: "any" } };
}

/** A share in [0, 1): betas and dropout, where 1 would divide by zero. */
function belowOne(name: string, fallback: number): Field<number> {
  const schema = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
  return { name, schema, allowed: "a number from 0 to less than 1", fallback, limits: { min: 0, max: 1, step: "any" } };
}

function orNull(name: string, min: number, max: number): Field<number | null> {
  return {
    name,
    schema: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))),
    allowed: `null or a whole number from ${min} to ${max}`,
    fallback: null,
    limits: { min, max, step: 1 },
  };
}

function flag(name: string, fallback: boolean): Field<boolean> {
  return { name, schema: v.boolean(), allowed: "true or false", fallback, options: [false, true] };
}

function choice<const T extends string>(name: string, options: readonly T[], fallback: NoInfer<T>): Field<T> {
  return { name, schema: v.picklist(options), allowed: listed(options), fallback, options };
}

function listed(options: readonly string[]): string {
  const quoted = options.map((option) => `"${option}"`);
  return quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : quoted.join("");
}

const MOST_STEPS = 10_000_000;
const MOST_TILES = 64;
const MOST_PIXELS = 100_000_000;

/**
 * `max_pixels` that the page begins with: 768 x 768, which are 576 tokens of Qwen3-VL, as many as LLaVA-1.5's pictures have. Its files say
 * 4096 x 4096, and a picture of that size costs more than all the rest of a step.
 */
export const USUAL_MAX_PIXELS = 768 ** 2;
/** Sides of the squares whose pixels the page offers as limits of pictures at free size. */
export const PICTURE_SIDES = [256, 512, 768, 1024, 1536] as const;
const QUANTIZABLE = ["language_model", "multi_modal_projector", "vision_tower"] as const;

const FIELDS: { [K in keyof Recipe]: Field<Recipe[K]> } = {
  maxSteps: {
    name: "max_steps",
    schema: v.pipe(
      v.number(),
      v.integer(),
      v.check((n) => n === -1 || (n >= 1 && n <= MOST_STEPS)),
    ),
    allowed: `a whole number from 1 to ${MOST_STEPS}, or -1 to count num_train_epochs instead`,
    fallback: 500,
    limits: { min: -1, max: MOST_STEPS, step: 1 },
  },
  numTrainEpochs: aboveZero("num_train_epochs", 10_000, 1),
  perDeviceTrainBatchSize: integer("per_device_train_batch_size", 1, 1024, 8),
  gradientAccumulationSteps: integer("gradient_accumulation_steps", 1, 4096, 1),
  // No low ceiling: a rate that makes the loss non-finite must end in that error, not be hidden behind this one.
  learningRate: decimal("learning_rate", 0, 1e6, 2e-5),
  lrSchedulerType: choice("lr_scheduler_type", ["linear", "cosine", "constant", "constant_with_warmup"], "linear"),
  warmupSteps: integer("warmup_steps", 0, MOST_STEPS, 0),
  warmupRatio: decimal("warmup_ratio", 0, 1, 0),
  weightDecay: decimal("weight_decay", 0, 100, 0),
  adamBeta1: belowOne("adam_beta1", 0.9),
  adamBeta2: belowOne("adam_beta2", 0.999),
  // Below 1e-30 it would vanish in f32 beside squared gradients that are zero.
  adamEpsilon: decimal("adam_epsilon", 1e-30, 1, 1e-8),
  maxGradNorm: decimal("max_grad_norm", 0, 1e9, 1),
  optim: choice("optim", ["adamw_torch", "adamw_bnb_8bit"], "adamw_torch"),
  gradientCheckpointing: {
    name: "gradient_checkpointing",
    schema: v.nullable(v.boolean()),
    allowed: "true, false or null",
    fallback: null,
    options: [null, false, true],
  },
  loggingSteps: integer("logging_steps", 1, MOST_STEPS, 5),
  saveSteps: integer("save_steps", 1, MOST_STEPS, 25),
  // The Hugging Face order adds the epoch to it; torch's generator takes 32 bits.
  seed: integer("seed", 0, 4_294_967_295, 42),
  maxLength: integer("max_length", 8, 131_072, 2048),
  loraR: integer("lora_r", 1, 512, 64),
  loraAlpha: aboveZero("lora_alpha", 65_536, 16),
  loraDropout: belowOne("lora_dropout", 0),
  useRslora: flag("use_rslora", false),
  targetModules: choice("target_modules", ["language-model", "all-linear"], "language-model"),
  loadIn4bit: flag("load_in_4bit", true),
  bnb4bitQuantType: choice("bnb_4bit_quant_type", ["nf4", "fp4"], "nf4"),
  bnb4bitUseDoubleQuant: flag("bnb_4bit_use_double_quant", false),
  quantizeModules: {
    name: "quantize_modules",
    schema: v.pipe(
      v.array(v.picklist(QUANTIZABLE)),
      v.check((names) => new Set(names).size === names.length),
    ),
    allowed: `a list of ${listed(QUANTIZABLE)}, each at most once`,
    fallback: ["language_model"],
  },
  trainOn: choice("train_on", ["responses", "all-text"], "responses"),
  chatTemplate: {
    name: "chat_template",
    schema: v.nullable(v.pipe(v.string(), v.nonEmpty(), v.maxLength(100_000))),
    allowed: "null or a Jinja template of 1 to 100000 characters",
    fallback: null,
  },
  dataOrder: choice("data_order", ["shuffled", "sequential", "huggingface"], "shuffled"),
  modulesToSave: {
    name: "modules_to_save",
    schema: v.nullable(v.strictTuple([v.literal("multi_modal_projector")])),
    allowed: 'null or ["multi_modal_projector"]: no other module can be trained in full',
    fallback: null,
    options: [null, ["multi_modal_projector"]],
  },
  maxImageTiles: orNull("max_image_tiles", 1, MOST_TILES),
  doImageSplitting: {
    name: "do_image_splitting",
    schema: v.nullable(v.boolean()),
    allowed: "null, true or false",
    fallback: null,
    options: [null, false, true],
  },
  imageLongestEdge: {
    name: "image_longest_edge",
    schema: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(32), v.maxValue(4096))),
    allowed: "null or a whole number of pixels from 32 to 4096",
    fallback: null,
    limits: { min: 32, max: 4096, step: 1 },
  },
  minPixels: orNull("min_pixels", 1, MOST_PIXELS),
  maxPixels: orNull("max_pixels", 1, MOST_PIXELS),
  evalStrategy: choice("eval_strategy", ["no", "steps"], "no"),
  evalSteps: orNull("eval_steps", 1, MOST_STEPS),
  evalSplit: belowOne("eval_split", 0.1),
  evalAnswers: integer("eval_answers", 0, 512, 6),
  evalMetric: {
    name: "eval_metric",
    schema: v.nullable(v.picklist(METRIC_NAMES)),
    allowed: `null, ${listed(METRIC_NAMES)}`,
    fallback: null,
    options: [null, ...METRIC_NAMES],
  },
  perDeviceEvalBatchSize: integer("per_device_eval_batch_size", 1, 1024, 8),
  loadBestModelAtEnd: flag("load_best_model_at_end", false),
  metricForBestModel: {
    name: "metric_for_best_model",
    schema: v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)),
    allowed: 'the name of a figure of an evaluation, as "loss"',
    fallback: "loss",
  },
  greaterIsBetter: {
    name: "greater_is_better",
    schema: v.nullable(v.boolean()),
    allowed: "null, true or false",
    fallback: null,
    options: [null, false, true],
  },
  earlyStoppingPatience: orNull("early_stopping_patience", 1, 10_000),
  saveTotalLimit: integer("save_total_limit", 1, 1000, 2),
};

const KEYS = Object.keys(FIELDS) as (keyof Recipe)[];
const KEY_BY_NAME = new Map(KEYS.map((key) => [FIELDS[key].name, key]));

/**
 * Checks a recipe in Hugging Face names and fills in defaults.
 * @throws TabTuneError "bad-recipe" naming the first bad key, its value and what is allowed, or keys that do not go together.
 */
export function parseRecipe(json: unknown): Recipe {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new TabTuneError(
      "bad-recipe",
      `The recipe is ${shown(json)}; it must be a JSON object.`,
      'Write the settings as {"learning_rate": 2e-5, …}.',
    );
  }
  const recipe: Partial<Record<keyof Recipe, unknown>> = {};
  for (const key of KEYS) recipe[key] = structuredClone(FIELDS[key].fallback);
  for (const [name, value] of Object.entries(json)) {
    const key = KEY_BY_NAME.get(name);
    if (key === undefined) {
      throw new TabTuneError(
        "bad-recipe",
        `The recipe has the unknown key ${shown(name)} (value ${shown(value)}); allowed are ${[...KEY_BY_NAME.keys()].join(", ")}.`,
        `Remove ${shown(name)} or correct its spelling.`,
      );
    }
    const result = v.safeParse(FIELDS[key].schema as v.GenericSchema<unknown, unknown>, value);
    if (!result.success) {
      throw new TabTuneError(
        "bad-recipe",
        `The recipe's ${name} is ${shown(value)}; it must be ${FIELDS[key].allowed}.`,
        `Correct ${name}, or leave it out for the default ${shown(FIELDS[key].fallback)}.`,
      );
    }
    recipe[key] = result.output;
  }
  return coherent(recipe as Recipe);
}

/** Keys that are well alone and not together are refused here. */
function coherent(recipe: Recipe): Recipe {
  const { loraDropout, loraR, minPixels, maxPixels } = recipe;
  if (minPixels !== null && maxPixels !== null && minPixels > maxPixels) {
    throw new TabTuneError(
      "bad-recipe",
      `min_pixels is ${minPixels} and max_pixels ${maxPixels}: no picture has as many and as few.`,
      "Set max_pixels to min_pixels or more.",
    );
  }
  if (loraDropout !== 0 && loraR % 4 !== 0) {
    throw new TabTuneError(
      "bad-recipe",
      `lora_dropout with lora_r ${loraR}: with dropout the rank must be a multiple of 4.`,
      `Set lora_r to ${4 * Math.ceil(loraR / 4)}, or lora_dropout to 0.`,
    );
  }
  const needs = [
    recipe.loadBestModelAtEnd && "load_best_model_at_end",
    recipe.earlyStoppingPatience !== null && "early_stopping_patience",
  ].find(Boolean);
  if (recipe.evalStrategy === "no" && needs) {
    throw new TabTuneError(
      "bad-recipe",
      `${needs} goes by evaluations, and eval_strategy is "no".`,
      `Set eval_strategy to "steps", or leave ${needs} out.`,
    );
  }
  return recipe;
}

/** What LoRA's update is multiplied with: alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (PEFT: tuners/lora/layer.py). */
export const loraScale = (lora: { rank: number; alpha: number; useRslora: boolean }): number =>
  lora.alpha / (lora.useRslora ? Math.sqrt(lora.rank) : lora.rank);

/** Whether a run of this recipe answers held-out rows, where it has some. */
export const answersRows = ({ evalStrategy, evalAnswers }: Pick<Recipe, "evalStrategy" | "evalAnswers">): boolean =>
  evalStrategy !== "no" && evalAnswers > 0;

/** Optimizer steps from one evaluation to the next. */
export const evalStepsOf = ({ evalSteps, loggingSteps }: Pick<Recipe, "evalSteps" | "loggingSteps">): number =>
  evalSteps ?? loggingSteps;

/** Rows of an optimizer step, but for the last one of an epoch. */
export const rowsPerStep = (recipe: Pick<Recipe, "perDeviceTrainBatchSize" | "gradientAccumulationSteps">): number =>
  recipe.perDeviceTrainBatchSize * recipe.gradientAccumulationSteps;

/** Times that a run of so many steps measures held-out rows: before the first step, at every interval, and at the end. */
export const evaluationsOf = (
  recipe: Pick<Recipe, "evalStrategy" | "evalSteps" | "loggingSteps">,
  steps: number,
): number => (recipe.evalStrategy === "no" ? 0 : 1 + Math.ceil(steps / evalStepsOf(recipe)));

/** What each key of a recipe must be and is not, by Hugging Face name ("a whole number from 1 to 512"); keys that are well are absent. */
export function recipeProblems(json: Record<string, unknown>): Map<string, string> {
  const problems = new Map<string, string>();
  for (const [name, value] of Object.entries(json)) {
    const key = KEY_BY_NAME.get(name);
    if (key === undefined) problems.set(name, "no key of a recipe");
    else if (!v.is(FIELDS[key].schema, value)) problems.set(name, FIELDS[key].allowed);
  }
  return problems;
}

/**
 * The limits of a number, for the input where it is typed in.
 * @param name Hugging Face name of a field that is a number; any other is a programming error.
 */
export function limitsOf(name: string): Limits {
  const key = KEY_BY_NAME.get(name);
  const limits = key && FIELDS[key].limits;
  if (!limits) throw new Error(`${name} is no number of a recipe.`);
  return limits;
}

/** Whether the field of this Hugging Face name is a number. */
export const isNumber = (name: string): boolean => {
  const key = KEY_BY_NAME.get(name);
  return key !== undefined && FIELDS[key].limits !== undefined;
};

/** All values of a field that has only a few; empty for any other. `name`: its Hugging Face name. */
export function optionsOf(name: string): readonly unknown[] {
  const key = KEY_BY_NAME.get(name);
  return (key && FIELDS[key].options) ?? [];
}

/** `parseRecipe` of a recipe file's text. */
export function readRecipe(text: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const fix = "Correct the file with a JSON editor.";
    throw new TabTuneError("bad-recipe", `The recipe is not JSON: ${wordsOf(cause)}.`, fix, "", { cause });
  }
  return parseRecipe(json);
}

/** The whole recipe, defaults included, in Hugging Face names: what is written to files and shown in tables. */
export function toHuggingFace(recipe: Recipe): Record<string, unknown> {
  return Object.fromEntries(KEYS.map((key) => [FIELDS[key].name, recipe[key]]));
}

/**
 * The original report's settings, as TRL's vsft_llava.py has them: loss over all text, every linear but the head in 4 bits and adapted
 * (`--load_in_4bit --lora_target_modules=all-linear`), rows in the order that accelerate's seedable sampler gives. NF4 without double
 * quantisation is what its ModelConfig says.
 */
export const seedReport: Recipe = parseRecipe({
  train_on: "all-text",
  data_order: "huggingface",
  target_modules: "all-linear",
  quantize_modules: [...QUANTIZABLE],
});

/** What other LoRA trainers agree on: ten times the rate, answers only, a short warm-up, cosine. */
export const practical: Recipe = parseRecipe({
  learning_rate: 2e-4,
  lora_r: 16,
  lora_alpha: 16,
  lr_scheduler_type: "cosine",
  warmup_ratio: 0.03,
});

/** Optimizer steps of one epoch: the last batch and the last accumulation window may be smaller, none is dropped. */
export function stepsPerEpoch(recipe: Recipe, rows: number): number {
  return Math.ceil(Math.ceil(rows / recipe.perDeviceTrainBatchSize) / recipe.gradientAccumulationSteps);
}

/**
 * T, the length of the run and of the schedule: `max_steps`, else ceil(epochs * steps per epoch) as transformers' Trainer counts.
 * @throws TabTuneError "no-rows" when it depends on the rows and there are none.
 */
export function totalSteps(recipe: Recipe, rows: number): number {
  if (recipe.maxSteps !== -1) return recipe.maxSteps;
  if (rows < 1) {
    throw new TabTuneError(
      "no-rows",
      "The number of steps follows from the rows (max_steps is -1), but there are no rows.",
      "Add training data, or set max_steps.",
    );
  }
  return Math.ceil(recipe.numTrainEpochs * stepsPerEpoch(recipe, rows));
}

/** A value as the user wrote it, cut to a readable length. */
function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
