/**
 * Who writes a data set, over all tabs: a lock for each id is held while its shards are written, and goes with the worker that is
 * killed. What a killed one left can then be told from what is being written.
 */
import type { Store } from "../../storage/store.ts";
import { datasetIds, deleteDataset, isWhole } from "./manifest.ts";

const preparingLock = (id: string): string => `tabtune-preparing-${id}`;

/** Undefined in Node: a command has its folder for itself. */
const lockManager = (): LockManager | undefined => (globalThis as { navigator?: Navigator }).navigator?.locks;

/** Signs of life while another tab prepares the same data: the page ends a worker that is silent. */
const WAIT_MS = 1000;

/** Runs `work` while nobody else writes or sweeps data set `id`. `onWait` is called each second until it begins. */
export async function whilePreparing<T>(id: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const locks = lockManager();
  if (!locks) return work();
  const waiting = setInterval(onWait, WAIT_MS);
  try {
    return await locks.request(preparingLock(id), {}, () => {
      clearInterval(waiting);
      return work();
    });
  } finally {
    clearInterval(waiting);
  }
}

/** Removes the data sets that are not whole and that nobody is writing. Returns how many. */
export async function sweepDatasets(store: Store): Promise<number> {
  const locks = lockManager();
  let swept = 0;
  const sweep = async (id: string): Promise<void> => {
    // It may have been finished, or removed, since the ids were listed.
    if ((await isWhole(store, id)) || !(await datasetIds(store)).includes(id)) return;
    await deleteDataset(store, id);
    swept += 1;
  };
  for (const id of await datasetIds(store)) {
    if (await isWhole(store, id)) continue;
    if (!locks) await sweep(id);
    else await locks.request(preparingLock(id), { ifAvailable: true }, (lock) => (lock ? sweep(id) : undefined));
  }
  return swept;
}
