/**
 * A store that keeps a copy of what is written of one run beside its checkpoints: record, log, evaluations, answers. Where the browser
 * clears its storage in the middle of the run, the run is written anew from them, and from the matrices that are on the GPU.
 */
import type { Store } from "../../storage/store.ts";
import { generationsPrefix, latestKey, runPrefix } from "./format.ts";

export interface MirroredStore extends Store {
  /** What lies in the store of the run, without its checkpoints. */
  records(): [string, Uint8Array][];
}

/** Reads what there is of the run by now. */
export async function mirrored(store: Store, runId: string): Promise<MirroredStore> {
  const copies = new Map<string, Uint8Array>();
  const isRecord = (key: string): boolean =>
    key.startsWith(runPrefix(runId)) && !key.startsWith(generationsPrefix(runId)) && key !== latestKey(runId);
  for (const key of (await store.keys(runPrefix(runId))).filter(isRecord)) {
    const bytes = await store.get(key);
    if (bytes) copies.set(key, bytes);
  }
  return {
    get: (key) => store.get(key),
    keys: (prefix) => store.keys(prefix),
    close: () => store.close(),
    async set(entries, durability) {
      await store.set(entries, durability);
      for (const [key, bytes] of entries) if (isRecord(key)) copies.set(key, bytes.slice());
    },
    async delete(keys) {
      await store.delete(keys);
      for (const key of keys) copies.delete(key);
    },
    records: () => [...copies],
  };
}
