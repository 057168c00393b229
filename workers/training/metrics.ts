/** What a run reports about itself, from the records of its steps: smoothing, logged means, time left, files. */
import type { StepRecord } from "./events.ts";

/**
 * Debiased exponential moving average, TensorBoard's rule: weight 0 is the raw curve, 0.99 very smooth. A value that is not
 * finite has no part in the average and stays itself, so that it shows.
 */
export function emaSmooth(values: readonly number[], weight: number): number[] {
  let average = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = average * weight + (1 - weight) * value;
    seen += 1;
    return average / (1 - weight ** seen);
  });
}

export interface LoggedMean {
  /** The window's last step. */
  step: number;
  /** Mean of the step losses since the last log: what the Trainer logs (there rounded to 4 decimals). */
  loss: number;
}

/** Mean loss of every complete window of `loggingSteps` steps; windows end at multiples of it, as in the Trainer. */
export function windowMeans(records: readonly StepRecord[], loggingSteps: number): LoggedMean[] {
  const means: LoggedMean[] = [];
  let sum = 0;
  let count = 0;
  for (const { step, loss } of records) {
    sum += loss;
    count += 1;
    if (step % loggingSteps === 0) {
      means.push({ step, loss: sum / count });
      sum = 0;
      count = 0;
    }
  }
  return means;
}

/** Mean loss of all steps: the Trainer's `train_loss`. NaN when there are none. */
export function meanLoss(records: readonly StepRecord[]): number {
  return records.reduce((sum, record) => sum + record.loss, 0) / records.length;
}

/** Of at least one value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Seconds until step `maxSteps`: median of the last 20 step times, so that one slow step does not count, times steps left.
 * Undefined for the first 3 steps, which compile shaders and tell nothing.
 */
export function secondsLeft(records: readonly StepRecord[], maxSteps: number): number | undefined {
  if (records.length <= 3) return undefined;
  const times = records
    .slice(3)
    .slice(-20)
    .map((record) => record.seconds);
  return median(times) * Math.max(0, maxSteps - records.at(-1)!.step);
}

/** One line of `steps.jsonl` without its line end: Hugging Face names, full precision. */
export function toStepLine(record: StepRecord): string {
  return JSON.stringify({
    step: record.step,
    loss: record.loss,
    grad_norm: record.gradNorm,
    learning_rate: record.learningRate,
    target_tokens: record.targetTokens,
  });
}

/** The records as CSV with a header line, full precision, CRLF line ends (RFC 4180). */
export function toCsv(records: readonly StepRecord[]): string {
  const lines = records.map((r) =>
    [r.step, r.loss, r.gradNorm, r.learningRate, r.targetTokens, r.tokens, r.seconds].join(","),
  );
  const header = "step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds";
  return [header, ...lines].map((line) => `${line}\r\n`).join("");
}
