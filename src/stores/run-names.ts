/** Which checkpoints of a saved run there are to choose from, and which is the run's. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** The checkpoint beside the one that the run ends with: the best one, or the last where the best is the run's. Undefined where they are one. */
export function otherCheckpoint({
  step,
  best,
  recipe,
}: Pick<RunSummary, "step" | "best" | "recipe">): { which: "best" | "last"; step: number } | undefined {
  if (!best || best.step === step) return undefined;
  return recipe.load_best_model_at_end === true ? { which: "last", step } : { which: "best", step: best.step };
}

/** The step of a run's adapter. */
export function stepOf(
  { step, best, recipe }: Pick<RunSummary, "step" | "best" | "recipe">,
  which?: "best" | "last",
): number {
  const isBest = which === "best" || (which === undefined && recipe.load_best_model_at_end === true);
  return isBest ? (best?.step ?? step) : step;
}
