/** Files that are given to be answered, and not to be trained on: read as the command `predict` reads them. */
import { create } from "zustand";
import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "../../workers/data/shards/read-drop.ts";
import type { DroppedFile, TableSource } from "../../workers/protocol/dataset.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { labelOf } from "../parts/files.ts";
import { useApplyColumns } from "./columns.ts";
import { useModel } from "./model.ts";
import { rememberOpened } from "./supply.ts";

interface ApplyFilesStore {
  /** Their rows, prepared. */
  info: DatasetInfo | undefined;
  /** What these are the rows of, as `useApplyColumns` has it: those of files that cannot be read do not take their place. */
  source: TableSource | undefined;
  /** `PreparationSpec.id` that they were prepared for. */
  preparation: string | undefined;
  progress: DatasetProgress | undefined;
  /** They wait for a model. */
  waiting: DroppedFile[] | undefined;
  /** Resolves to whether there are rows now; what is wrong is told in the panel. */
  take(files: DroppedFile[]): Promise<boolean>;
  /** Reads them with the columns that were chosen. Resolves as `take`. */
  readAgain(): Promise<boolean>;
  /** Those that wait are read; rows that were prepared for another model go. */
  modelLoaded(): Promise<void>;
}

/** Reads and prepares them; what goes wrong is told in the panel. */
async function read(
  chosen: TableSource,
  { preparation }: ModelInfo,
  set: (changes: Partial<ApplyFilesStore>) => void,
): Promise<boolean> {
  set({ progress: { phase: "reading", rows: 0, skipped: 0, detail: "" } });
  try {
    const source = await useApplyColumns.getState().begin(chosen, () => undefined);
    const info = await dataset((api, alive) =>
      api.prepare(
        source,
        preparation,
        callback((progress: DatasetProgress) => {
          alive(progress.detail);
          // The last of them may come behind the answer, by another port.
          if (useApplyFiles.getState().progress) set({ progress });
        }),
      ),
    );
    rememberOpened(info.id, source, preparation);
    set({ info, preparation: preparation.id, source: useApplyColumns.getState().source });
    return true;
  } catch (error) {
    useApp.getState().fail("apply", error);
    return false;
  } finally {
    set({ progress: undefined });
  }
}

export const useApplyFiles = create<ApplyFilesStore>((set, get) => ({
  info: undefined,
  source: undefined,
  preparation: undefined,
  progress: undefined,
  waiting: undefined,
  async take(files) {
    useApp.getState().clear("apply");
    const model = useModel.getState().info;
    if (!model) {
      set({ waiting: files });
      return false;
    }
    set({ waiting: undefined });
    return read({ kind: "files", label: labelOf(files), files }, model, set);
  },
  async readAgain() {
    useApp.getState().clear("apply");
    const model = useModel.getState().info;
    const source = useApplyColumns.getState().keep();
    return model && source ? read(source, model, set) : false;
  },
  async modelLoaded() {
    const { waiting, preparation, take } = get();
    if (preparation !== useModel.getState().info?.preparation.id) {
      set({ info: undefined, source: undefined, preparation: undefined });
      useApplyColumns.getState().clear();
    }
    if (waiting) await take(waiting);
  },
}));
