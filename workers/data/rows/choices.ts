/** Multiple choice: the options join the question, and an index becomes the option that it means. */
import { quoted } from "./column-words.ts";
import type { Field, Fields } from "./fields.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";
import { unpackJson } from "./turns.ts";
import { isPresent, isRecord, own, textOf } from "./values.ts";

interface Options {
  /** The column, for messages. */
  column: string;
  /** What each option is called in the data: letters, or the data's own labels. */
  labels: string[];
  texts: string[];
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The options of a record; undefined where it has none. Throws RowProblems "bad-row". */
function optionsOf(fields: Fields): Options | undefined {
  const listed = fields.first("choices");
  const single = listed === undefined ? fields.options() : [];
  if (listed === undefined) {
    if (single.length === 0) return undefined;
    const texts = single.map(({ name, value }) => textOf(value, `The option in "${name}"`));
    return { column: single.map(({ name }) => name).join(", "), labels: letters(texts.length), texts };
  }
  const column = listed.name.slice(0, 60);
  let value = unpackJson(listed.value);
  if (value === "") return undefined;
  let labels: string[] | undefined;
  if (isRecord(value)) {
    // ARC: {label: [...], text: [...]}; or {A: "rock", B: "juice"}.
    const texts = own(value, "text") ?? own(value, "texts");
    const marks = own(value, "label") ?? own(value, "labels");
    const struct = Array.isArray(texts) && Array.isArray(marks) && texts.length === marks.length;
    const filled = Object.entries(value).filter(([, text]) => isPresent(text));
    labels = struct ? marks.map(String) : filled.map(([label]) => label);
    value = struct ? texts : filled.map(([, text]) => text);
  }
  if (!Array.isArray(value)) {
    throw new RowProblem(
      "bad-row",
      `The options in "${column}" are not a list; write them as one, like ["a cat", "a dog"].`,
    );
  }
  if (value.length === 0) return undefined;
  const texts = value.map((text: unknown) => textOf(text, `An option in "${column}"`));
  if (texts.length > LETTERS.length)
    throw new RowProblem(
      "bad-row",
      `The column "${column}" has ${texts.length} options; at most ${LETTERS.length} are read.`,
    );
  return { column, labels: labels ?? letters(texts.length), texts };
}

const letters = (count: number): string[] => [...LETTERS.slice(0, count)];

/** "(b)", "B." and "B" as "B". */
const letterOf = (answer: string): string =>
  /^\(?([a-z])[).:]?$/i.exec(answer.trim())?.[1]?.toUpperCase() ?? answer.trim();

const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Which option an answer means, by its text, its label or its index from 0. Throws a RowProblem "bad-row" where that is not sure. */
function optionMeant(
  answer: string,
  isNumber: boolean,
  { column, labels, texts }: Options,
): { at: number; by: "text" | "label" | "index" } {
  const byText = texts.findIndex((text) => same(text, answer));
  const byLabel = labels.findIndex((label) => same(label, letterOf(answer)) || same(label, answer));
  const index = /^\s*\d{1,2}(\.0)?\s*$/.test(answer) ? Number(answer) : -1;
  const numbered = labels.some((label) => /^\d+$/.test(label));
  const byIndex = index >= 0 && index < texts.length && !numbered ? index : -1;
  const meant = new Set([byText, byLabel, byIndex].filter((at) => at >= 0));
  const shown = JSON.stringify(answer.slice(0, 60));
  if (meant.size > 1) {
    throw new RowProblem(
      "bad-row",
      `The answer ${shown} may be an option of "${column}" or the number of another one; write the option's text.`,
    );
  }
  const [at] = meant;
  if (at === undefined) {
    const counts = index >= 0 || isNumber ? ` (as an index it must be 0 to ${texts.length - 1})` : "";
    throw new RowProblem(
      "bad-row",
      `The answer ${shown} is none of the ${texts.length} options in "${column}"${counts}; write the option's text.`,
    );
  }
  return { at, by: at === byText ? "text" : at === byLabel ? "label" : "index" };
}

/** True where a question already shows its options behind letters. */
function isShown(question: string, texts: readonly string[]): boolean {
  return texts.every((text, i) => {
    const at = question.indexOf(text);
    const before = question.slice(0, Math.max(0, at)).trimEnd();
    return at >= 0 && new RegExp(`(^|[^A-Za-z])\\(?(${LETTERS[i]}|${i + 1})[).:]?$`, "i").test(before);
  });
}

/**
 * Question and answer of a multiple choice: the question with its options under letters, where it does not show them itself; the answer
 * as it is written where that is a letter or an option's text, and "B. juice" in place of an index. Undefined where there are no options.
 * Throws RowProblems "bad-row" and, unless it is a question `toAnswer`, "missing-text".
 */
export function multipleChoice(
  fields: Fields,
  question: string,
  answer: Field | undefined,
  tell: Tell,
  toAnswer = false,
): { question: string; answer: string } | undefined {
  const options = optionsOf(fields);
  if (options === undefined) return undefined;
  const right = fields.first("choice");
  // A-OKVQA has the right option beside the free answers of ten people.
  const several = Array.isArray(answer?.value) && answer.value.length !== 1;
  const given = several ? (right ?? answer) : (answer ?? right);
  const asked = (): { question: string; shown: boolean } => {
    const shown = isShown(question, options.texts);
    const lines = options.texts.map((line, i) => `\n${LETTERS[i]}. ${line}`).join("");
    return { question: shown ? question : `${question}${lines}`, shown };
  };
  const placed = (shown: boolean): string =>
    `the options in "${options.column}" ${shown ? "stand in the question already" : "are written under the question"}`;
  if (given === undefined && toAnswer) {
    const { question: written, shown } = asked();
    tell(placed(shown));
    return { question: written, answer: "" };
  }
  if (given === undefined)
    throw new RowProblem("missing-text", `The row has a question with options in "${options.column}" and no answer.`);
  const list: unknown = unpackJson(given.value);
  if (Array.isArray(list) && list.length !== 1) {
    throw new RowProblem(
      "bad-row",
      `The answer in ${quoted(given.name)} has ${list.length} parts where one of the options in "${options.column}" is asked for.`,
    );
  }
  const value: unknown = Array.isArray(list) ? list[0] : given.value;
  const text = textOf(value, "The answer");
  const { at, by } = optionMeant(text, typeof value !== "string", options);
  const option = `${LETTERS[at]}. ${options.texts[at]}`;
  const counted =
    by === "index"
      ? `; ${quoted(given.name)} is an index counted from 0 and becomes the letter and the text of its option`
      : "";
  const { question: written, shown } = asked();
  tell(`${placed(shown)}${counted}`);
  const named = by === "label" && !same(options.labels[at]!, LETTERS[at]!);
  return { question: written, answer: by === "index" || named ? option : text };
}
