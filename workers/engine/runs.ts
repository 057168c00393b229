/** Training runs of the page: one at a time, one tab a run, and on again after a lost GPU. */

import { changesKeyOf, type RowChanges, readChanges, writeChanges } from "../data/index/changes.ts";
import { withChanges } from "../data/shards/changed-dataset.ts";
import { type Dataset, openDataset, type SupplyRows } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { Recipe } from "../recipe.ts";
import { forgetVerdict, headSizesOf, refuseUnlessPassed } from "../self-test/self-test.ts";
import type { Store } from "../storage/store.ts";
import type { RunEvent } from "../training/events.ts";
import { newControl } from "../training/loop.ts";
import type { AdapterStart, RunOptions } from "../training/open-run.ts";
import { runTraining } from "../training/run.ts";
import { runPrefix } from "../training/saved/format.ts";
import { deleteRun, listRuns, type RunSummary } from "../training/saved/runs.ts";
import { livingModel } from "./standing-model.ts";
import { type EngineState, needModel } from "./state.ts";
import { runLock } from "./storage-names.ts";
import { tested } from "./tested.ts";
import { closeChat, dropAdapter, inTurn, needIdle, needNoLoad, readersOf } from "./turns.ts";

/** Holds the run's lock while `work` runs: one tab trains, others may watch. */
export async function withLock<T>(runId: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(runLock(runId), { ifAvailable: true }, async (lock) => {
    if (lock) return work();
    throw new TabTuneError(
      "run-locked",
      "This run is going on in another tab.",
      "Go on in that tab, or close it and press Resume run here.",
      "The run is not disturbed.",
    );
  });
}

export interface RunRequest {
  runId: string;
  recipe: Recipe;
  datasetId: string;
  /** Go on from its last checkpoint. */
  resume: boolean;
  /** An adapter to begin with. */
  start?: AdapterStart | undefined;
  /** Positions of held-out rows to answer. */
  answerRows?: readonly number[] | undefined;
  onEvent: (e: RunEvent) => void;
  /** For data sets whose rows are prepared on demand. */
  supply?: SupplyRows;
}

/** Starts or resumes a run and sees it to its end. */
export async function superviseRun(s: EngineState, request: RunRequest): Promise<RunSummary> {
  const { runId } = request;
  needModel(s);
  needIdle(s, "Stop it before starting another one.");
  needNoLoad(s);
  s.runningId = runId;
  try {
    return await withLock(runId, () => superviseLocked(s, request));
  } finally {
    s.runningId = undefined;
    s.control = undefined;
    s.paused = false;
  }
}

async function superviseLocked(s: EngineState, request: RunRequest): Promise<RunSummary> {
  const { runId, recipe, datasetId, resume, start, answerRows, onEvent, supply } = request;
  const store = await s.store();
  const asRead = await openDataset(store, datasetId, supply);
  if (!asRead) {
    throw new TabTuneError(
      "bad-dataset",
      "The prepared data of this run is no longer in the browser's storage.",
      "Drop the same files again, then press Resume run.",
      "The run's checkpoints are kept.",
    );
  }
  const changes = await changesOf(store, runId, asRead, resume);
  const control = newControl();
  s.control = control;
  await throughLosses(s, onEvent, async (current, losses, report) => {
    await inTurn(s, async () => {
      await closeChat(s);
      dropAdapter(s);
    });
    refuseUnlessPassed(await tested(s, current));
    await forgettingVerdict(s, current, {
      model: current,
      store,
      dataset: await withChanges(asRead, changes, preparationOf(current.preparation)),
      recipe,
      runId,
      control,
      resume: resume || losses > 0,
      start,
      answerRows,
      pauseWhenFull: true,
      reopenStore: s.reopenStore,
      onEvent: (event) => {
        if (event.type === "state") s.paused = event.state === "paused";
        report(event);
      },
      onAdapter: (adapter) => {
        s.live = adapter;
      },
    });
  });
  const summary = (await summaries(s)).find((r) => r.id === runId);
  if (!summary) throw new TabTuneError("internal", "The run has no record.", "Start it again.");
  return summary;
}

/** Trains; a GPU that began to compute wrongly meanwhile is tested anew before the next run. */
async function forgettingVerdict(s: EngineState, { vlm }: LoadedModel, options: RunOptions): Promise<void> {
  try {
    await runTraining(options);
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "wrong-numbers") {
      await forgetVerdict(vlm.gpu.facts, headSizesOf(vlm.config), navigator.userAgent, await s.store());
    }
    throw error;
  }
}

/** What was changed of the rows when the run began: it is kept with the run, which goes on with the same rows whatever is changed since. */
async function changesOf(store: Store, runId: string, { manifest }: Dataset, resume: boolean): Promise<RowChanges> {
  const key = `${runPrefix(runId)}changes`;
  const now = changesKeyOf(manifest);
  if (resume || now === undefined) return readChanges(store, key);
  const changes = await readChanges(store, now);
  await writeChanges(store, key, changes);
  return changes;
}

/** Runs `attempt` again when it failed because the GPU was lost, as long as each one gets further than the one before. */
async function throughLosses(
  s: EngineState,
  onEvent: (e: RunEvent) => void,
  attempt: (current: LoadedModel, losses: number, report: (e: RunEvent) => void) => Promise<void>,
): Promise<void> {
  for (let losses = 0; ; losses++) {
    const current = await inTurn(s, () => livingModel(s));
    let progressed = false;
    const about =
      losses > 0 ? ["The GPU was lost; it was opened again and the run went on from its last checkpoint."] : [];
    try {
      return await attempt(current, losses, (event) => {
        progressed ||= event.type === "step";
        onEvent(event.type === "state" ? { ...event, notes: [...about, ...(event.notes ?? [])] } : event);
      });
    } catch (error) {
      const loss = await current.vlm.gpu.lossWithin(500);
      if (!loss || !progressed) throw loss ?? error;
    }
  }
}

/** Does `work` on what is stored of a run that is not going on, here or in another tab. */
export async function whileNobodyRuns(s: EngineState, runId: string, work: () => Promise<void>): Promise<void> {
  if (s.runningId === runId) needIdle(s, "Stop it before its storage is mended.");
  await withLock(runId, work);
}

/** Deletes a run that is not going on, when nobody reads it; its adapter leaves the model. `work` does it. */
export async function removeRun(
  s: EngineState,
  runId: string,
  work: (store: Store) => Promise<void> = (store) => deleteRun(store, runId),
): Promise<void> {
  if (s.runningId === runId) needIdle(s, "Stop it before deleting it.");
  await readersOf(s, runId);
  await inTurn(s, () =>
    withLock(runId, async () => {
      if (s.live?.runId === runId) {
        await closeChat(s);
        dropAdapter(s);
      }
      await work(await s.store());
    }),
  );
}

/** All runs, with those that another tab holds marked. */
export async function summaries(s: EngineState): Promise<RunSummary[]> {
  const held = new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
  return (await listRuns(await s.store())).map((summary) =>
    summary.id !== s.runningId && held.has(runLock(summary.id)) ? { ...summary, status: "running-elsewhere" } : summary,
  );
}
