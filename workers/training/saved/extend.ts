/**
 * More steps for a run: as with `resume_from_checkpoint` and a larger `max_steps`, the same run goes on where it ended. The optimizer's
 * moments and the place in the rows are kept, and the schedule of the learning rate is that of a run of the new length.
 */
import type { Recipe } from "../../recipe.ts";
import type { Store } from "../../storage/store.ts";
import { learningRateAt } from "../schedule.ts";
import { readLineage, saveLineage } from "./lineage.ts";
import { savedRun, saveRunInfo } from "./runs.ts";

/** What going on from `before` to `maxSteps` steps means for the learning rate and the optimizer, in two sentences. */
export function moreStepsWords(recipe: Recipe, before: number, maxSteps: number): string {
  const figure = (rate: number): string => String(Number(rate.toPrecision(3)));
  const last = figure(learningRateAt(recipe, before, before));
  const next = figure(learningRateAt(recipe, maxSteps, before + 1));
  const schedule = recipe.lrSchedulerType.replaceAll("_", " ");
  return `The ${schedule} schedule is drawn over ${maxSteps} steps in place of ${before}: the learning rate goes from ${last} at step ${before} to ${next} at step ${before + 1}. The optimizer keeps its moments, and the rows go on in their order.`;
}

/**
 * Gives the run its new length, in its record and its recipe.
 * @returns what that means, in words
 * @throws TabTuneError "bad-checkpoint" where there is no such run
 */
export async function extendRun(store: Store, runId: string, maxSteps: number): Promise<string> {
  const { info, recipe } = await savedRun(store, runId);
  const before = info.maxSteps;
  const lineage = await readLineage(store, runId);
  await saveLineage(store, runId, { ...lineage, more: [...lineage.more, { at: before, maxSteps }] });
  await saveRunInfo(store, { ...info, maxSteps, status: "stopped", recipe: { ...info.recipe, max_steps: maxSteps } });
  return moreStepsWords(recipe, before, maxSteps);
}
