/** What a metric is: a number in the task's own terms, of answers that were given beside right ones. */
import { meanOf } from "./averages.ts";

/** Names as people of the field know them; `--metric` and evaluations take them. */
export const METRIC_NAMES = [
  "exact_match",
  "vqa_accuracy",
  "token_f1",
  "anls",
  "rouge_l",
  "accuracy",
  "json_fields",
  "box_iou",
] as const;

export type MetricName = (typeof METRIC_NAMES)[number];

/** A row that was answered, and what would have been right: one answer or several, any of which is. */
export interface Answered {
  given: string;
  /** At least one. */
  right: readonly string[];
}

export interface Metric {
  name: MetricName;
  /** A sentence for people: what it counts. */
  words: string;
  /** Names of what `aggregate` gives, in its order. */
  figures: readonly string[];
  /** 0 to 1 for one row; 1 is right. `right` has at least one answer. */
  score(given: string, right: readonly string[]): number;
  /** Figures of all rows, at least one, from 0 to 1; the metric's own comes first, under its name. `scores` are those of the rows. */
  aggregate(rows: readonly Answered[], scores: readonly number[]): Record<string, number>;
}

/** The best score over several right answers. */
export const bestOf = (right: readonly string[], score: (right: string) => number): number =>
  right.reduce((best, one) => Math.max(best, score(one)), 0);

/** A metric whose figure is the mean of its rows. */
export const meanMetric = (metric: Pick<Metric, "name" | "words" | "score">): Metric => ({
  ...metric,
  figures: [metric.name],
  aggregate: (_, scores) => ({ [metric.name]: meanOf(scores) }),
});
