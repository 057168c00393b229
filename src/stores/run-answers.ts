/** What the model said to held-out rows of the run in the Training panel, and which rows the next run asks. */
import { create } from "zustand";
import type { RunAnswers } from "../../workers/training/saved/answers.ts";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";

interface RunAnswersStore {
  /** Of this run. */
  runId: string | undefined;
  answers: RunAnswers | undefined;
  /** Positions of the held-out rows that the next run asks, in this order; undefined: some from all over. */
  picked: number[] | undefined;
  pick(positions: number[] | undefined): void;
  /** Picks a row, or lets it go; without one that is picked the choice is the run's again. */
  toggle(position: number): void;
  /** Another run: what is saved of it, nothing where `runId` is undefined. */
  begin(runId: string | undefined): Promise<void>;
  /** There is more of this run. */
  more(runId: string): Promise<void>;
  /** The run went back to a checkpoint: what was said after it is said again. */
  backTo(step: number): void;
}

export const useRunAnswers = create<RunAnswersStore>((set, get) => {
  /** One request after the other: each asks for what the one before has not brought. */
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(() => attempt("training", work));
    return last;
  };
  return {
    runId: undefined,
    answers: undefined,
    picked: undefined,
    pick: (picked) => set({ picked }),
    toggle(position) {
      const { picked = [] } = get();
      const rest = picked.filter((other) => other !== position);
      const now = rest.length < picked.length ? rest : [...picked, position];
      set({ picked: now.length > 0 ? now : undefined });
    },
    begin(runId) {
      set({ runId, answers: undefined });
      return runId === undefined ? Promise.resolve() : get().more(runId);
    },
    more: (runId) =>
      inTurn(async () => {
        if (get().runId !== runId) set({ runId, answers: undefined });
        const step = get().answers?.steps.at(-1)?.step;
        const found = await engine((api) => api.readRunAnswers(runId, step));
        const { answers } = get();
        if (!found || get().runId !== runId) return;
        const isMore = answers && step !== undefined;
        set({ answers: isMore ? { ...answers, steps: [...answers.steps, ...found.steps] } : found });
      }),
    backTo(step) {
      const { answers } = get();
      if (answers) set({ answers: { ...answers, steps: answers.steps.filter((said) => said.step <= step) } });
    },
  };
});
