/** What stands in the place of answers that are not there. */
import type { EvaluationRecord, RunState } from "../../workers/training/events.ts";
import { isRunning } from "../stores/run-state.ts";
import { words } from "../words/index.ts";

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
  const say = words().run.answers;
  if (fields.eval_strategy !== "steps") return say.noneHeldOut;
  if (fields.eval_answers === 0) return "";
  if (isRunning(state) && evaluations.length === 0)
    return say.coming(picked ? say.picked(picked.length) : say.atMost(Number(fields.eval_answers)));
  return say.none;
}
