/** What choosing a preset changes, and whether the model is loaded as its recipe says. */
import { type Quantised, quantisedBy, quantisedWords } from "../parts/loading.ts";
import type { Fields } from "../stores/presets.ts";
import { LOADING_KEYS } from "../stores/recipe-text.ts";
import { bestChoice, choiceFields, evaluationChoice, labelOfField } from "./fields.ts";

/** A setting that becomes another. */
export interface Change {
  label: string;
  from: string;
  to: string;
}

const choices = [...choiceFields, evaluationChoice, bestChoice];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A value of a field as the form shows it. */
function valueWords(name: string, value: unknown): string {
  const option = choices.find((choice) => choice.name === name)?.options.find(([given]) => same(given, value));
  if (option) return option[1];
  return value === null || value === undefined ? "none" : String(value);
}

/** Settings that differ; those of loading the model are not among them. */
export function recipeChanges(before: Fields, after: Fields): Change[] {
  return Object.keys(after)
    .filter((name) => !LOADING_KEYS.includes(name) && !same(before[name], after[name]))
    .map((name) => ({
      label: labelOfField(name),
      from: valueWords(name, before[name]),
      to: valueWords(name, after[name]),
    }));
}

/** How the model would have to be loaded otherwise for a recipe; none where it is loaded so. */
export function loadingChanges(loaded: Quantised, recipe: Fields): Change[] {
  const wanted = quantisedWords(quantisedBy(recipe));
  return quantisedWords(loaded).flatMap(({ label, value }, n) =>
    value === wanted[n]!.value ? [] : [{ label, from: value, to: wanted[n]!.value }],
  );
}
