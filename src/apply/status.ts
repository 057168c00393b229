/** What the Apply panel says, in words. */
import type { JobProgress, JobSummary } from "../../workers/apply/job.ts";
import type { JobComparison, JobResults, ShownAnswers } from "../../workers/apply/results.ts";
import { METRIC_NAMES, type MetricName } from "../../workers/metrics/metric.ts";
import { duration } from "../parts/format.ts";
import type { GoingJob } from "../stores/apply.ts";
import { words } from "../words/index.ts";

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
  const say = words().apply.obstacles;
  if (!model) return say.noModel;
  if (preparing) return say.preparing;
  if (training) return say.training;
  if (paused && adapter) return say.paused;
  if (going) return say.going;
  return chatting ? say.chatting : "";
}

/** What a new job needs beside. `rows`: how many there are to answer, undefined where nobody has counted. */
export function formObstacle({ rows, maxNewTokens }: { rows: number | undefined; maxNewTokens: number }): string {
  const say = words().apply.obstacles;
  if (rows === 0) return say.noRows;
  const isLength = Number.isInteger(maxNewTokens) && maxNewTokens > 0;
  return isLength ? "" : say.noLength;
}

/** Why a job cannot go on; "" when it can. `modelId`: of the model that is loaded. */
export function resumeObstacle(job: Pick<JobSummary, "status" | "modelId" | "modelLabel">, modelId: string): string {
  const say = words().apply.obstacles;
  if (job.status === "elsewhere") return say.elsewhere;
  return job.modelId === modelId ? "" : say.otherModel(job.modelLabel);
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
  const say = words().apply.job;
  if (!job) return say.none;
  const { answered, unanswered, seconds } = going?.progress ?? job;
  const at = say.answered(answered, job.rows + job.skipped, unanswered);
  if (going) {
    if (going.ending) return say.stopping(at);
    const left = secondsLeft({ ...going, seconds, rows: job.rows });
    return left === undefined ? `${at}.` : say.left(at, duration(left));
  }
  return `${say.ends[job.status]}${at}.`;
}

/** Rows after which a time can be told: the first waits for kernels. */
const ROWS_FOR_A_TIME = 3;

function secondsLeft({ done, seconds, rows }: { done: number; seconds: number; rows: number }): number | undefined {
  return done < ROWS_FOR_A_TIME ? undefined : (seconds / done) * (rows - done);
}

/** Who answers: "the base model (tiny)", "the adapter of voices at step 100". */
export function speakerOf({ adapter, modelLabel }: Pick<JobSummary, "adapter" | "modelLabel">): string {
  const say = words().apply.job;
  return adapter ? say.adapter(adapter.label, adapter.step) : say.base(modelLabel);
}

/** "all rows of the sample data, by the base model (tiny)" */
export function titleOf(job: Pick<JobSummary, "which" | "datasetLabel" | "adapter" | "modelLabel">): string {
  const say = words().apply.job;
  return say.title(say.which[job.which], job.datasetLabel, speakerOf(job));
}

/** How it was asked. */
export const askedWords = ({ prompt, maxNewTokens }: Pick<JobSummary, "prompt" | "maxNewTokens">): string =>
  words().apply.job.asked(prompt ?? "", maxNewTokens);

/** What else is to be told of the answers, one sentence each. */
export function notesOn(job: Job, { cut, unanswered }: JobProgress, results: JobResults | undefined): string[] {
  const say = words().apply.results;
  const notes: string[] = [];
  if (cut > 0) notes.push(say.cut(cut, job.maxNewTokens));
  if (unanswered > 0) notes.push(say.unanswered(unanswered, job.skipped));
  if (!results) return notes;
  if (results.emptyRight > 0) notes.push(say.emptyRight(results.emptyRight));
  if (results.measure?.metric === "accuracy" && !results.measure.confusions) notes.push(say.manyClasses);
  if (!results.measure && job.answered > 0) notes.push(say.noRight);
  return notes;
}

/** "exact match" */
export const nameOf = (figure: string): string => figure.replaceAll("_", " ");

/** What can be chosen, with what was found among it. */
export function metricChoices(found: MetricName | undefined): [value: MetricName | "", text: string][] {
  const say = words().apply.results;
  const automatic = found ? say.found(nameOf(found)) : say.fits;
  return [["", automatic], ...METRIC_NAMES.map((name): [MetricName, string] => [name, nameOf(name)])];
}

export const FILTERS: ShownAnswers[] = ["all", "wrong", "cut", "unanswered"];

/** What files that are given once more mean for jobs that have not ended; "" where they mean nothing. */
export function filesWords(
  files: { id: string; label: string },
  jobs: readonly Pick<JobSummary, "which" | "datasetId" | "datasetLabel" | "status">[],
): string {
  const open = jobs.filter(({ which, status }) => which === "files" && (status === "open" || status === "stopped"));
  if (open.some(({ datasetId }) => datasetId === files.id)) return words().apply.files.ofJob;
  if (!open.some(({ datasetLabel }) => datasetLabel === files.label)) return "";
  return words().apply.files.changed(files.label);
}

/** "The second is better on 12 rows, equal on 100 and worse on 3." */
export const comparisonWords = ({ better, equal, worse }: Pick<JobComparison, "better" | "equal" | "worse">): string =>
  words().apply.beside.second(better, equal, worse);
