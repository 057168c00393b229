/** What a cell says in answer: a text, a number, several texts, or an object that is trained as its JSON. */

import { isEmbedded } from "./picture-source.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import { isRecord, own, textOf } from "./values.ts";

/** Where an object of a list keeps its text: VQA's answers, the sentences of Karpathy's splits. */
const TEXT_KEYS = ["answer", "caption", "text", "raw", "sentence", "value", "content"];

/** The text of an object that stands for one: its field of a known name. */
function textIn(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined;
  const found = TEXT_KEYS.map((key) => own(item, key)).find((value) => value !== undefined && value !== null);
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

/**
 * The texts of a cell, one or several. Lists are several texts only where they hold texts, or objects with one each; a list of
 * numbers is one answer. Throws a RowProblem "bad-row" for what cannot be written, `what` being "The answer" or the like.
 */
export function textsOf(value: unknown, what: string, tell: Tell): string[] {
  if (Array.isArray(value)) {
    const items: unknown[] = value.filter((item) => item !== null && item !== undefined);
    if (items.length === 1 && !isRecord(items[0]) && !Array.isArray(items[0])) return [textOf(items[0], what)];
    if (items.every((item) => typeof item === "string")) return items as string[];
    const texts = items.map(textIn);
    if (texts.every((text) => text !== undefined)) return texts as string[];
    return [written(items, what, tell)];
  }
  if (!isRecord(value)) return [textOf(value, what)];
  // SQuAD's answers, and an object around one text.
  const inside = own(value, "text");
  if (Array.isArray(inside)) return textsOf(inside, what, tell);
  if (typeof inside === "string" && Object.keys(value).length === 1) return [inside];
  return [written(value, what, tell)];
}

function written(value: unknown, what: string, tell: Tell): string {
  if (isEmbedded(value)) throw new RowProblem("bad-row", `${what} is a picture.`);
  const plain = (_: string, item: unknown) => {
    if (isEmbedded(item)) throw new RowProblem("bad-row", `${what} holds a picture.`);
    return typeof item === "bigint" ? Number(item) : item;
  };
  tell(`${what.toLowerCase()} is a list or an object and is trained as its JSON text`);
  return JSON.stringify(value, plain);
}

/** The most frequent of several answers, of equally frequent ones the first; told where others are left aside. */
export function mostFrequent(answers: readonly string[], column: string, tell: Tell): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const [answer] = [...counts].find(([, count]) => count === most) ?? [""];
  if (counts.size > 1) {
    const which = most > 1 ? "the most frequent one is" : "the first one is";
    tell(`"${column}" has several answers to a question; ${which} taken, the others are not used`);
  }
  return answer;
}
