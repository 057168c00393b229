/** Recipes to begin with: the presets, and the one of the last visit. Field names are Hugging Face's, as in recipe files. */
import { practical, recipeProblems, seedReport, toHuggingFace } from "../../workers/recipe.ts";
import { remembered } from "../page/remembered.ts";
import { type Quantised, quantisedBy, quantisedWords } from "../parts/loading.ts";
import { adapterKeys, useBeginning } from "./beginning.ts";
import { useModel } from "./model.ts";

export type Preset = "Demo model" | "Practical" | "Seed report";
export type Fields = Record<string, unknown>;

export const presetFields = (preset: Preset): Fields => {
  const { info } = useModel.getState();
  if (preset === "Demo model" && info?.recipe) return { ...toHuggingFace(practical), ...info.recipe };
  // A model's largest pictures may be longer than the usual row; the report's script cuts none.
  if (preset === "Seed report")
    return { ...toHuggingFace(seedReport), max_length: Math.max(seedReport.maxLength, info?.maxLength ?? 0) };
  return { ...toHuggingFace(practical), ...(info ? { max_length: info.maxLength } : {}) };
};

/** The form as a preset makes it; an adapter that the next run begins with keeps its own. */
export const fieldsOf = (preset: Preset): Fields => ({
  ...presetFields(preset),
  ...adapterKeys(useBeginning.getState().run),
});

/** How a preset has the model loaded, where it is not so now; undefined where it leaves that to Loading settings, or it is so. */
export function wantedLoading(preset: Preset, fields: Fields): Quantised | undefined {
  if (preset !== "Seed report") return undefined;
  const { loaded, loading } = useModel.getState();
  const wanted = quantisedBy(fields);
  const words = (quantised: Quantised): string => JSON.stringify(quantisedWords(quantised));
  return words(wanted) === words(loaded?.loading ?? loading) ? undefined : wanted;
}

/** The recipe of the last visit. A field that was empty then has its preset's value again: JSON knows no NaN. */
export function lastRecipe(): { preset: Preset; fields: Fields; evaluationChosen: boolean } | undefined {
  const { recipe } = remembered();
  if (!recipe) return undefined;
  const { preset, fields, evaluationChosen = true } = recipe;
  const problems = recipeProblems(fields);
  const sound = Object.entries(fields).filter(([name]) => !problems.has(name));
  return { preset, fields: { ...presetFields(preset), ...Object.fromEntries(sound) }, evaluationChosen };
}
