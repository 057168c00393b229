/** Saved runs. */
import { create } from "zustand";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { stepOf } from "./run-names.ts";

/** How long a deletion can be taken back. */
export const UNDO_SECONDS = 20;

interface RunsStore {
  runs: RunSummary[];
  busy: string | undefined;
  refresh(): Promise<void>;
  /** Id of the run whose result somebody asked to see, or that ended last in this tab. */
  chosen: string | undefined;
  choose(id: string): void;
  /** Ids of the runs that stand side by side. */
  compared: string[];
  compare(ids: string[]): void;
  annotate(id: string, words: { name: string; note: string }): Promise<void>;
  /** Deleted, and can be taken back for `UNDO_SECONDS`. */
  discarded: RunSummary[];
  discard(run: RunSummary): Promise<void>;
  restore(id: string): Promise<void>;
  /** Frees what a deleted run takes. */
  purge(id: string): Promise<void>;
  /** Without `which`: the adapter that the run ends with. */
  save(run: RunSummary, which?: "best" | "last"): Promise<void>;
}

/** What the file of a run's adapter is called. */
export const fileNameOf = (run: RunSummary, extension: string): string => {
  const name = run.lineage.imported ? run.datasetLabel : `${run.modelLabel}-step-${run.step}`;
  return `tabtune-${name.replace(/[^\w.-]+/g, "-")}.${extension}`;
};

export const useRuns = create<RunsStore>((set, get) => {
  const busyWith = async (id: string, work: () => Promise<void>): Promise<void> => {
    useApp.getState().clear("runs");
    set({ busy: id });
    await attempt("runs", work);
    set({ busy: undefined });
  };
  return {
    runs: [],
    busy: undefined,
    refresh: () => attempt("runs", async () => set({ runs: await engine((api) => api.listRuns()) })),
    chosen: undefined,
    choose: (chosen) => set({ chosen }),
    compared: [],
    compare: (compared) => set({ compared }),
    annotate: (id, words) =>
      busyWith(id, async () => {
        await engine((api) => api.describeRun(id, words));
        await get().refresh();
      }),
    discarded: [],
    discard: (run) =>
      busyWith(run.id, async () => {
        await engine((api) => api.discardRun(run.id));
        // Deleted, taken back and deleted again, it has its whole time again.
        const entry = { ...run };
        set((s) => ({
          discarded: [...s.discarded, entry],
          compared: s.compared.filter((id) => id !== run.id),
        }));
        const timeOver = (): void => {
          if (get().discarded.includes(entry)) void get().purge(run.id);
        };
        setTimeout(timeOver, UNDO_SECONDS * 1000);
        await get().refresh();
      }),
    restore: (id) =>
      busyWith(id, async () => {
        await engine((api) => api.restoreRun(id));
        set((s) => ({ discarded: s.discarded.filter((run) => run.id !== id) }));
        await get().refresh();
      }),
    async purge(id) {
      // It was taken back, or is gone already.
      if (!get().discarded.some((run) => run.id === id)) return;
      set((s) => ({ discarded: s.discarded.filter((run) => run.id !== id) }));
      await attempt("runs", () => engine((api) => api.deleteRun(id)));
    },
    save: (run, which) =>
      busyWith(run.id, async () => {
        const zip = await engine((api) => api.downloadAdapter(run.id, which));
        download(zip, fileNameOf({ ...run, step: stepOf(run, which) }, "zip"));
      }),
  };
});
