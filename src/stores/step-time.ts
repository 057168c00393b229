/** How long steps took in saved runs, for what a run to come will take. */
import { create } from "zustand";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { usualSeconds } from "../parts/step-times.ts";

interface StepTimeStore {
  /** By run: seconds of a step. */
  seconds: ReadonlyMap<string, number>;
  /** Reads the log of a saved run, once. */
  look(runId: string): Promise<void>;
}

export const useStepTime = create<StepTimeStore>((set, get) => ({
  seconds: new Map(),
  look: (runId) =>
    attempt("training", async () => {
      if (get().seconds.has(runId)) return;
      const found = usualSeconds(await engine((api) => api.readLog(runId)));
      if (found !== undefined) set(({ seconds }) => ({ seconds: new Map(seconds).set(runId, found) }));
    }),
}));
