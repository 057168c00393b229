/** What this browser keeps, and how to be rid of it. */
import { create } from "zustand";
import type { StorageInfo } from "../../workers/protocol/engine.ts";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { useRuns } from "./runs.ts";

type Item = StorageInfo["items"][number];

interface StorageStore {
  info: StorageInfo | undefined;
  /** Key of the item that is being deleted. */
  busy: string | undefined;
  /** The last item that went. */
  removed: Pick<Item, "kind" | "key"> | undefined;
  refresh(): Promise<void>;
  remove(item: Item): Promise<void>;
  /** Asks the browser not to clear this site's data by itself. */
  persist(): Promise<void>;
}

export const useStorage = create<StorageStore>((set, get) => ({
  info: undefined,
  busy: undefined,
  removed: undefined,
  refresh: () => attempt("storage", async () => set({ info: await engine((api) => api.listStored()) })),
  async remove({ kind, key }) {
    useApp.getState().clear("storage");
    set({ busy: key });
    await attempt("storage", async () => {
      await engine((api) => api.deleteStored(kind, key));
      set({ removed: { kind, key } });
    });
    set({ busy: undefined });
    await Promise.all([get().refresh(), useRuns.getState().refresh()]);
  },
  async persist() {
    await navigator.storage.persist();
    await get().refresh();
  },
}));
