/** What the page says of a run, in words. */
import { cutRows } from "../../workers/data/text/fit-length.ts";
import type { Measuring, OddRow, RunState, StepRecord } from "../../workers/training/events.ts";
import { duration, figure, fixed } from "../parts/format.ts";
import { isRunning } from "../stores/run-state.ts";
import { words } from "../words/index.ts";
import { secondsLeft } from "./metrics.ts";

interface Run {
  state: RunState;
  step: number;
  /** 0: not known yet. */
  maxSteps: number;
  records: readonly StepRecord[];
  /** Held-out rows that are measured by now. */
  measuring?: { what: Measuring; rows: number; of: number } | undefined;
}

/** Nothing of the states that the number of the step says. */
const wordsOf = (state: RunState): string =>
  state === "idle" || state === "training" ? "" : words().run.status.states[state];

/** "Step 12 of 500", "Paused. Step 12 of 500"; "" before the first run. */
export function statusOf({ state, step, maxSteps, measuring }: Omit<Run, "records">): string {
  if (state === "idle") return "";
  const say = words().run.status;
  const progress = maxSteps > 0 ? say.step(step, maxSteps) : "";
  if (state === "training") return progress;
  const isMeasuring = state === "evaluating" && measuring;
  const what = isMeasuring && measuring.what === "answers" ? say.answering : wordsOf(state);
  return `${isMeasuring ? say.measured(what, measuring.rows, measuring.of) : what}. ${progress}`;
}

/** The status for the ear: "Paused: 12 of 500 steps, loss 1.234, about 3 min left"; "" where `statusOf` says nothing. */
export function spokenOf(run: Run): string {
  const { state, step, maxSteps, records } = run;
  if (statusOf(run) === "") return "";
  const say = words().run.status;
  const made = maxSteps > 0 ? say.made(step, maxSteps) : "";
  const loss = records.at(-1)?.loss;
  const left = isRunning(state) ? secondsLeft(records, maxSteps) : undefined;
  const parts = [
    [wordsOf(state), made].filter(Boolean).join(": "),
    loss === undefined ? "" : say.loss(figure(loss)),
    left ? say.left(duration(left)) : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** The title of the browser's tab: "12/500 · 1.23 – TabTune". */
export function titleOf({ state, step, maxSteps, records }: Run): string {
  if (!isRunning(state) || maxSteps === 0) return "TabTune";
  const loss = records.at(-1)?.loss;
  return `${step}/${maxSteps}${loss === undefined ? "" : ` · ${fixed(loss, 2)}`} – TabTune`;
}

/** What to tell of rows that a run has met, of data prepared on demand; "" where there is nothing. */
export function oddRowsWords(odd: Record<OddRow["outcome"], number>): string {
  const left = odd["left-out"];
  const parts = [left > 0 && words().run.status.leftOut(left), odd.cut > 0 && cutRows(odd.cut)];
  return parts.filter(Boolean).join(" ");
}

interface Start {
  model: boolean;
  /** A model is being loaded. */
  loading: boolean;
  data: boolean;
  /** Label of a field with a value that is not allowed. */
  wrong?: string | undefined;
  fits?: "fits" | "tight" | "too-large" | undefined;
}

/** What a run cannot start without; "" when it can. */
export function missingFor({ model, loading, data, wrong, fits }: Start): string {
  const say = words().run.missing;
  if (!model) return say.model;
  if (loading) return say.loading;
  if (!data) return say.data;
  if (wrong !== undefined) return say.wrong(wrong);
  return fits === "too-large" ? say.tooLarge : "";
}

/** Why a run that goes on cannot be paused; "" when it can. */
export const pauseObstacle = (state: RunState): string =>
  state === "training" || state === "evaluating" ? "" : words().run.status.cannotPause(wordsOf(state));
