/** ROUGE-L's F-measure, as rouge-score gives it without a stemmer, which is the default there and in `evaluate`. */
import { f1Of } from "./averages.ts";
import { bestOf, meanMetric } from "./metric.ts";

/** Runs of Latin letters and digits: the tokenizer knows no other script. */
export const rougeTokens = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** Words of the longest common subsequence. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (let j = 1; j <= b.length; j++)
      next.push(word === b[j - 1] ? row[j - 1]! + 1 : Math.max(row[j]!, next[j - 1]!));
    row = next;
  }
  return row[b.length]!;
}

const fMeasure = (given: readonly string[], right: readonly string[]): number =>
  f1Of(commonLength(given, right), given.length, right.length);

export const rougeL = meanMetric({
  name: "rouge_l",
  words:
    "ROUGE-L (F-measure, without a stemmer): how many words stand in the same order as in the right answer; Latin letters and digits only",
  score: (given, right) => {
    const tokens = rougeTokens(given);
    return bestOf(right, (one) => fMeasure(tokens, rougeTokens(one)));
  },
});
