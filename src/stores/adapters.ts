/** Adapters that come as files: kept among the runs, once there is a model to hold them against. */
import { create } from "zustand";
import type { AdapterFiles } from "../../workers/adapter/adapter-files.ts";
import { mayBeAdapter, namesAdapter } from "../../workers/adapter/file-names.ts";
import { reportOf } from "../../workers/errors.ts";
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { useApp } from "../page/store.ts";
import { dataset, engine } from "../page/workers.ts";
import { labelOf } from "../parts/files.ts";
import { words } from "../words/index.ts";
import { useModel } from "./model.ts";
import { useRuns } from "./runs.ts";

interface AdaptersStore {
  /** It waits for a model. */
  waiting: AdapterFiles | undefined;
  /** What became of the last one, one sentence. */
  told: string;
  /** Resolves to false where the files are no adapter; what is wrong with one is told in the Runs panel. */
  take(files: DroppedFile[]): Promise<boolean>;
  /** Holds the one that waits against the model that is there now. */
  modelLoaded(): Promise<void>;
  dismiss(): void;
}

export const useAdapters = create<AdaptersStore>((set, get) => ({
  waiting: undefined,
  told: "",
  async take(files) {
    const paths = files.map(({ path }) => path);
    if (!mayBeAdapter(paths)) return false;
    const app = useApp.getState();
    try {
      const found = await dataset((api) => api.adapterIn(files, labelOf(files)));
      if (!found) return false;
      app.clear("runs");
      set({ waiting: found, told: "" });
      await get().modelLoaded();
    } catch (error) {
      // Over a zip that may be data the reader of data says what is wrong.
      if (reportOf(error).code === "worker-died" && !namesAdapter(paths)) return false;
      app.fail("runs", error);
    }
    return true;
  },
  async modelLoaded() {
    const { waiting } = get();
    if (!waiting || !useModel.getState().info) return;
    // Whether it fits or not, it waits no longer.
    set({ waiting: undefined });
    try {
      const { datasetLabel } = await engine((api) => api.keepAdapter(waiting));
      set({ told: words().data.drops.adapterAdded(datasetLabel) });
      await useRuns.getState().refresh();
    } catch (error) {
      useApp.getState().fail("runs", error);
    }
  },
  dismiss: () => set({ waiting: undefined }),
}));
