/** Words that a given and a right answer share, as the evaluation of SQuAD 2.0 counts them. */
import { f1Of } from "./averages.ts";
import { bestOf, meanMetric } from "./metric.ts";
import { countsOf, WORD, wordsIn } from "./text.ts";

const ARTICLES = new RegExp(`(?<![${WORD}])(?:a|an|the)(?![${WORD}])`, "gu");
/** Python's string.punctuation. */
const MARKS = /[!-/:-@[-`{-~]/g;

/** Lower case, without ASCII punctuation and articles. */
const tokensOf = (text: string): string[] => wordsIn(text.toLowerCase().replace(MARKS, "").replace(ARTICLES, " "));

/** Harmonic mean of precision and recall over the words; two answers without a word are equal. */
function f1(given: readonly string[], right: readonly string[]): number {
  if (given.length === 0 || right.length === 0) return given.length === right.length ? 1 : 0;
  const wanted = countsOf(right);
  let same = 0;
  for (const [word, count] of countsOf(given)) same += Math.min(count, wanted.get(word) ?? 0);
  return f1Of(same, given.length, right.length);
}

export const tokenF1 = meanMetric({
  name: "token_f1",
  words: "how many words the given and the right answer share (SQuAD's F1), apart from case, punctuation and articles",
  score: (given, right) => {
    const tokens = tokensOf(given);
    return bestOf(right, (one) => f1(tokens, tokensOf(one)));
  },
});
