/** Files that are given to be answered, and not to be trained on: read as the command `predict` reads them. */
import { create } from "zustand";
import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "../../workers/data/shards/read-drop.ts";
import type { DroppedFile, FilesSource } from "../../workers/protocol/dataset.ts";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { labelOf } from "../parts/files.ts";
import { readingBefore } from "./columns.ts";
import { useModel } from "./model.ts";
import { rememberOpened } from "./supply.ts";

interface ApplyFilesStore {
  /** Their rows, prepared. */
  info: DatasetInfo | undefined;
  /** `PreparationSpec.id` that they were prepared for. */
  preparation: string | undefined;
  progress: DatasetProgress | undefined;
  /** They wait for a model. */
  waiting: DroppedFile[] | undefined;
  /** Their columns are read as was chosen for a table with the same ones. */
  asBefore: boolean;
  /** Resolves to whether there are rows now; what is wrong is told in the panel. */
  take(files: DroppedFile[]): Promise<boolean>;
  /** Those that wait are read; rows that were prepared for another model go. */
  modelLoaded(): Promise<void>;
}

export const useApplyFiles = create<ApplyFilesStore>((set, get) => ({
  info: undefined,
  preparation: undefined,
  progress: undefined,
  waiting: undefined,
  asBefore: false,
  async take(files) {
    useApp.getState().clear("apply");
    const model = useModel.getState().info;
    if (!model) {
      set({ waiting: files });
      return false;
    }
    set({ waiting: undefined, progress: { phase: "reading", rows: 0, skipped: 0, detail: "" } });
    try {
      const plain: FilesSource = { kind: "files", label: labelOf(files), files, reading: { toAnswer: true } };
      const before = readingBefore(await dataset((api, alive) => api.look(plain, 1, callback(alive))));
      const source = { ...plain, reading: { ...before, toAnswer: true } };
      const info = await dataset((api, alive) =>
        api.prepare(
          source,
          model.preparation,
          callback((progress: DatasetProgress) => {
            alive(progress.detail);
            // The last of them may come behind the answer, by another port.
            if (get().progress) set({ progress });
          }),
        ),
      );
      rememberOpened(info.id, source, model.preparation);
      set({ info, preparation: model.preparation.id, asBefore: before !== undefined });
      return true;
    } catch (error) {
      useApp.getState().fail("apply", error);
      return false;
    } finally {
      set({ progress: undefined });
    }
  },
  async modelLoaded() {
    const { waiting, preparation, take } = get();
    if (preparation !== useModel.getState().info?.preparation.id) set({ info: undefined, preparation: undefined });
    if (waiting) await take(waiting);
  },
}));
