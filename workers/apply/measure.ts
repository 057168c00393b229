/** How right answers are: which rows can be measured, by which metric, and what it says. */
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { type Choice, chooseMetric } from "../metrics/choose.ts";
import type { Metric, MetricName } from "../metrics/metric.ts";
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

type Judgeable = Pick<AnsweredRow, "answer" | "right" | "stopped">;

/** Scores by the lists of right answers that rows have for their own: many rows are judged again with each that comes. */
const scores = new WeakMap<readonly string[], Map<string, number>>();

function scoreOf(metric: Metric, given: string, right: readonly string[]): number {
  const kept = scores.get(right) ?? new Map<string, number>();
  scores.set(right, kept);
  const key = `${metric.name satisfies MetricName} ${given}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const score = metric.score(given, right);
  kept.set(key, score);
  return score;
}

/**
 * @param metric as a person wants it; else the one that the right answers ask for
 * @param chosenBy so many of the first right answers say which
 */
export function measured<R extends Judgeable>(
  answered: readonly R[],
  metric: Metric | undefined,
  chosenBy = Number.POSITIVE_INFINITY,
): Measured<R> {
  const isEmpty = ({ right }: R): boolean => right.every((text) => text.trim() === "");
  const withRight = answered.filter(({ right }) => right.length > 0);
  const known = withRight.filter((row) => !isEmpty(row));
  const cut = answered.filter(({ stopped }) => stopped !== "eos").length;
  const asked: Choice | undefined = metric && { metric, reason: "It was asked for." };
  const choice =
    known.length === 0 ? undefined : (asked ?? chooseMetric(known.slice(0, chosenBy).map(({ right }) => right)));
  const judged =
    choice &&
    judge(
      choice.metric,
      known.map(({ answer, right }) => ({ given: answer, right })),
      ({ given, right }) => scoreOf(choice.metric, given, right),
    );
  return { known, empty: withRight.length - known.length, cut, choice, judged };
}
