/** What lies in this browser, and its removal. */
import { deleteVotes } from "../chat/votes.ts";
import { forgetRanges } from "../data/hub/kept-ranges.ts";
import { deleteDataset } from "../data/shards/manifest.ts";
import { sweepDatasets } from "../data/shards/preparing.ts";
import { TabTuneError } from "../errors.ts";
import type { DamagedKind, StorageApi, StorageInfo } from "../protocol/engine.ts";
import { sweepDeleted } from "../training/saved/runs.ts";
import { counted } from "../words.ts";
import { checkStorage } from "./check/check.ts";
import { removeJob, withJobLock } from "./jobs.ts";
import { removeRun, whileNobodyRuns } from "./runs.ts";
import type { EngineState } from "./state.ts";
import { deleteModel, listStored } from "./stored-items.ts";
import { needIdle, needNoLoad } from "./turns.ts";

/** Longer than any page offers to take a deletion back. */
const KEPT_DELETED_MS = 5 * 60_000;

/** Removes what killed preparations left in the browser's storage. */
export async function sweep(s: EngineState): Promise<void> {
  const store = await s.store();
  s.swept += await sweepDatasets(store);
  // Another tab may still take its deletion back.
  await sweepDeleted(store, Date.now() - KEPT_DELETED_MS);
}

/** Removes an item of the list. */
async function remove(s: EngineState, kind: StorageInfo["items"][number]["kind"], key: string): Promise<void> {
  if (kind === "run") return removeRun(s, key);
  if (kind === "answers") return removeJob(s, key);
  // Whoever reads them fetches them again.
  if (kind === "ranges") return forgetRanges(await s.rangeCache(), key);
  if (kind === "votes") return deleteVotes(await s.store());
  needIdle(s, "Stop it before deleting data.");
  needNoLoad(s);
  if (kind === "model") return deleteModel(await s.weightCache(), key);
  if (s.answering?.datasetId === key) {
    const remedy = "Press Pause or Stop in Apply before deleting them.";
    throw new TabTuneError("bad-argument", "These rows are being answered.", remedy, "The job is not disturbed.");
  }
  return deleteDataset(await s.store(), key);
}

export const storageApi = (s: EngineState): StorageApi => ({
  async listStored() {
    await sweep(s);
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    const items = await listStored(await s.weightCache(), await s.store(), await s.rangeCache());
    const swept =
      s.swept > 0 ? `What was left of ${counted(s.swept, "preparation")} of data that did not end was removed.` : "";
    return { items, usage, quota, persisted: await navigator.storage.persisted(), swept };
  },
  deleteStored: (kind, key) => remove(s, kind, key),
  async checkStored(onProgress) {
    const caches = { store: await s.store(), models: await s.weightCache(), ranges: await s.rangeCache() };
    const { checked, damage } = await checkStorage(caches, onProgress);
    s.damage = new Map(damage.map((one, n) => [String(n), one]));
    const labelOf = await labelsOf(s);
    const told = [...s.damage].map(([id, { mend: _, ...rest }]) => ({
      ...{ id, label: labelOf(rest.kind, rest.item) },
      ...rest,
    }));
    return { checked, damage: told };
  },
  async mendStored(id) {
    const one = s.damage.get(id);
    if (!one) throw new TabTuneError("bad-argument", "That was mended already.", "Press Check storage again.");
    const { kind, item, mend } = one;
    if (mend)
      await (kind === "run" ? whileNobodyRuns(s, item, mend) : kind === "answers" ? withJobLock(item, mend) : mend());
    else await remove(s, kind as StorageInfo["items"][number]["kind"], item);
    s.damage.delete(id);
  },
});

/** Of items by kind and key, as the list has them; what is not in it goes by its key. */
async function labelsOf(s: EngineState): Promise<(kind: DamagedKind, item: string) => string> {
  const items = await listStored(await s.weightCache(), await s.store(), await s.rangeCache());
  const labels = new Map(items.map(({ kind, key, label }) => [`${kind} ${key}`, label]));
  return (kind, item) => labels.get(`${kind} ${item}`) ?? (kind === "changes" || kind === "kernels" ? "" : item);
}
