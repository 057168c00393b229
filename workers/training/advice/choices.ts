/**
 * Three questions in place of numbers: how long, how strong, how careful with memory. Each answer sets keys of the recipe; which answer
 * a recipe has follows from its keys, so there is nothing else to keep.
 */
import { limitsOf, type Recipe, rowsPerStep, stepsPerEpoch, toHuggingFace, totalSteps } from "../../recipe.ts";
import { LENGTHS, type Length, stepsFor } from "./lengths.ts";
import { usualRate } from "./rate.ts";

export const STRENGTHS = ["gentle", "usual", "strong"] as const;
export type Strength = (typeof STRENGTHS)[number];

/** How careful with memory. */
export const CARES = ["quick", "balanced", "least"] as const;
export type Care = (typeof CARES)[number];

/** Keys that an answer sets, in Hugging Face names. */
export type Setting = Record<string, unknown>;

/** The answers to a question with what each sets, and the one that the recipe has. */
export interface Choices<T extends string> {
  choices: { name: T; sets: Setting }[];
  /** Undefined: somebody's own numbers, or a preset's. */
  chosen: T | undefined;
}

function choicesOf<T extends string>(
  names: readonly T[],
  setsOf: (name: T) => Setting,
  isSo: (sets: Setting) => boolean,
): Choices<T> {
  const choices = names.map((name) => ({ name, sets: setsOf(name) }));
  return { choices, chosen: choices.find(({ sets }) => isSo(sets))?.name };
}

/** Whether the fields have these values already. */
export const hasAll = (fields: Setting, sets: Setting): boolean =>
  Object.entries(sets).every(([name, value]) => JSON.stringify(fields[name]) === JSON.stringify(value));

/** How long: in passes over the rows that are trained on (1 or more). A recipe that counts epochs has the answer whose steps are as many. */
export function lengthChoices(recipe: Recipe, rows: number): Choices<Length> {
  const perEpoch = stepsPerEpoch(recipe, rows);
  const steps = totalSteps(recipe, rows);
  return choicesOf(
    LENGTHS,
    (length) => ({ max_steps: stepsFor(length, perEpoch) }),
    ({ max_steps }) => max_steps === steps,
  );
}

/** Usual: what Practical has. Alpha follows the rank, so that the rate means the same (`usualRate`). */
const RANKS: Record<Strength, number> = { gentle: 8, usual: 16, strong: 64 };
const REFERENCE = { loraR: RANKS.usual, loraAlpha: RANKS.usual, useRslora: false };

/** Rates with two digits, as people choose them. */
const rounded = (rate: number): number => Number(rate.toPrecision(2));

export interface StrengthQuestion {
  recipe: Recipe;
  /** Rate of the usual answer at rank and alpha 16: that of the preset. */
  rate: number;
  hiddenSize: number;
  /** The run begins with an adapter, whose rank and alpha hold: only the rate is chosen. */
  goesOn: boolean;
}

/** How strong: rank, alpha and learning rate together. */
export function strengthChoices({ recipe, rate, hiddenSize, goesOn }: StrengthQuestion): Choices<Strength> {
  const usual = usualRate(REFERENCE, hiddenSize);
  const rates: Record<Strength, number> = {
    // Half and twice, but no rate that is advised against on a model of this width.
    gentle: Math.min(rate, Math.max(rate / 2, usual / 7)),
    usual: rate,
    strong: Math.max(rate, Math.min(Math.max(2 * rate, usual), 5 * usual)),
  };
  const setsOf = (strength: Strength): Setting => {
    const own = { loraR: RANKS[strength], loraAlpha: RANKS[strength] };
    const lora = { ...(goesOn ? recipe : own), useRslora: recipe.useRslora };
    const learning_rate = rounded((rates[strength] * usualRate(lora, hiddenSize)) / usual);
    return goesOn ? { learning_rate } : { lora_r: own.loraR, lora_alpha: own.loraAlpha, learning_rate };
  };
  const fields = toHuggingFace(recipe);
  return choicesOf(STRENGTHS, setsOf, (sets) => hasAll(fields, sets));
}

/** Rows at a time of the balanced answer, at most. */
const BALANCED_ROWS = 8;

/** How careful with memory: as many rows a step in each answer, so a run learns the same but for 8-bit moments. */
export function careChoices(recipe: Recipe): Choices<Care> {
  const rows = rowsPerStep(recipe);
  const most = limitsOf("per_device_train_batch_size").max;
  const windows = limitsOf("gradient_accumulation_steps").max;
  // Rows at a time, of whole windows as many as a recipe may have; the recipe's own are among them.
  const sizes = Array.from({ length: most }, (_, n) => n + 1).filter((n) => rows % n === 0 && rows / n <= windows);
  const split = (size: number): Setting => ({
    per_device_train_batch_size: size,
    gradient_accumulation_steps: rows / size,
  });
  const [least, largest] = [sizes[0]!, sizes.at(-1)!];
  const balanced = sizes.findLast((size) => size <= BALANCED_ROWS) ?? least;
  const sets: Record<Care, Setting> = {
    quick: { ...split(largest), gradient_checkpointing: false, optim: "adamw_torch" },
    balanced: { ...split(balanced), gradient_checkpointing: null, optim: "adamw_torch" },
    least: { ...split(least), gradient_checkpointing: true, optim: "adamw_bnb_8bit" },
  };
  const fields = toHuggingFace(recipe);
  return choicesOf(
    CARES,
    (care) => sets[care],
    (set) => hasAll(fields, set),
  );
}
