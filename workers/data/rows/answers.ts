/** What a cell says in answer: a text, a number, several texts, or an object that is trained as its JSON. */

import { quoted } from "./column-words.ts";
import { isNumeral } from "./loose-json.ts";
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

/** What several people said, of a list of texts or of objects with one each; none where it is another list, or no list. */
export function votesIn(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.map((item) => (typeof item === "string" ? item : textIn(item)));
  const said = texts.filter((text) => text !== undefined && text.trim() !== "");
  return said.length > 1 && texts.every((text) => text !== undefined) ? (said as string[]) : [];
}

/**
 * The texts of a cell, one or several. Lists are several texts only where they hold texts, or objects with one each; a list of
 * numbers is one answer. Throws a RowProblem "bad-row" for what cannot be written, `what` being "The answer" or the like.
 */
export function textsOf(value: unknown, what: string, tell: Tell): string[] {
  if (Array.isArray(value)) {
    const items: unknown[] = value.filter((item) => item !== null && item !== undefined);
    if (items.length === 1 && !isRecord(items[0]) && !Array.isArray(items[0])) return [textOf(items[0], what)];
    const hasNumeral = value.some((_, i) => isNumeral(value, String(i)));
    if (!hasNumeral && items.every((item) => typeof item === "string")) return items as string[];
    const texts = items.map(textIn);
    if (texts.every((text) => text !== undefined)) return texts as string[];
    return [written(value, what, tell)];
  }
  if (!isRecord(value)) return [textOf(value, what)];
  // SQuAD's answers, and an object around one text.
  const inside = own(value, "text");
  if (Array.isArray(inside)) return textsOf(inside, what, tell);
  if (typeof inside === "string" && Object.keys(value).length === 1) return [inside];
  return [written(value, what, tell)];
}

/** Stands in front of a number's text while an answer becomes JSON: no text that anybody writes begins so. */
const NUMERAL = "\u0000";

/** A value as JSON text, its numbers spelt as they came, whole ones of 64 bits too. */
function written(value: unknown, what: string, tell: Tell): string {
  if (isEmbedded(value)) throw new RowProblem("bad-row", `${what} is a picture.`);
  function plain(this: object, key: string, item: unknown): unknown {
    if (isEmbedded(item)) throw new RowProblem("bad-row", `${what} holds a picture.`);
    return typeof item === "bigint" || isNumeral(this, key) ? `${NUMERAL}${item}` : item;
  }
  tell(`${what.toLowerCase()} is a list or an object and is trained as its JSON text`);
  return JSON.stringify(value, plain).replace(/"\\u0000(-?\d[-+.\deE]*)"/g, "$1");
}

/** What becomes of several answers to one question, or several captions of one picture. */
export const SEVERAL_ANSWERS = ["each", "most-frequent", "first"] as const;
export type SeveralAnswers = (typeof SEVERAL_ANSWERS)[number];

/** Each of them becomes a row, so a record must not hold any number. */
const MOST_ROWS = 100;

/**
 * Those of several answers ("captions" as well) that are trained on: each, the most frequent (of equally frequent ones the first) or the
 * first. Told where it is not plain. Throws a RowProblem "bad-row" for more than 100 rows of one record.
 */
export function chosenOf(
  answers: readonly string[],
  which: SeveralAnswers,
  what: "answers" | "captions",
  column: string,
  tell: Tell,
): string[] {
  if (which === "each") {
    if (answers.length > 1) tell(`each of the several ${what} in ${quoted(column)} is a row of its own`);
    if (answers.length > MOST_ROWS)
      throw new RowProblem("bad-row", `The row has ${answers.length} ${what}; at most ${MOST_ROWS} are read.`);
    return [...answers];
  }
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const most = which === "first" ? 1 : Math.max(...counts.values());
  const taken = which === "first" ? answers[0]! : [...counts].find(([, count]) => count === most)![0];
  if (counts.size > 1) {
    const of = what === "answers" ? "answers to a question" : "captions of a picture";
    tell(
      `${quoted(column)} has several ${of}; the ${most > 1 ? "most frequent" : "first"} one is trained on, and each counts as right where held-out rows are answered`,
    );
  }
  return [taken];
}
