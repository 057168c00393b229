/** Which of the saved runs has its result on show. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";

type Listed = Pick<RunSummary, "id" | "status" | "step" | "lineage">;

const hasResult = ({ status, step, lineage }: Listed): boolean =>
  lineage.imported !== undefined || (step > 0 && (status === "done" || status === "stopped"));

/** The one that was chosen; else the newest that has ended, else the newest with a step. `runs` newest first. */
export function shownRun(runs: readonly Listed[], chosen: string | undefined): string | undefined {
  if (runs.some(({ id }) => id === chosen)) return chosen;
  return (runs.find(hasResult) ?? runs.find(({ step }) => step > 0))?.id;
}
