/**
 * What more steps mean for a run that has ended, in words: as with `resume_from_checkpoint` and a larger `max_steps`, the same run goes
 * on. The optimizer's moments and the place in the rows are kept, and the schedule is that of a run of the new length.
 */
import type { Recipe } from "../recipe.ts";
import { learningRateAt } from "./schedule.ts";

/**
 * What going on from step `before` to `maxSteps` steps means for the learning rate and the optimizer, in two sentences. `drawn`: the length
 * of its schedule so far, of a run that ended early.
 */
export function moreStepsWords(recipe: Recipe, before: number, maxSteps: number, drawn = before): string {
  const figure = (rate: number): string => String(Number(rate.toPrecision(3)));
  const last = figure(learningRateAt(recipe, drawn, before));
  const next = figure(learningRateAt(recipe, maxSteps, before + 1));
  const schedule = recipe.lrSchedulerType.replaceAll("_", " ");
  return `The ${schedule} schedule is drawn over ${maxSteps} steps in place of ${drawn}: the learning rate goes from ${last} at step ${before} to ${next} at step ${before + 1}. The optimizer keeps its moments, and the rows go on in their order.`;
}
