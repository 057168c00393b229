/** What this browser keeps, and how to be rid of it. */
import { create } from "zustand";
import type { StorageDamage, StorageInfo } from "../../workers/protocol/engine.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { useRuns } from "./runs.ts";

type Item = StorageInfo["items"][number];

interface StorageStore {
  info: StorageInfo | undefined;
  /** What is being deleted or mended. */
  busy: string | undefined;
  /** The last item that went, or of which something went: of votes and answers the list has to be read anew then. */
  removed: { kind: StorageDamage["kind"]; key: string } | undefined;
  refresh(): Promise<void>;
  remove(item: Item): Promise<void>;
  /** A check that is going on: entries that were read, of how many. */
  checking: { done: number; of: number } | undefined;
  /** What the last one found. */
  checked: { checked: number; damage: StorageDamage[] } | undefined;
  check(): Promise<void>;
  /** Takes away what is damaged. */
  mend(damage: StorageDamage): Promise<void>;
  /** Asks the browser not to clear this site's data by itself. */
  persist(): Promise<void>;
}

export const useStorage = create<StorageStore>((set, get) => ({
  info: undefined,
  busy: undefined,
  removed: undefined,
  checking: undefined,
  checked: undefined,
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
  async check() {
    useApp.getState().clear("storage");
    set({ checking: { done: 0, of: 0 }, checked: undefined });
    const onProgress = callback((done: number, of: number) => set({ checking: { done, of } }));
    await attempt("storage", async () => set({ checked: await engine((api) => api.checkStored(onProgress)) }));
    set({ checking: undefined });
  },
  async mend({ id, kind, item, whole }) {
    useApp.getState().clear("storage");
    set({ busy: id });
    await attempt("storage", async () => {
      await engine((api) => api.mendStored(id));
      const { checked } = get();
      if (checked) set({ checked: { ...checked, damage: checked.damage.filter((one) => one.id !== id) } });
      if (whole || kind === "votes" || kind === "answers") set({ removed: { kind, key: item } });
    });
    set({ busy: undefined });
    await Promise.all([get().refresh(), useRuns.getState().refresh()]);
  },
  async persist() {
    await navigator.storage.persist();
    await get().refresh();
  },
}));
