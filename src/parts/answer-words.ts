/** What the gallery of answers says, in words. */
import type { GivenAnswer, RunAnswers, StepAnswers } from "../../workers/training/saved/answers.ts";
import { counted } from "../../workers/words.ts";
import { percent } from "./format.ts";

/** How an answer is marked: its sign and its words. Never by colour alone. */
export interface Mark {
  kind: "right" | "partly" | "wrong" | "none";
  sign: string;
  words: string;
}

export function markOf({ score, stopped }: GivenAnswer): Mark {
  if (stopped === null) return { kind: "none", sign: "–", words: "the row could not be read" };
  if (score === null) return { kind: "none", sign: "–", words: "not judged" };
  if (score >= 1) return { kind: "right", sign: "✓", words: "right" };
  if (score <= 0) return { kind: "wrong", sign: "✗", words: "wrong" };
  return { kind: "partly", sign: "◐", words: `${percent(score, 0)} right` };
}

export const whenOf = (step: number): string => (step === 0 ? "before the first step" : `after step ${step}`);

/** Right answers as they are shown: each once, the most frequent first, with how many people gave it. */
export function rightWords(right: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const one of right) counts.set(one, (counts.get(one) ?? 0) + 1);
  const order = [...counts].sort(([, a], [, b]) => b - a);
  return order.map(([one, n]) => (n > 1 ? `${one} ×${n}` : one)).join(" / ");
}

/** "0 of 6 right before the first step, 5 of 6 after step 100"; where answers may be partly right, their mean. */
export function courseOf({ steps }: Pick<RunAnswers, "steps">): string {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last || !tallyOf(first)) return "";
  const begun = `${tallyOf(first)} ${whenOf(first.step)}`;
  return first === last ? `${begun}.` : `${begun}, ${tallyOf(last)} ${whenOf(last.step)}.`;
}

/** Of the answers that are judged; "" where none is. */
function tallyOf({ answers }: StepAnswers): string {
  const scores = answers.flatMap(({ score }) => (score === null ? [] : [score]));
  if (scores.length === 0) return "";
  const right = scores.filter((score) => score >= 1).length;
  const partly = scores.filter((score) => score > 0 && score < 1).length;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return `${right} of ${scores.length} right${partly > 0 ? ` (${percent(mean, 0)} with ${partly} partly right)` : ""}`;
}

/** What judges the answers. */
export const judgeWords = ({ metric, rows }: Pick<RunAnswers, "metric" | "rows">): string =>
  metric
    ? `${counted(rows.length, "held-out row")}, judged by ${metric.name}: ${metric.words}.`
    : `${counted(rows.length, "held-out row")}; no row has a right answer to judge by.`;

/** Numbers of the rows as they are shown: in their order, or the worst of these answers first. */
export function orderOf(answers: readonly GivenAnswer[], worstFirst: boolean): number[] {
  const order = answers.map((_, n) => n);
  const scoreOf = (n: number): number => answers[n]!.score ?? 2;
  return worstFirst ? order.sort((a, b) => scoreOf(a) - scoreOf(b) || a - b) : order;
}
