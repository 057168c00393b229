/** More steps for a saved run (more-steps.ts says what they mean). */
import type { Store } from "../../storage/store.ts";
import { moreStepsWords } from "../more-steps.ts";
import { readLineage, saveLineage } from "./lineage.ts";
import { savedRun, saveRunInfo } from "./runs.ts";

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
