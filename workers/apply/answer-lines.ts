/** Answers as lines of a file, the same from the page and from the command: JSON lines or CSV, a line a row. */
import Papa from "papaparse";
import type { AnsweredRow } from "../chat/answer-rows.ts";

const COLUMNS = ["row", "source", "pictures", "question", "answer", "right_answers", "stopped", "job"] as const;
export type AnswerLine = Record<(typeof COLUMNS)[number], unknown>;

export interface AnswerFormat {
  /** What a file begins with. */
  head: string;
  /** How the first line begins, whatever its row. */
  opening: string;
  /** With its line end. */
  write(row: AnsweredRow, job: string): string;
  /** Lines of a text of whole ones. Throws where it is something else. */
  read(text: string): AnswerLine[];
  /** Characters up to the end of the last whole line. */
  wholeLength(text: string): number;
}

const jsonl: AnswerFormat = {
  head: "",
  opening: '{"row":',
  write({ right, ...row }, job) {
    const { pictures, question, answer, stopped } = row;
    const known = right.length > 0 ? { right_answers: right } : {};
    return `${JSON.stringify({ row: row.row, source: row.source, pictures, question, answer, ...known, stopped, job })}\n`;
  },
  read: (text) =>
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => ({ right_answers: [], ...JSON.parse(line) })),
  wholeLength: (text) => text.lastIndexOf("\n") + 1,
};

/** A list in a cell: one text as it is, unless it could be taken for a list; others as JSON. */
const cellOf = (texts: readonly string[]): string =>
  texts.length === 0
    ? ""
    : texts.length === 1 && texts[0] !== "" && !listIn(texts[0]!)
      ? texts[0]!
      : JSON.stringify(texts);

function listIn(cell: string): string[] | undefined {
  if (!cell.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(cell);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined; // a text that begins with a bracket
  }
}

const csvLine = (cells: readonly unknown[]): string => `${Papa.unparse([[...cells]], { newline: "\n" })}\n`;

const csv: AnswerFormat = {
  head: csvLine(COLUMNS),
  opening: csvLine(COLUMNS),
  write: (row, job) =>
    csvLine([row.row, row.source, cellOf(row.pictures), row.question, row.answer, cellOf(row.right), row.stopped, job]),
  read(text) {
    if (!text.startsWith(csv.head)) throw new Error("another heading");
    const { data } = Papa.parse<string[]>(text.slice(csv.head.length), {
      delimiter: ",",
      newline: "\n",
      skipEmptyLines: true,
    });
    return data.map(([row, source, pictures, question, answer, right, stopped, job]) => ({
      row: Number(row),
      source,
      pictures: listOf(pictures ?? ""),
      question,
      answer,
      right_answers: listOf(right ?? ""),
      stopped,
      job,
    }));
  },
  wholeLength(text) {
    let quoted = false;
    let whole = 0;
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '"') quoted = !quoted;
      else if (text[i] === "\n" && !quoted) whole = i + 1;
    }
    return whole;
  },
};

const listOf = (cell: string): string[] => (cell === "" ? [] : (listIn(cell) ?? [cell]));

/** By the end of a file's name. */
export const answerFormats = { jsonl, csv } as const;
export type AnswerFormatName = keyof typeof answerFormats;
