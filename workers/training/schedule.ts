/**
 * The learning rate of every step, exactly as transformers' `get_scheduler` gives it (transformers/optimization.py), in f64.
 * Torch's LambdaLR steps after the optimizer, so optimizer step n (from 1) uses base * lambda(n - 1): with a warm-up the first
 * step has rate 0, and the value that the Trainer logs is the next step's. Here it is the rate that the step used.
 */
import type { Recipe } from "../recipe.ts";

type ScheduleKeys = "lrSchedulerType" | "warmupSteps" | "warmupRatio" | "learningRate";

/** W: `warmup_steps`, else ceil(warmup_ratio * T). */
export function warmupStepsOf(recipe: Pick<Recipe, ScheduleKeys>, totalSteps: number): number {
  return recipe.warmupSteps > 0 ? recipe.warmupSteps : Math.ceil(totalSteps * recipe.warmupRatio);
}

/** Multiplier lambda(k) after k completed optimizer steps, of a schedule with W warm-up steps and T steps in all. */
export function lrMultiplier(kind: Recipe["lrSchedulerType"], k: number, warmup: number, total: number): number {
  if (kind === "constant") return 1;
  if (k < warmup) return k / Math.max(1, warmup);
  if (kind === "constant_with_warmup") return 1;
  if (kind === "linear") return Math.max(0, (total - k) / Math.max(1, total - warmup));
  const progress = (k - warmup) / Math.max(1, total - warmup);
  return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** Learning rate used by optimizer step `step` (from 1) of a run whose schedule has `totalSteps` steps. */
export function learningRateAt(recipe: Pick<Recipe, ScheduleKeys>, totalSteps: number, step: number): number {
  const warmup = warmupStepsOf(recipe, totalSteps);
  return recipe.learningRate * lrMultiplier(recipe.lrSchedulerType, step - 1, warmup, totalSteps);
}
