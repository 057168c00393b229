/** By which metric a run's answers are judged: the recipe's, the one that decides which evaluation is best, or the one that fits. */
import type { Dataset } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import { chooseMetric } from "../metrics/choose.ts";
import type { Metric } from "../metrics/metric.ts";
import { metrics } from "../metrics/metrics.ts";
import type { Recipe } from "../recipe.ts";
import { counted } from "../words.ts";
import { metricName } from "./best.ts";
import { conversationQuestion } from "./held-question.ts";

export interface Judging {
  metric: Metric;
  /** A sentence: why this one. */
  reason: string;
}

type MetricKeys = "evalMetric" | "metricForBestModel" | "greaterIsBetter" | "earlyStoppingPatience";

/** Right answers of all held-out rows; none of data of an older version, which has no conversations: its rows are shown, and not judged. */
export async function rightAnswers(rows: Pick<Dataset, "rows" | "textsOf">): Promise<(readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (let i = 0; i < rows.rows; i++) {
    const texts = await rows.textsOf(i);
    if (texts) all.push(conversationQuestion(texts).right);
  }
  return all;
}

/**
 * A metric that does not call the right answer right, or calls no answer as right, says nothing of such a row. Where several people
 * disagree, none of their answers may be quite right.
 */
export function fits(metric: Metric, right: readonly string[]): boolean {
  const best = Math.max(0, ...[...new Set(right)].map((one) => metric.score(one, right)));
  return (best > 0.999 || (right.length > 1 && best > 0)) && metric.score("", right) < best;
}

/**
 * Undefined where no row has a right answer. Throws TabTuneError "bad-recipe" where the recipe names a metric that can judge none of them.
 */
export function judgingOf(
  recipe: Pick<Recipe, MetricKeys>,
  answers: readonly (readonly string[])[],
): Judging | undefined {
  const known = answers.filter((right) => right.length > 0);
  const { evalMetric } = recipe;
  const best = Object.values(metrics).find(({ figures }) => figures.includes(metricName(recipe)));
  const asked = evalMetric
    ? { metric: metrics[evalMetric], reason: "The recipe's eval_metric says so.", key: "eval_metric" }
    : best && { metric: best, reason: "The recipe's metric_for_best_model goes by it.", key: "metric_for_best_model" };
  if (!asked) {
    const found = chooseMetric(known);
    return found && known.some((right) => fits(found.metric, right)) ? found : undefined;
  }
  if (known.some((right) => fits(asked.metric, right))) return asked;
  const none =
    known.length === 0
      ? "has a right answer"
      : `of the ${counted(known.length, "held-out row")} has a right answer that it can judge`;
  throw new TabTuneError(
    "bad-recipe",
    `The recipe's ${asked.key} asks for ${asked.metric.name}, and none ${none}.`,
    `Name another metric, or leave ${asked.key} out${asked.key === "eval_metric" ? " for the one that fits" : ""}.`,
  );
}

/** What to tell of it. */
export function judgingWords(judging: Judging | undefined): string {
  if (!judging) return "No held-out row has a right answer in words, so its answers are shown and not judged.";
  const { metric, reason } = judging;
  return `Answers of held-out rows are judged by ${metric.name}: ${metric.words}. ${reason}`;
}
