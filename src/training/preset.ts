/** What choosing a preset changes, and whether the model is loaded as its recipe says. */
import { type Quantised, quantisedBy, quantisedWords } from "../parts/loading.ts";
import type { Fields } from "../stores/presets.ts";
import { LOADING_KEYS } from "../stores/recipe-text.ts";
import { ALL, labelOfField, valueWords } from "./fields.ts";

/** A setting that becomes another. */
export interface Change {
  label: string;
  from: string;
  to: string;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What the preset has of the settings that are otherwise, by their names; those of loading are the model's. */
export const changedFrom = (preset: Fields, fields: Fields): ReadonlyMap<string, unknown> =>
  new Map(
    ALL.filter((name) => !LOADING_KEYS.includes(name) && !same(fields[name] ?? null, preset[name] ?? null)).map(
      (name) => [name, preset[name]],
    ),
  );

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
