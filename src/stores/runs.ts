/** Saved runs. */
import { create } from "zustand";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";

interface RunsStore {
  runs: RunSummary[];
  busy: string | undefined;
  refresh(): Promise<void>;
  remove(id: string): Promise<void>;
  /** Without `which`: the adapter that the run ends with. */
  save(run: RunSummary, which?: "best" | "last"): Promise<void>;
}

/** What the file of a run's adapter is called. */
export const fileNameOf = (run: RunSummary, extension: string): string => {
  const name = run.lineage.imported ? run.datasetLabel : `${run.modelLabel}-step-${run.step}`;
  return `tabtune-${name.replace(/[^\w.-]+/g, "-")}.${extension}`;
};

/** The step of a run's adapter. */
function stepOf({ step, best, recipe }: RunSummary, which?: "best" | "last"): number {
  const isBest = which === "best" || (which === undefined && recipe.load_best_model_at_end === true);
  return isBest ? (best?.step ?? step) : step;
}

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
    remove: (id) =>
      busyWith(id, async () => {
        await engine((api) => api.deleteRun(id));
        await get().refresh();
      }),
    save: (run, which) =>
      busyWith(run.id, async () => {
        const zip = await engine((api) => api.downloadAdapter(run.id, which));
        download(zip, fileNameOf({ ...run, step: stepOf(run, which) }, "zip"));
      }),
  };
});
