/**
 * The file of `predict`: a line a row, appended as answers come, in JSON lines or CSV. What was begun goes on: each line carries the mark
 * of its job, so a file that another model, adapter or setting wrote is told apart, whatever happened to the file since.
 */
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import Papa from "papaparse";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { TabTuneError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { makeDirectory } from "../storage/fs-directory.ts";
import { orStorageFull } from "../storage/store.ts";

const COLUMNS = ["row", "source", "pictures", "question", "answer", "right_answers", "stopped", "job"] as const;
type Line = Record<(typeof COLUMNS)[number], unknown>;

interface Format {
  /** What a file begins with. */
  head: string;
  /** How the first line begins, whatever its row. */
  opening: string;
  /** With its line end. */
  write(row: AnsweredRow, job: string): string;
  /** Lines of a text of whole ones. Throws where it is something else. */
  read(text: string): Line[];
  /** Characters up to the end of the last whole line. */
  wholeLength(text: string): number;
}

const jsonLines: Format = {
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

const csv: Format = {
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

/** By the name's end. Throws TabTuneError "bad-argument" for another than .jsonl and .csv. */
function formatOf(file: string): Format {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".jsonl") return jsonLines;
  if (extension === ".csv") return csv;
  throw new TabTuneError("bad-argument", `--out is "${file}".`, "Give the name of a .jsonl or a .csv file.");
}

export interface AnswersFile {
  /** What an earlier call answered. */
  done: readonly AnsweredRow[];
  /** Appends a whole line, or leaves the file as it was. */
  add(row: AnsweredRow): Promise<void>;
}

/** Refuses a name that says no format, before anything large is opened. */
export const checkAnswersFile = (file: string): void => void formatOf(file);

/**
 * The file of `--out`, with what an earlier call of the same job left in it; a last line that was cut off is taken away. Nothing is written
 * before the first row. Throws TabTuneError "bad-argument" where it is another file or another job's.
 */
export async function openAnswersFile(file: string, job: string): Promise<AnswersFile> {
  const format = formatOf(file);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new TabTuneError("bad-argument", `${file} cannot be read.`, "Give another --out.", "", { cause: error });
  });
  const whole = text.slice(0, format.wholeLength(text));
  const done = linesIn(whole, file, format, job);
  let length = Buffer.byteLength(whole);
  // Only a first line that was begun here is taken away: what else the file may be is somebody's.
  if (whole === "" && !format.opening.startsWith(text.slice(0, format.opening.length)))
    throw notOurs(file, "is no file of answers");
  if (whole.length < text.length) await truncate(file, length);
  return {
    done,
    async add(row) {
      const line = `${length === 0 ? format.head : ""}${format.write(row, job)}`;
      try {
        await orStorageFull(file, async () => {
          if (length === 0) {
            await makeDirectory(path.dirname(path.resolve(file)));
            await writeFile(file, line);
          } else await appendFile(file, line);
        });
      } catch (error) {
        await truncate(file, length).catch(() => undefined); // a line that is cut off is taken away when the job goes on
        throw error;
      }
      length += Buffer.byteLength(line);
    },
  };
}

function linesIn(text: string, file: string, format: Format, job: string): AnsweredRow[] {
  let lines: Line[];
  try {
    lines = format.read(text === "" ? format.head : text);
  } catch (cause) {
    throw notOurs(file, "is no file of answers", cause);
  }
  return lines.map((line) => {
    const { row, source, pictures, question, answer, right_answers: right, stopped } = line;
    const texts = [source, question, answer, stopped].every((value) => typeof value === "string");
    const lists = [pictures, right].every(
      (list) => Array.isArray(list) && list.every((one) => typeof one === "string"),
    );
    if (!isJsonObject(line) || !texts || !lists || !Number.isInteger(row)) throw notOurs(file, "is no file of answers");
    if (line.job !== job) throw notOurs(file, "was written with another model, adapter, recipe or --max-new-tokens");
    return { row, source, pictures, question, answer, right, stopped } as AnsweredRow;
  });
}

const notOurs = (file: string, why: string, cause?: unknown): TabTuneError =>
  new TabTuneError(
    "bad-argument",
    `${file} is there already and ${why}.`,
    "Give another --out, or move the file away.",
    "Nothing was written to it.",
    { cause },
  );
