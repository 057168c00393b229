/**
 * Which evaluation is the best, and whether a run ends early: as transformers decides it on the same figures (Trainer._determine_best_metric
 * and EarlyStoppingCallback). The evaluation before the first step has no part in it. Everything follows from the list of evaluations, so
 * a run that goes on needs no more of it.
 */
import { TabTuneError } from "../errors.ts";
import type { Recipe } from "../recipe.ts";
import type { EvaluationRecord } from "./events.ts";

type BestKeys = "metricForBestModel" | "greaterIsBetter" | "earlyStoppingPatience";

export interface Judgement {
  /** Undefined before the first evaluation of a trained adapter. */
  best: { step: number; value: number } | undefined;
  /** Evaluations since then that were no better. */
  waited: number;
  ended: boolean;
}

/** A metric's name without `eval_` in front. */
export const metricName = ({ metricForBestModel }: Pick<Recipe, BestKeys>): string =>
  metricForBestModel.replace(/^eval_/, "");

/** Throws TabTuneError "bad-recipe" where no evaluation gives the recipe's metric. `known`: names of those that it gives. */
export function refuseUnknownMetric(recipe: Pick<Recipe, BestKeys>, known: readonly string[]): void {
  if (known.includes(metricName(recipe))) return;
  throw new TabTuneError(
    "bad-recipe",
    `The recipe's metric_for_best_model is "${recipe.metricForBestModel}"; an evaluation of this run gives ${known.join(", ")}.`,
    `Set metric_for_best_model to one of them, or leave it out for "loss".`,
  );
}

/**
 * @param evaluations in the order of their steps
 * @param since the step at which the run was last given more steps: patience begins anew there
 */
export function judge(recipe: Pick<Recipe, BestKeys>, evaluations: readonly EvaluationRecord[], since = 0): Judgement {
  const name = metricName(recipe);
  const greater = recipe.greaterIsBetter ?? !name.endsWith("loss");
  const patience = recipe.earlyStoppingPatience ?? Number.POSITIVE_INFINITY;
  let best: Judgement["best"];
  let waited = 0;
  for (const { step, loss, metrics } of evaluations) {
    if (step === 0) continue;
    const value = name === "loss" ? loss : metrics[name];
    // A run that went on with another eval_metric has other figures from there on.
    if (value === undefined) continue;
    const isBetter = best === undefined || (greater ? value > best.value : value < best.value);
    if (isBetter) best = { step, value };
    waited = isBetter || step <= since ? 0 : waited + 1;
  }
  return { best, waited, ended: waited >= patience };
}
