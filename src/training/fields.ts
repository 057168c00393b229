/** The fields of the recipe's form, by their Hugging Face names: in which groups they stand, and what people call them and their values. */
import { METRIC_NAMES } from "../../workers/metrics/metric.ts";
import { isNumber, optionsOf, recipeProblems } from "../../workers/recipe.ts";
import { LOADING_KEYS } from "../stores/recipe-text.ts";
import { words } from "../words/index.ts";

/** On show without the list of all. */
export const MAIN = [
  "max_steps",
  "per_device_train_batch_size",
  "learning_rate",
  "lora_r",
  "lora_alpha",
  "eval_strategy",
];

/** On show with them while held-out rows are measured. */
export const MEASURING = [
  ...["eval_steps", "eval_split", "eval_answers", "early_stopping_patience"],
  ...["load_best_model_at_end", "eval_metric", "metric_for_best_model"],
];

/** Every key of a recipe, in the groups of the list. */
export const GROUPS = {
  length: [
    ...["max_steps", "num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps"],
    ...["data_order", "seed"],
  ],
  rate: ["learning_rate", "lr_scheduler_type", "warmup_ratio", "warmup_steps"],
  adapter: ["lora_r", "lora_alpha", "use_rslora", "lora_dropout", "target_modules", "modules_to_save"],
  rows: ["train_on", "max_length"],
  measuring: [
    ...["eval_strategy", "eval_steps", "eval_split", "eval_answers", "eval_metric", "per_device_eval_batch_size"],
    ...["load_best_model_at_end", "metric_for_best_model", "greater_is_better", "early_stopping_patience"],
  ],
  memory: ["gradient_checkpointing", "optim"],
  optimizer: ["weight_decay", "max_grad_norm", "adam_beta1", "adam_beta2", "adam_epsilon"],
  saving: ["save_steps", "save_total_limit", "logging_steps"],
  loading: LOADING_KEYS,
} as const satisfies Record<string, readonly string[]>;

export type Group = keyof typeof GROUPS;

/** All of them. */
export const ALL: readonly string[] = Object.values(GROUPS).flat();

/** What a field is called and means; undefined of what is no field. */
const saidOf = (name: string): { label: string; help: string; hint?: string } | undefined =>
  (words().recipe.fields as Record<string, { label: string; help: string; hint?: string }>)[name];

/** What people call a field, by its Hugging Face name. */
export const labelOfField = (name: string): string => saidOf(name)?.label ?? name;

/** What it means, in a sentence. */
export const helpOfField = (name: string): string => saidOf(name)?.help ?? "";

/** What it means in a few words, where there is no room for a sentence. */
export const hintOfField = (name: string): string => saidOf(name)?.hint ?? helpOfField(name);

/** A number that may be left empty. */
export const isOptional = (name: string): boolean => isNumber(name) && recipeProblems({ [name]: null }).size === 0;

/** What may be chosen; empty where a number is written. A figure's name is any text, so the value of now is among them. */
export function valuesOf(name: string, value: unknown): readonly unknown[] {
  if (name !== "metric_for_best_model") return optionsOf(name);
  const known = ["loss", ...METRIC_NAMES];
  return typeof value === "string" && !known.includes(value) ? [value, ...known] : known;
}

/** A value of a field as the form shows it. */
export function valueWords(name: string, value: unknown): string {
  const { options, none } = words().recipe;
  const named = (options as Record<string, Record<string, string>>)[name]?.[String(value)];
  if (named !== undefined) return named;
  if (value === null || value === undefined) return none;
  return typeof value === "string" ? value.replaceAll("_", " ") : String(value);
}

/** Whether all words of a search are in what a field is called, means and may be, here or at Hugging Face. */
export function isFound(name: string, search: string): boolean {
  const values = valuesOf(name, undefined).flatMap((value) => [String(value), valueWords(name, value)]);
  const text = [name, name.replaceAll("_", " "), labelOfField(name), hintOfField(name), helpOfField(name), ...values]
    .join("\n")
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
