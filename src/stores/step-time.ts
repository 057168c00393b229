/** How long steps took in saved runs, for what a run to come will take. */
import { create } from "zustand";
import type { EvaluationRecord } from "../../workers/training/events.ts";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { usualSeconds } from "../parts/step-times.ts";

interface StepTimeStore {
  /** By run: seconds of a step, and its evaluations. */
  times: ReadonlyMap<string, { seconds: number; evaluations: readonly EvaluationRecord[] }>;
  /** Reads the log of a saved run, once. */
  look(runId: string): Promise<void>;
}

export const useStepTime = create<StepTimeStore>((set, get) => ({
  times: new Map(),
  look: (runId) =>
    attempt("training", async () => {
      if (get().times.has(runId)) return;
      const seconds = usualSeconds(await engine((api) => api.readLog(runId)));
      if (seconds === undefined) return;
      const evaluations = await engine((api) => api.readEvaluations(runId));
      set(({ times }) => ({ times: new Map(times).set(runId, { seconds, evaluations }) }));
    }),
}));
