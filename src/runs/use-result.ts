/** What is kept of a saved run: its steps, what was measured of it, and what it said. */
import { useEffect, useState } from "react";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import type { RunAnswers } from "../../workers/training/saved/answers.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { attempt } from "../page/store.ts";
import { engine } from "../page/workers.ts";

export interface Kept {
  records: StepRecord[];
  evaluations: EvaluationRecord[];
  /** Null of a run that answered no rows. */
  answers: RunAnswers | null;
}

/** Read again when the run has made steps or ended; undefined until it is read. What goes wrong is told in the panel. */
export function useKept({ id, step, status }: Pick<RunSummary, "id" | "step" | "status">): Kept | undefined {
  const [kept, setKept] = useState<Kept>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: step and status say when there is more
  useEffect(() => {
    let isWanted = true;
    void attempt("runs", async () => {
      const records = await engine((api) => api.readLog(id));
      const evaluations = await engine((api) => api.readEvaluations(id));
      const answers = await engine((api) => api.readRunAnswers(id));
      if (isWanted) setKept({ records, evaluations, answers });
    });
    return () => {
      isWanted = false;
    };
  }, [id, step, status]);
  return kept;
}
