/** The file of answers: what was begun goes on, whatever byte it ends with; what is somebody else's stays as it is. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AnsweredRow } from "../chat/answer-rows.ts";
import { openAnswersFile } from "./answers-file.ts";

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-answers-"));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const answered = (row: number, changes: Partial<AnsweredRow> = {}): AnsweredRow => ({
  row,
  source: `rows.jsonl line ${row + 1}`,
  pictures: ["a.png"],
  question: "What?",
  answer: "Red.",
  right: ["red"],
  stopped: "eos",
  ...changes,
});
/** What cells of CSV and lines of JSON have to bear. */
const rows = [
  answered(0),
  answered(2, { answer: 'a "quoted"\nline, and\r\nanother', right: [] }),
  answered(3, { pictures: [], right: ["[1, 2, 3, 4]"], answer: "" }),
  answered(4, { pictures: ["a, b.png", "c.png"], right: ['["x"]'], question: "чашка 😀 ?" }),
  answered(5, { right: [""], answer: '"', stopped: "length" }),
  answered(6, { right: ["a", 'b"', "c\n"], answer: '"\n"' }),
];

async function written(file: string): Promise<Buffer> {
  const answers = await openAnswersFile(file, "job");
  for (const row of rows) await answers.add(row);
  return fs.readFileSync(file);
}

test.each(["a.jsonl", "a.csv"])("%s: what was written is read again, and goes on from any byte", async (name) => {
  const file = path.join(folder, name);
  const whole = await written(file);
  expect((await openAnswersFile(file, "job")).done).toEqual(rows);
  for (let end = 0; end < whole.length; end += 3) {
    fs.writeFileSync(file, whole.subarray(0, end));
    const answers = await openAnswersFile(file, "job");
    expect(answers.done, `cut at ${end}`).toEqual(rows.slice(0, answers.done.length));
    for (const row of rows.slice(answers.done.length)) await answers.add(row);
    expect(fs.readFileSync(file).equals(whole), `cut at ${end}`).toBe(true);
  }
});

test.each(["b.jsonl", "b.csv"])("%s of another job is refused", async (name) => {
  const file = path.join(folder, name);
  const whole = await written(file);
  await expect(openAnswersFile(file, "other")).rejects.toThrow(/written with another model, adapter, recipe/);
  expect(fs.readFileSync(file).equals(whole)).toBe(true);
});

test.each(["my notes", '{"a": 1}', '{"a": 1}\n', "[]\n", "a,b\n1,2\n", "row,source\n0,x\n"])(
  "%j is no file of answers",
  async (text) => {
    for (const name of ["c.jsonl", "c.csv"]) {
      const file = path.join(folder, name);
      fs.writeFileSync(file, text);
      await expect(openAnswersFile(file, "job")).rejects.toThrow(/is there already and is no file of answers/);
      expect(fs.readFileSync(file, "utf8")).toBe(text);
    }
  },
);
