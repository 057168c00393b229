/** What the page and the engine tell each other about rows that are answered: jobs, how they go on, what came of them. */
import type { AnswerFormatName } from "../apply/answer-lines.ts";
import type { JobProgress, JobSummary } from "../apply/job.ts";
import type { JobComparison, JobResults, ShownAnswers } from "../apply/results.ts";
import type { WhichRows } from "../apply/rows.ts";
import type { MetricName } from "../metrics/metric.ts";
import type { SupplyOf } from "./supply.ts";

export interface JobRequest {
  /** Rows of a prepared data set, or those that a run held out, which it names itself. */
  rows:
    | (Exclude<WhichRows, { kind: "held out of run" }> & { datasetId: string })
    | Extract<WhichRows, { runId: string }>;
  /** A run whose adapter answers; without it the base model does. */
  adapter?: string;
  /** Asked in place of each row's own question. */
  prompt?: string;
  maxNewTokens: number;
}

export type JobEvent =
  | { type: "progress"; progress: JobProgress; done: number }
  /** A sentence: the GPU was lost and opened again, answers could not be read and are asked for again. */
  | { type: "note"; words: string };

export interface ApplyApi {
  /** Keeps a job on the loaded model; nothing is answered yet. Throws "no-rows", "bad-dataset", "bad-argument". */
  newJob(request: JobRequest): Promise<JobSummary>;
  /**
   * Answers what has no answer yet, greedily, each row as it would be answered alone. Resolves when all rows have their answer, or it was
   * stopped: by `stopChat`, which is a pause, and by all that ends an answer of the chat. What is there is kept whatever happens.
   */
  goOnWithJob(jobId: string, onEvent: (e: JobEvent) => void, supply?: SupplyOf): Promise<JobSummary>;
  /** Ends a job with the answers that it has; it may go on later. */
  stopJob(jobId: string): Promise<JobSummary>;
  listJobs(): Promise<JobSummary[]>;
  /** With the rows of files that were given for it alone. Throws "run-locked" while another tab is at it. */
  deleteJob(jobId: string): Promise<void>;
  /** null: the metric that fits. */
  setMetric(jobId: string, metric: MetricName | null): Promise<void>;
  readAnswers(jobId: string, page: { show: ShownAnswers; from: number; count: number }): Promise<JobResults>;
  /** Two jobs over the same rows, by the first one's metric; null where nothing can be measured. */
  compareJobs(one: string, other: string): Promise<JobComparison | null>;
  /** The answers as the command `predict` writes them. */
  downloadAnswers(jobId: string, format: AnswerFormatName): Promise<Blob>;
}
