/** Saved runs. */
import { create } from "zustand";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";

interface RunsStore {
  runs: RunSummary[];
  busy: string | undefined;
  refresh(): Promise<void>;
  remove(id: string): Promise<void>;
  save(run: RunSummary): Promise<void>;
}

export const useRuns = create<RunsStore>((set, get) => {
  const attempt = async (id: string, work: () => Promise<void>): Promise<void> => {
    useApp.getState().clear("runs");
    set({ busy: id });
    try {
      await work();
    } catch (error) {
      useApp.getState().fail("runs", error);
    } finally {
      set({ busy: undefined });
    }
  };
  return {
    runs: [],
    busy: undefined,
    async refresh() {
      try {
        set({ runs: await engine((api) => api.listRuns()) });
      } catch (error) {
        useApp.getState().fail("runs", error);
      }
    },
    remove: (id) =>
      attempt(id, async () => {
        await engine((api) => api.deleteRun(id));
        await get().refresh();
      }),
    save: (run) =>
      attempt(run.id, async () => {
        const zip = await engine((api) => api.downloadAdapter(run.id));
        download(zip, `tabtune-${run.modelLabel.replace(/[^\w.-]+/g, "-")}-step-${run.step}.zip`);
      }),
  };
});
