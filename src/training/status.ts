/** What the page says of a run, in words. */
import { cutRows } from "../../workers/data/text/fit-length.ts";
import type { Measuring, OddRow, RunState, StepRecord } from "../../workers/training/events.ts";
import { counted } from "../../workers/words.ts";
import { duration, figure } from "../parts/format.ts";
import { isRunning } from "../stores/run-state.ts";
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

/** Of the states that the number of the step does not say. */
const words: Record<Exclude<RunState, "idle" | "training">, string> = {
  preparing: "Preparing the run",
  compiling: "Compiling kernels",
  evaluating: "Measuring held-out rows",
  pausing: "Pausing after this step",
  paused: "Paused",
  saving: "Saving",
  done: "Done",
  stopped: "Stopped and saved",
  failed: "Failed",
};

const wordsOf = (state: RunState): string => (state === "idle" || state === "training" ? "" : words[state]);

/** "Step 12 of 500", "Paused. Step 12 of 500"; "" before the first run. */
export function statusOf({ state, step, maxSteps, measuring }: Omit<Run, "records">): string {
  if (state === "idle") return "";
  const progress = maxSteps > 0 ? `Step ${step} of ${maxSteps}` : "";
  const isMeasuring = state === "evaluating" && measuring;
  const what = isMeasuring && measuring.what === "answers" ? "Answering held-out rows" : wordsOf(state);
  const count = isMeasuring ? `, ${measuring.rows} of ${measuring.of}` : "";
  return state === "training" ? progress : `${what}${count}. ${progress}`;
}

/** The status for the ear: "Paused: 12 of 500 steps, loss 1.234, about 3 min left"; "" where `statusOf` says nothing. */
export function spokenOf(run: Run): string {
  const { state, step, maxSteps, records } = run;
  if (statusOf(run) === "") return "";
  const made = maxSteps > 0 ? `${step} of ${maxSteps} steps` : "";
  const loss = records.at(-1)?.loss;
  const left = isRunning(state) ? secondsLeft(records, maxSteps) : undefined;
  const parts = [
    [wordsOf(state), made].filter(Boolean).join(": "),
    loss === undefined ? "" : `loss ${figure(loss)}`,
    left ? `about ${duration(left)} left` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** The title of the browser's tab: "12/500 · 1.23 – TabTune". */
export function titleOf({ state, step, maxSteps, records }: Run): string {
  if (!isRunning(state) || maxSteps === 0) return "TabTune";
  const loss = records.at(-1)?.loss.toFixed(2);
  return `${step}/${maxSteps}${loss ? ` · ${loss}` : ""} – TabTune`;
}

/** What to tell of rows that a run has met, of data prepared on demand; "" where there is nothing. */
export function oddRowsWords(odd: Record<OddRow["outcome"], number>): string {
  const left = odd["left-out"];
  const parts = [
    left > 0 &&
      `${counted(left, "row")} could not be used and ${left === 1 ? "was" : "were"} left out of the batches (see the skipped rows of the data).`,
    odd.cut > 0 && cutRows(odd.cut),
  ];
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
  if (!model) return "Load a model first";
  if (loading) return "A model is being loaded";
  if (!data) return "Choose data first";
  if (wrong !== undefined) return `Correct ${wrong} first`;
  return fits === "too-large" ? "Does not fit" : "";
}

/** Why a run that goes on cannot be paused; "" when it can. */
export const pauseObstacle = (state: RunState): string =>
  state === "training" || state === "evaluating" ? "" : `${wordsOf(state)}: a run can be paused while it trains.`;
