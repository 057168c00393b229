/** Average normalised Levenshtein similarity, as the evaluation of ST-VQA and DocVQA counts it: characters that were read wrongly cost a little. */
import { bestOf, meanMetric } from "./metric.ts";
import { wordsIn } from "./text.ts";

/** A similarity below is another answer altogether; exactly half still counts. */
const THRESHOLD = 0.5;

/** Insertions, deletions and replacements of code points between two texts. */
export function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Code points in lower case, with single spaces. */
const charactersOf = (text: string): string[] => [...wordsIn(text.toLowerCase()).join(" ")];

function similarity(a: readonly string[], b: readonly string[]): number {
  const longer = Math.max(a.length, b.length);
  const value = longer === 0 ? 1 : 1 - editDistance(a, b) / longer;
  return value < THRESHOLD ? 0 : value;
}

export const anls = meanMetric({
  name: "anls",
  words:
    "ANLS: the share of characters that are as in the right answer, apart from case; below one half an answer counts nothing",
  score: (given, right) => {
    const characters = charactersOf(given);
    return bestOf(right, (one) => similarity(characters, charactersOf(one)));
  },
});
