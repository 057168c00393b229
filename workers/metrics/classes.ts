/** Answers that are classes: accuracy, macro-F1 and which class was taken for which, as scikit-learn counts. */
import { meanOf } from "./averages.ts";
import type { Answered, Metric } from "./metric.ts";
import { countsOf } from "./text.ts";
import { answerKey } from "./vqa.ts";

/** Which class was taken for which. */
export interface Confusions {
  /** Classes of the right answers, the most frequent first, as `answerKey` writes them. */
  classes: string[];
  /** [right class][given class]; one more column for answers that are no class. */
  counts: number[][];
}

/** The class of a row is the first of its right answers. */
const classOf = ({ right }: Answered): string => answerKey(right[0]!);

/** The table of confusions; an answer that no row has as its right one counts in the last column. */
export function confusionsOf(rows: readonly Answered[]): Confusions {
  const frequency = countsOf(rows.map(classOf));
  const classes = [...frequency.keys()].sort((a, b) => frequency.get(b)! - frequency.get(a)!);
  const place = new Map(classes.map((name, i) => [name, i]));
  const counts = classes.map(() => new Array<number>(classes.length + 1).fill(0));
  for (const row of rows) {
    const given = place.get(answerKey(row.given)) ?? classes.length;
    counts[place.get(classOf(row))!]![given]! += 1;
  }
  return { classes, counts };
}

/** Mean of the classes' F1, each of the same weight; a class that nobody answered has 0. */
function macroF1({ classes, counts }: Confusions): number {
  const given = classes.map((_, j) => counts.reduce((sum, row) => sum + row[j]!, 0));
  const right = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  return meanOf(classes.map((_, i) => (2 * counts[i]![i]!) / (given[i]! + right[i]!)));
}

export const accuracy: Metric = {
  name: "accuracy",
  words:
    "the share of rows whose class was answered, apart from case, punctuation and articles; macro_f1 gives each class of the right answers the same weight",
  score: (given, right) => (answerKey(given) === answerKey(right[0]!) ? 1 : 0),
  figures: ["accuracy", "macro_f1"],
  aggregate: (rows, scores) => ({ accuracy: meanOf(scores), macro_f1: macroF1(confusionsOf(rows)) }),
};
