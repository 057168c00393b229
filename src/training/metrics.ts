/** What the page works out from the records of a run's steps: the smoothed curve, the time left, the CSV file. */

import { median } from "../../workers/metrics/averages.ts";
import type { StepRecord } from "../../workers/training/events.ts";

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

/** Tokens of the last 10 steps by their seconds; undefined where these took no time. */
export function tokensPerSecond(records: readonly StepRecord[]): number | undefined {
  const last = records.slice(-10);
  const seconds = last.reduce((sum, record) => sum + record.seconds, 0);
  return seconds > 0 ? last.reduce((sum, record) => sum + record.tokens, 0) / seconds : undefined;
}

/** The records as CSV with a header line, full precision, CRLF line ends (RFC 4180). */
export function toCsv(records: readonly StepRecord[]): string {
  const lines = records.map((r) =>
    [r.step, r.loss, r.gradNorm, r.learningRate, r.targetTokens, r.tokens, r.seconds].join(","),
  );
  const header = "step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds";
  return [header, ...lines].map((line) => `${line}\r\n`).join("");
}
