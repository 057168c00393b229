/**
 * The file of `predict`: a line a row, appended as answers come, in JSON lines or CSV. What was begun goes on: each line carries the mark
 * of its job, so a file that another model, adapter or setting wrote is told apart, whatever happened to the file since.
 */
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { type AnswerFormat, type AnswerLine, answerFormats } from "../apply/answer-lines.ts";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { TabTuneError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { makeDirectory } from "../storage/fs-directory.ts";
import { orStorageFull } from "../storage/store.ts";

/** By the name's end. Throws TabTuneError "bad-argument" for another than .jsonl and .csv. */
function formatOf(file: string): AnswerFormat {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".jsonl") return answerFormats.jsonl;
  if (extension === ".csv") return answerFormats.csv;
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

function linesIn(text: string, file: string, format: AnswerFormat, job: string): AnsweredRow[] {
  let lines: AnswerLine[];
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
