/** What a run reports about itself, from the records of its steps: logged means, and a line of steps.jsonl. */
import type { StepRecord } from "./events.ts";

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
