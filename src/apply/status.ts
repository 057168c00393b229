/** What the Apply panel says, in words. */
import type { JobProgress, JobSummary } from "../../workers/apply/job.ts";
import type { JobComparison, JobResults, ShownAnswers } from "../../workers/apply/results.ts";
import { METRIC_NAMES, type MetricName } from "../../workers/metrics/metric.ts";
import { counted } from "../../workers/words.ts";
import { duration } from "../parts/format.ts";
import type { GoingJob } from "../stores/apply.ts";

interface Situation {
  /** A model is loaded. */
  model: boolean;
  /** A run works the GPU; it is paused. */
  training: boolean;
  paused: boolean;
  /** An adapter is to answer. */
  adapter: boolean;
  /** Rows are being prepared. */
  preparing: boolean;
  /** Rows are being answered. */
  going: boolean;
  /** The chat's answer is being written. */
  chatting: boolean;
}

/** Why no rows can be answered now; "" when they can. */
export function answerObstacle({ model, training, paused, adapter, preparing, going, chatting }: Situation): string {
  if (!model) return "Load a model first.";
  if (preparing) return "Rows are being prepared: wait until they are ready.";
  if (training) return "Pause the training to answer rows.";
  if (paused && adapter) return "Stop and save the training to answer with an adapter.";
  if (going) return "Rows are being answered: pause or stop that first.";
  return chatting ? "An answer is being written in the chat." : "";
}

/** What a new job needs beside. `rows`: how many there are to answer, undefined where nobody has counted. */
export function formObstacle({ rows, maxNewTokens }: { rows: number | undefined; maxNewTokens: number }): string {
  if (rows === 0) return "There are no rows: choose data, or files to answer.";
  const isLength = Number.isInteger(maxNewTokens) && maxNewTokens > 0;
  return isLength ? "" : "Write how many tokens an answer may have: a whole number from 1 on.";
}

/** Why a job cannot go on; "" when it can. `modelId`: of the model that is loaded. */
export function resumeObstacle(job: Pick<JobSummary, "status" | "modelId" | "modelLabel">, modelId: string): string {
  if (job.status === "elsewhere") return "Its rows are being answered in another tab.";
  return job.modelId === modelId ? "" : `Load ${job.modelLabel} first.`;
}

type Job = Pick<
  JobSummary,
  "rows" | "skipped" | "status" | "which" | "datasetLabel" | "adapter" | "modelLabel" | "prompt" | "maxNewTokens"
> &
  JobProgress;

/** "12 of 128 rows answered, 2 could not be, about 3 min left." */
export function statusOf(
  job: Job | undefined,
  going: Pick<GoingJob, "progress" | "done" | "ending"> | undefined,
): string {
  if (!job) return "No rows have been answered yet.";
  const { answered, unanswered, seconds } = going?.progress ?? job;
  const failed = unanswered > 0 ? `, ${unanswered} could not be` : "";
  const words = `${answered} of ${counted(job.rows + job.skipped, "row")} answered${failed}`;
  if (going) {
    if (going.ending) return `Stopping. ${words}.`;
    const left = secondsLeft({ ...going, seconds, rows: job.rows });
    return left === undefined ? `${words}.` : `${words}, about ${duration(left)} left.`;
  }
  const ends = { open: "Paused: ", stopped: "Stopped: ", done: "Done: ", elsewhere: "In another tab: " };
  return `${ends[job.status]}${words}.`;
}

/** Rows after which a time can be told: the first waits for kernels. */
const ROWS_FOR_A_TIME = 3;

function secondsLeft({ done, seconds, rows }: { done: number; seconds: number; rows: number }): number | undefined {
  return done < ROWS_FOR_A_TIME ? undefined : (seconds / done) * (rows - done);
}

/** Who answers: "the base model (tiny)", "the adapter of voices at step 100". */
export const speakerOf = ({ adapter, modelLabel }: Pick<JobSummary, "adapter" | "modelLabel">): string =>
  adapter ? `the adapter of ${adapter.label} at step ${adapter.step}` : `the base model (${modelLabel})`;

