/** The prepared data set, its preview and what was skipped. */
import { create } from "zustand";
import type { DatasetInfo, DatasetProgress, DatasetSource, DroppedFile, PreviewRow } from "../../workers/protocol.ts";
import { useApp } from "../app/store.ts";
import { callback, cancelDataset, dataset } from "../app/workers.ts";
import { useModel } from "../model/store.ts";
import { labelOf } from "../parts/files.ts";

export const PAGE_ROWS = 8;

interface DatasetStore {
  info: DatasetInfo | undefined;
  progress: DatasetProgress | undefined;
  /** Files that wait for a model: its tokenizer decides the examples. */
  waiting: DatasetSource | undefined;
  preview: PreviewRow[];
  page: number;
  use(source: DatasetSource): Promise<void>;
  drop(files: DroppedFile[]): Promise<void>;
  showPage(page: number): Promise<void>;
  cancel(): void;
}

export const useDataset = create<DatasetStore>((set, get) => ({
  info: undefined,
  progress: undefined,
  waiting: undefined,
  preview: [],
  page: 0,
  async use(source) {
    const app = useApp.getState();
    const model = useModel.getState().info;
    app.clear("data");
    if (!model) {
      set({ waiting: source });
      return;
    }
    set({
      waiting: undefined,
      info: undefined,
      preview: [],
      page: 0,
      progress: { phase: "reading", rows: 0, skipped: 0, detail: "" },
    });
    try {
      const info = await dataset((api, alive) =>
        api.prepare(
          source,
          model.preparation,
          callback((progress: DatasetProgress) => {
            alive(progress.detail);
            set({ progress });
          }),
        ),
      );
      set({ info, progress: undefined });
      await get().showPage(0);
    } catch (error) {
      set({ progress: undefined });
      app.fail("data", error);
    }
  },
  drop: (files) => get().use({ kind: "files", label: labelOf(files), files }),
  async showPage(page) {
    const { info } = get();
    const model = useModel.getState().info;
    if (!info || !model) return;
    try {
      const preview = await dataset((api) => api.preview(info.id, model.preparation, page * PAGE_ROWS, PAGE_ROWS));
      set({ preview, page });
    } catch (error) {
      useApp.getState().fail("data", error);
    }
  },
  cancel() {
    cancelDataset();
    set({ progress: undefined });
  },
}));

// A new model has another tokenizer: what waits is prepared now, what was prepared for the old one is put aside.
useModel.subscribe((state, before) => {
  if (state.info?.preparation.id === before.info?.preparation.id) return;
  const { waiting, use } = useDataset.getState();
  if (state.info && before.info) useDataset.setState({ info: undefined, preview: [] });
  if (state.info && waiting) void use(waiting);
});
