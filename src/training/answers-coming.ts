/** What stands in the place of answers that are not there. */
import type { EvaluationRecord, RunState } from "../../workers/training/events.ts";
import { counted } from "../../workers/words.ts";
import { isRunning } from "../stores/run-state.ts";

interface Run {
  state: RunState;
  fields: Record<string, unknown>;
  evaluations: readonly EvaluationRecord[];
  /** Rows that somebody picked to be answered. */
  picked?: readonly number[] | undefined;
}

/** One sentence; "" before the first run, and where nobody asked for answers. */
export function answersComing({ state, fields, evaluations, picked }: Run): string {
  if (state === "idle") return "";
  if (fields.eval_strategy !== "steps") return "This run holds no rows out, so none are answered.";
  if (fields.eval_answers === 0) return "";
  if (isRunning(state) && evaluations.length === 0)
    return `None yet: ${picked ? counted(picked.length, "picked row") : `${counted(Number(fields.eval_answers), "held-out row")} at most`} are answered before the first step, at each measurement and at the end.`;
  return "No held-out row was answered in this run.";
}
