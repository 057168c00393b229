/** `predict` as a shell would call it. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { errorOf, fixtures, shell, type Told } from "../testing/shell.ts";

/** What happens once a line is in the file. */
const appended = vi.hoisted(() => ({ react: (): boolean => false }));
vi.mock("node:fs/promises", async (original) => {
  const actual = await original<typeof import("node:fs/promises")>();
  const appendFile = async (...args: Parameters<typeof actual.appendFile>): Promise<void> => {
    await actual.appendFile(...args);
    appended.react();
  };
  return { ...actual, appendFile };
});

const model = path.join(fixtures, "own-tiny/model");
const pictures = path.join(fixtures, "own-tiny/data/images");
let folder: string;
let data: string;
/** What the command said of all rows; its file stays as it is. */
let whole: Told;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-predict-"));
  data = path.join(folder, "data/rows.jsonl");
  fs.cpSync(pictures, path.join(folder, "data/images"), { recursive: true });
  const image = "images/000.png";
  const turn = (role: string, content: string) => ({ role, content });
  const rows = [
    { image, question: "What is it?", answer: "A ring." },
    { image: "images/none.png", question: "What is it?", answer: "Nothing." },
    { image: "images/001.jpg", question: "What, exactly?", answers: ["white", "White.", 'a "white" one'] },
    {
      image,
      messages: [
        turn("user", "<image>\nHow many?"),
        turn("assistant", "Two."),
        turn("user", "And now?"),
        turn("assistant", "Three."),
      ],
    },
    { image, question: "Who knows?" },
  ];
  fs.writeFileSync(data, rows.map((row) => JSON.stringify(row)).join("\n"));
  whole = await predict("whole.jsonl");
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const out = (name: string): string => path.join(folder, name);
const predict = (name: string, ...more: string[]): Promise<Told> =>
  shell("predict", "--model", model, "--data", data, "--max-new-tokens", "6", "--out", out(name), ...more);
