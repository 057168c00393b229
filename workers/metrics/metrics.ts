/** All metrics by name, and what one says of rows that were answered. */
import { TabTuneError } from "../errors.ts";
import { anls } from "./anls.ts";
import { boxIou } from "./boxes.ts";
import { accuracy } from "./classes.ts";
import { jsonFields } from "./json-fields.ts";
import { type Answered, METRIC_NAMES, type Metric, type MetricName } from "./metric.ts";
import { rougeL } from "./rouge-l.ts";
import { tokenF1 } from "./token-f1.ts";
import { exactMatch, vqaAccuracy } from "./vqa.ts";

export const metrics: Readonly<Record<MetricName, Metric>> = {
  exact_match: exactMatch,
  vqa_accuracy: vqaAccuracy,
  token_f1: tokenF1,
  anls,
  rouge_l: rougeL,
  accuracy,
  json_fields: jsonFields,
  box_iou: boxIou,
};

/** The metric of a name that a person gave. Throws TabTuneError "bad-argument" with the names there are. */
export function metricNamed(name: string): Metric {
  const known = METRIC_NAMES.find((one) => one === name);
  if (known) return metrics[known];
  throw new TabTuneError("bad-argument", `There is no metric "${name}".`, `Use one of: ${METRIC_NAMES.join(", ")}.`);
}

export interface Judged {
  /** Figures by name, from 0 to 1, the metric's own first. */
  figures: Record<string, number>;
  /** A score for each row. */
  scores: number[];
  /** Places of the rows, the worst first; equal ones in their order. */
  worst: number[];
}

/**
 * What `metric` says of `rows`; undefined of no rows, of which there is nothing to say. `scoreOf`: for who keeps scores of rows that were
 * judged before.
 */
export function judge(
  metric: Metric,
  rows: readonly Answered[],
  scoreOf: (row: Answered, i: number) => number = ({ given, right }) => metric.score(given, right),
): Judged | undefined {
  if (rows.length === 0) return undefined;
  const scores = rows.map(scoreOf);
  const worst = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]! || a - b);
  return { figures: metric.aggregate(rows, scores), scores, worst };
}
