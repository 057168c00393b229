/** How right answers are: which rows can be measured, by which metric, and what it says. */
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { type Choice, chooseMetric } from "../metrics/choose.ts";
import type { Metric } from "../metrics/metric.ts";
import { type Judged, judge } from "../metrics/metrics.ts";

export interface Measured<R> {
  /** Rows with a right answer, in their order; `judged` speaks of them. */
  known: R[];
  /** Rows all of whose right answers are empty: nothing is measured by them. */
  empty: number;
  /** Answers that were cut off. */
  cut: number;
  /** Undefined where no row has a right answer. */
  choice: Choice | undefined;
  judged: Judged | undefined;
}

/** @param metric as a person wants it; else the one that the right answers ask for */
export function measured<R extends Pick<AnsweredRow, "answer" | "right" | "stopped">>(
  answered: readonly R[],
  metric: Metric | undefined,
): Measured<R> {
  const isEmpty = ({ right }: R): boolean => right.every((text) => text.trim() === "");
  const withRight = answered.filter(({ right }) => right.length > 0);
  const known = withRight.filter((row) => !isEmpty(row));
  const cut = answered.filter(({ stopped }) => stopped !== "eos").length;
  const found = chooseMetric(known.map(({ right }) => right));
  const choice = found && metric ? { metric, reason: "It was asked for." } : found;
  const judged =
    choice &&
    judge(
      choice.metric,
      known.map(({ answer, right }) => ({ given: answer, right })),
    );
  return { known, empty: withRight.length - known.length, cut, choice, judged };
}
