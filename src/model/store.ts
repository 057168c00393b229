/** The loaded model, and the way there. */
import { create } from "zustand";
import type { LoadProgress, ModelInfo, ModelSource } from "../../workers/protocol.ts";
import { useApp } from "../app/store.ts";
import { callback, engine } from "../app/workers.ts";
import { useRuns } from "../runs/store.ts";

interface ModelStore {
  source: ModelSource;
  info: ModelInfo | undefined;
  progress: LoadProgress | undefined;
  choose(source: ModelSource): void;
  load(): Promise<void>;
  /** The engine died: nothing is loaded any more. */
  forget(): void;
}

export const useModel = create<ModelStore>((set, get) => ({
  source: { kind: "embedded" },
  info: undefined,
  progress: undefined,
  choose: (source) => set({ source }),
  async load() {
    const app = useApp.getState();
    app.clear("model");
    set({ info: undefined, progress: { phase: "reading", fraction: 0, detail: "" } });
    try {
      const info = await engine((api) =>
        api.loadModel(
          get().source,
          callback((progress: LoadProgress) => set({ progress })),
        ),
      );
      set({ info, progress: undefined });
      await useRuns.getState().refresh();
    } catch (error) {
      set({ progress: undefined });
      app.fail("model", error);
    }
  },
  forget: () => set({ info: undefined, progress: undefined }),
}));
