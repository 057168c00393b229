/** What the gallery of answers says, in words. */
import type { GivenAnswer, RunAnswers, StepAnswers } from "../../workers/training/saved/answers.ts";
import { words } from "../words/index.ts";
import { percent } from "./format.ts";

/** How an answer is marked: its sign and its words. Never by colour alone. */
export interface Mark {
  kind: "right" | "partly" | "wrong" | "none";
  sign: string;
  words: string;
}

export function markOf({ score, stopped }: GivenAnswer): Mark {
  const say = words().parts.gallery.marks;
  if (stopped === null) return { kind: "none", sign: "–", words: say.unread };
  if (score === null) return { kind: "none", sign: "–", words: say.notJudged };
  if (score >= 1) return { kind: "right", sign: "✓", words: say.right };
  if (score <= 0) return { kind: "wrong", sign: "✗", words: say.wrong };
  return { kind: "partly", sign: "◐", words: say.partly(percent(score, 0)) };
}

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
  const { when } = words().parts.gallery;
  const begun = `${tallyOf(first)} ${when(first.step)}`;
  return first === last ? `${begun}.` : `${begun}, ${tallyOf(last)} ${when(last.step)}.`;
}

/** Of the answers that are judged; "" where none is. */
function tallyOf({ answers }: StepAnswers): string {
  const scores = answers.flatMap(({ score }) => (score === null ? [] : [score]));
  if (scores.length === 0) return "";
  const right = scores.filter((score) => score >= 1).length;
  const partly = scores.filter((score) => score > 0 && score < 1).length;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const { tally, tallyPartly } = words().parts.gallery;
  return partly > 0 ? tallyPartly(right, scores.length, percent(mean, 0), partly) : tally(right, scores.length);
}

/** What judges the answers; what a metric is the workers say, in English. */
export const judgeWords = ({ metric, rows }: Pick<RunAnswers, "metric" | "rows">): string => {
  const { judged, noJudge } = words().parts.gallery;
  return metric ? judged(rows.length, metric.name, metric.words) : noJudge(rows.length);
};

/** Numbers of the rows as they are shown: in their order, or the worst of these answers first. */
export function orderOf(answers: readonly GivenAnswer[], worstFirst: boolean): number[] {
  const order = answers.map((_, n) => n);
  const scoreOf = (n: number): number => answers[n]!.score ?? 2;
  return worstFirst ? order.sort((a, b) => scoreOf(a) - scoreOf(b) || a - b) : order;
}
