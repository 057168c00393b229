/** What lies in this browser, and its removal. */
import { deleteDataset } from "../data/shards/shards.ts";
import type { StorageApi } from "../protocol/engine.ts";
import { removeRun } from "./runs.ts";
import type { EngineState } from "./state.ts";
import { deleteModel, listStored } from "./stored-items.ts";
import { needIdle, needNoLoad } from "./turns.ts";

export const storageApi = (s: EngineState): StorageApi => ({
  async listStored() {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    const items = await listStored(await s.weightCache(), await s.store());
    return { items, usage, quota, persisted: await navigator.storage.persisted() };
  },
  async deleteStored(kind, key) {
    if (kind === "run") return removeRun(s, key);
    needIdle(s, "Stop it before deleting data.");
    needNoLoad(s);
    if (kind === "model") return deleteModel(await s.weightCache(), key);
    return deleteDataset(await s.store(), key);
  },
});
