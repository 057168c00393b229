/** More steps for a saved run (more-steps.ts says what they mean). */
import type { Store } from "../../storage/store.ts";
import { judge } from "../best.ts";
import { moreStepsWords } from "../more-steps.ts";
import { lineageToChange, saveLineage } from "./lineage.ts";
import { savedRun, saveRunInfo } from "./runs.ts";

/**
 * Gives the run its new length, in its record and its recipe.
 * @returns what that means, in words
 * @throws TabTuneError "bad-checkpoint" where there is no such run
 */
export async function extendRun(store: Store, runId: string, maxSteps: number): Promise<string> {
  const { info, recipe, evaluations } = await savedRun(store, runId);
  const before = info.maxSteps;
  const lineage = await lineageToChange(store, runId);
  // A run that its held-out rows ended did so after the last evaluation.
  const isEarly = judge(recipe, evaluations, lineage.more.at(-1)?.at).ended;
  const at = isEarly ? evaluations.at(-1)!.step : before;
  await saveLineage(store, runId, { ...lineage, more: [...lineage.more, { at, maxSteps }] });
  await saveRunInfo(store, { ...info, maxSteps, status: "stopped", recipe: { ...info.recipe, max_steps: maxSteps } });
  return moreStepsWords(recipe, at, maxSteps, before);
}