const linesOf = (name: string) =>
  fs
    .readFileSync(out(name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
/** The object at the end of a summary. */
const factsOf = ({ err }: Told) => JSON.parse(err.at(-1)!);

test("a line a row, answered as generate answers; what cannot be answered is told and counted", async () => {
  expect(whole).toMatchObject({ code: 0, out: [] });
  const lines = linesOf("whole.jsonl");
  expect(lines.map(({ answer, stopped, job, ...known }) => known)).toEqual([
    {
      row: 0,
      source: "rows.jsonl line 1",
      pictures: ["images/000.png"],
      question: "What is it?",
      right_answers: ["A ring."],
    },
    {
      row: 2,
      source: "rows.jsonl line 3",
      pictures: ["images/001.jpg"],
      question: "What, exactly?",
      right_answers: ["white", "White.", 'a "white" one'],
    },
    {
      row: 3,
      source: "rows.jsonl line 4",
      pictures: ["images/000.png"],
      question: "And now?",
      right_answers: ["Three."],
    },
    { row: 4, source: "rows.jsonl line 5", pictures: ["images/000.png"], question: "Who knows?" },
  ]);
  // This checkpoint's template asks for no answer by itself: the prompt ends with the question.
  const before = "A chat between a curious user and an artificial intelligence assistant. USER: <image>";
  const text = `${before}\nHow many? ASSISTANT: Two.</s>USER: And now?`;
  const asked = ["--image", path.join(pictures, "000.png"), "--prompt", text, "--max-new-tokens", "6"];
  const { out: said } = await shell("generate", "--model", model, ...asked);
  expect(lines[2].answer).toBe(JSON.parse(said[0]!).text.trim());
  expect(whole.err.filter((line) => line.startsWith("skipped"))).toEqual([expect.stringContaining("images/none.png")]);
  expect(whole.err).toContain(
    "note: Of 1 conversation the last question was answered, after the earlier answers of the data.",
  );
  const cut = lines.filter(({ stopped }) => stopped === "length").length;
  expect(factsOf(whole)).toEqual({
    rows: 5,
    answered: 4,
    not_answered: 1,
    cut,
    judged: 3,
    metric: "exact_match",
    figures: { exact_match: 0 },
  });
});

test.each(["cut.jsonl", "cut.csv"])("%s goes on where it was cut off, to the same bytes", async (name) => {
  if (name.endsWith(".csv"))
    expect(factsOf(await predict("whole.csv", "--metric", "token_f1")).metric).toBe("token_f1");
  const all = fs.readFileSync(out(name.replace("cut", "whole")));
  fs.writeFileSync(out(name), all.subarray(0, Math.floor(0.6 * all.length)));
  const told = await predict(name);
  expect(told.code, told.err.join("\n")).toBe(0);
  expect(fs.readFileSync(out(name)).equals(all)).toBe(true);
  // The summary is that of all rows, whoever answered them.
  expect(factsOf(told)).toEqual(factsOf(whole));
});

test("an answer is stopped by Ctrl-C: whole lines stay, and the next call goes on", async () => {
  appended.react = () => process.emit("SIGINT");
  const told = await predict("stopped.jsonl").finally(() => {
    appended.react = () => false;
  });
  expect(told.code).toBe(130);
  expect(errorOf(told)).toMatchObject({ code: "cancelled", message: "It was stopped after 2 answers." });
  expect(linesOf("stopped.jsonl")).toHaveLength(2);
  expect((await predict("stopped.jsonl")).code).toBe(0);
  expect(fs.readFileSync(out("stopped.jsonl"), "utf8")).toBe(fs.readFileSync(out("whole.jsonl"), "utf8"));
});

test("a file of another job, of other rows, of something else is refused and stays as it is", async () => {
  const before = fs.readFileSync(out("whole.jsonl"), "utf8");
  const other = path.join(folder, "data/other.jsonl");
  fs.writeFileSync(other, JSON.stringify({ image: "images/000.png", question: "Another?" }));
  const given = ["--out", out("whole.jsonl"), "--model", model];
  for (const [args, says] of [
    [["--data", data, "--max-new-tokens", "7"], /another model, adapter, recipe/],
    [["--data", other, "--max-new-tokens", "6"], /answers to other rows/],
    [["--data", data, "--max-new-tokens", "6", "--prompt", "Why?"], /answers to other rows/],
    [["--data", data, "--max-new-tokens", "6", "--rows", "2"], /3 of its rows are missing/],
  ] as const) {
    const told = await shell("predict", ...given, ...args);
    expect(told.code).toBe(1);
    expect(errorOf(told)).toMatchObject({ code: "bad-argument", message: expect.stringMatching(says) });
  }
  expect(fs.readFileSync(out("whole.jsonl"), "utf8")).toBe(before);
});

test("pictures alone are asked --prompt; of nothing that is right nothing is measured", async () => {
  const told = await shell(
    "predict",
    "--model",
    model,
    "--data",
    pictures,
    "--prompt",
    "Is it red?",
    "--max-new-tokens",
    "2",
    "--out",
    out("p.csv"),
    "--rows",
    "2",
  );
  expect(told.code, told.err.join("\n")).toBe(0);
  const [head, ...lines] = fs.readFileSync(out("p.csv"), "utf8").trimEnd().split("\n");
  expect(head).toBe("row,source,pictures,question,answer,right_answers,stopped,job");
  expect(lines.map((line) => line.split(",").slice(0, 4))).toEqual([
    ["0", "000.png", "000.png", "Is it red?"],
    ["1", "001.jpg", "001.jpg", "Is it red?"],
  ]);
  expect(told.err).toContain("No row has a right answer, so nothing is measured.");
  expect(factsOf(told)).not.toHaveProperty("figures");
});

test("what is asked wrongly ends before the model is opened; no row that can be answered leaves no file", async () => {
  expect(errorOf(await predict("x.txt")).message).toMatch(/--out is ".*x.txt"/);
  expect(errorOf(await predict("x.jsonl", "--metric", "bleu"))).toMatchObject({
    message: 'There is no metric "bleu".',
  });
  const lost = path.join(folder, "lost.jsonl");
  fs.writeFileSync(lost, JSON.stringify({ image: "none.png", question: "What?" }));
  expect(errorOf(await shell("predict", "--model", model, "--data", lost, "--out", out("x.jsonl"))).code).toBe(
    "no-rows",
  );
  expect(fs.existsSync(out("x.jsonl"))).toBe(false);
});
