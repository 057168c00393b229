/** A saved run back on the GPU. */
import * as v from "valibot";
import type { Adapter } from "../../models/adapter.ts";
import { restoreAdapter } from "../../models/adapter-slabs.ts";
import type { Vlm } from "../../models/vlm.ts";
import type { Store } from "../../storage/store.ts";
import type { TrainerState } from "../loop.ts";
import { truncateAnswers } from "./answers.ts";
import { dropBegun, readBegun, readEvaluations, writeEvaluations } from "./evaluations.ts";
import { type LoadedGeneration, loadLatest } from "./load.ts";
import { truncateLog } from "./log.ts";
import { ofNewerVersion } from "./run-info.ts";

const trainerState = v.strictObject({
  step: v.number(),
  position: v.strictObject({ epoch: v.number(), index: v.number() }),
});

/**
 * Where a checkpoint's run goes on. Throws "bad-checkpoint" for a state with more in it than this version knows: the run would go on
 * without that, and the next checkpoint would lack it. The record is sealed, so nothing else can be wrong with it.
 */
export function trainerStateOf({ state }: Pick<LoadedGeneration, "state">): TrainerState {
  if (v.is(trainerState, state)) return state;
  throw ofNewerVersion();
}

/**
 * Puts the run's last checkpoint on the GPU and into `state`, and cuts its log to it.
 * @returns what the user should know ("" for nothing); undefined where there is no checkpoint
 * @throws TabTuneError "bad-checkpoint" as `loadLatest` does
 */
export async function restore(
  { store, runId }: { store: Store; runId: string },
  vlm: Vlm,
  adapter: Adapter,
  state: TrainerState,
): Promise<string | undefined> {
  const generation = await loadLatest(store, runId);
  if (!generation) {
    await truncateLog(store, runId, 0);
    await truncateEvaluations(store, runId, 0);
    await truncateAnswers(store, runId, 0);
    return undefined;
  }
  const saved = trainerStateOf(generation);
  await restoreAdapter(vlm, adapter, generation.tensors());
  state.step = saved.step;
  state.position = saved.position;
  await truncateLog(store, runId, saved.step);
  await truncateEvaluations(store, runId, saved.step);
  await truncateAnswers(store, runId, saved.step);
  if (!generation.fellBackFrom) return "";
  const { step: lost, reason } = generation.fellBackFrom;
  return `The newest checkpoint${lost === undefined ? "" : ` (step ${lost})`} was damaged: ${reason}. The run goes on from step ${saved.step}.`;
}

/** What was measured after `step` is measured again. */
async function truncateEvaluations(store: Store, runId: string, step: number): Promise<void> {
  const all = await readEvaluations(store, runId);
  const left = all.filter((evaluation) => evaluation.step <= step);
  if (left.length < all.length) await writeEvaluations(store, runId, left);
  if (((await readBegun(store, runId))?.step ?? step) > step) await dropBegun(store, runId);
}
