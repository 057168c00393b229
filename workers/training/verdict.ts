/** What is wrong with a run that has ended, as far as its own figures show. */

import { median } from "../metrics/averages.ts";
import type { StepRecord } from "./events.ts";

/** First and last loss, each the median of a tenth of the run: single steps jump. There must be a record. */
export function lossEnds(records: readonly StepRecord[]): { first: number; last: number } {
  const tenth = Math.max(1, Math.round(records.length / 10));
  const losses = records.map(({ loss }) => loss);
  return { first: median(losses.slice(0, tenth)), last: median(losses.slice(-tenth)) };
}

/** One sentence with its figures and what may help; "" for a run that shows nothing wrong, or has a single step. */
export function verdictOn(records: readonly StepRecord[]): string {
  if (records.length < 2) return "";
  const idle = records.filter(({ gradNorm }) => gradNorm === 0).length;
  if (idle > 0) {
    return `In ${idle} of ${records.length} steps the gradient was 0: nothing was learnt in them. A lower learning rate, or other rows, may help.`;
  }
  const { first, last } = lossEnds(records);
  if (last <= first) return "";
  const [began, ended] = [first, last].map((loss) => loss.toPrecision(4));
  return `The loss ended above where it began (${began}, then ${ended}): the adapter is probably worse than none. A lower learning rate may help.`;
}