const WHICH: Record<JobSummary["which"], string> = {
  all: "all rows of",
  "held out": "held-out rows of",
  files: "rows of",
};

/** "all rows of the sample data, by the base model (tiny)" */
export function titleOf(job: Pick<JobSummary, "which" | "datasetLabel" | "adapter" | "modelLabel">): string {
  return `${WHICH[job.which]} ${job.datasetLabel}, by ${speakerOf(job)}`;
}

/** How it was asked. */
export function askedWords({ prompt, maxNewTokens }: Pick<JobSummary, "prompt" | "maxNewTokens">): string {
  const question = prompt ? `All were asked “${prompt}”` : "Each was asked its own question";
  return `${question}, for at most ${counted(maxNewTokens, "token")}.`;
}

/** What else is to be told of the answers, one sentence each. */
export function notesOn(job: Job, { cut, unanswered }: JobProgress, results: JobResults | undefined): string[] {
  const notes: string[] = [];
  if (cut > 0) {
    const were = cut === 1 ? "was" : "were";
    notes.push(
      `${counted(cut, "answer")} ${were} cut off at ${counted(job.maxNewTokens, "token")}, or where the model has no room for more: a longer answer may be allowed in a new job.`,
    );
  }
  if (unanswered > 0) {
    const reader = job.skipped > 0 ? ` (${job.skipped} of them could not be read or prepared)` : "";
    notes.push(
      `${counted(unanswered, "row")} could not be answered${reader}: choose “not answered” to see where and why.`,
    );
  }
  if (!results) return notes;
  if (results.emptyRight > 0) {
    const [have, are] = results.emptyRight === 1 ? ["has", "is"] : ["have", "are"];
    notes.push(`${counted(results.emptyRight, "row")} ${have} an empty right answer and ${are} not measured.`);
  }
  if (results.measure?.metric === "accuracy" && !results.measure.confusions)
    notes.push("The right answers are too many different ones for a table of which was taken for which.");
  if (!results.measure && job.answered > 0) notes.push("No row has a right answer, so nothing is measured.");
  return notes;
}

/** "61.7 %" */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** "exact match" */
export const nameOf = (figure: string): string => figure.replaceAll("_", " ");

/** What can be chosen, with what was found among it. */
export function metricChoices(found: MetricName | undefined): [value: MetricName | "", text: string][] {
  const automatic = found ? `found: ${nameOf(found)}` : "the one that fits";
  return [["", automatic], ...METRIC_NAMES.map((name): [MetricName, string] => [name, nameOf(name)])];
}

export const FILTERS: [value: ShownAnswers, text: string][] = [
  ["all", "all rows"],
  ["wrong", "wrong answers, worst first"],
  ["cut", "cut off"],
  ["unanswered", "not answered"],
];

/** In place of a table without rows. */
export const emptyWords: Record<ShownAnswers, string> = {
  all: "There is no answer yet.",
  wrong: "No answer is wrong.",
  cut: "No answer was cut off.",
  unanswered: "Every row so far has an answer.",
};

/** What files that are given once more mean for jobs that have not ended; "" where they mean nothing. */
export function filesWords(
  files: { id: string; label: string },
  jobs: readonly Pick<JobSummary, "which" | "datasetId" | "datasetLabel" | "status">[],
): string {
  const open = jobs.filter(({ which, status }) => which === "files" && (status === "open" || status === "stopped"));
  if (open.some(({ datasetId }) => datasetId === files.id))
    return "These are the rows of a job that has not ended: it can go on with Resume answering.";
  if (!open.some(({ datasetLabel }) => datasetLabel === files.label)) return "";
  return `These are not the files that a job of ${files.label} was begun with: they have changed, or are read in another way. That job is kept; a new one is needed for these.`;
}

/** "The second is better on 12 rows, equal on 100 and worse on 3." */
export const comparisonWords = ({ better, equal, worse }: Pick<JobComparison, "better" | "equal" | "worse">): string =>
  `The second is better on ${counted(better, "row")}, equal on ${equal} and worse on ${worse}.`;
