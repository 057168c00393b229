import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { errorOf, shell } from "../testing/shell.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "rows-"));
  fs.mkdirSync(path.join(folder, "data/images"), { recursive: true });
  fs.writeFileSync(path.join(folder, "data/images/a.png"), Uint8Array.of(137, 80, 78, 71));
});
const put = (name: string, text: string): string => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
};
const record = (image: string, answer: string) => JSON.stringify({ image, question: "What is it?", answer });

test("rows as they would be trained on, with what was left out and every note in the report", async () => {
  put("data/train.jsonl", `${record("images/a.png", "A dot.")}\n${record("images/b.png", "None.")}\n`);
  put("data/val.jsonl", record("images/a.png", "A line."));
  const report = path.join(folder, "report.json");
  const said = await shell("rows", "--data", path.join(folder, "data"), "--report", report);
  expect(said.code).toBe(0);
  expect(said.out.map((line) => JSON.parse(line))).toEqual([
    {
      row: 0,
      source: "train.jsonl line 1",
      messages: [
        { role: "user", content: [{ type: "image" }, { type: "text", text: "What is it?" }] },
        { role: "assistant", content: [{ type: "text", text: "A dot." }] },
      ],
      pictures: ["images/a.png"],
    },
  ]);
  const { rows, skipped, notes } = JSON.parse(fs.readFileSync(report, "utf8"));
  expect(rows).toBe(1);
  expect(skipped).toMatchObject([{ row: 1, source: "train.jsonl line 2", code: "missing-picture" }]);
  expect(notes).toEqual([
    expect.stringMatching(/^val.jsonl is left aside/),
    expect.stringMatching(/^1 of 1 held-out rows shows a picture that is also trained on/),
  ]);
  expect(said.err.filter((line) => /^(skipped|note:)/.test(line))).toHaveLength(3);
});

test("columns by a mapping, and the question of rows that have only a caption", async () => {
  const data = put("data/train.jsonl", JSON.stringify({ pic: "images/a.png", words: "A dot." }));
  // As Windows' editor saves it.
  const mapping = put("mapping.json", `\ufeff${JSON.stringify({ images: "pic", answer: "words" })}`);
  const said = await shell("rows", "--data", data, "--mapping", mapping, "--instruction", "Say it.");
  expect(JSON.parse(said.out[0]!).messages[0].content.at(-1)).toEqual({ type: "text", text: "Say it." });
  // Every command that reads rows takes them, and the same rows come out.
  const recipe = put("recipe.json", "{}");
  const model = "public/demo/model";
  const given = ["--model", model, "--data", data, "--recipe", recipe];
  const ids = await shell("tokenize", ...given, "--mapping", mapping, "--instruction", "Say it.");
  const asked = put(
    "data/asked.jsonl",
    JSON.stringify({ image: "images/a.png", question: "Say it.", answer: "A dot." }),
  );
  const same = await shell("tokenize", "--model", model, "--data", asked, "--recipe", recipe);
  expect(ids.out).toEqual(same.out);
  const wrong = put("mapping.json", JSON.stringify({ picture: "pic" }));
  expect(errorOf(await shell("rows", "--data", data, "--mapping", wrong))).toMatchObject({
    code: "bad-argument",
    message: expect.stringContaining("picture"),
  });
});

test("which of several answers, with a note of how many records have them", async () => {
  const several = (answers: string[]) => JSON.stringify({ image: "images/a.png", question: "What is it?", answers });
  const lines = [several(["A dot.", "A line.", "A line."]), several(["No.", "Yes."]), several(["One."])];
  const data = put("data/train.jsonl", lines.join("\n"));
  const answers = async (...given: string[]) => {
    const { out, err } = await shell("rows", "--data", data, ...given);
    const texts = out.map((line) => JSON.parse(line).messages.at(-1).content[0].text);
    return [texts.join(" "), ...err.filter((line) => line.startsWith("note:"))];
  };
  expect(await answers("--answers", "each")).toEqual([
    "A dot. A line. A line. No. Yes. One.",
    'note: 2 records: each of the several answers in "answers" is a row of its own.',
  ]);
  expect(await answers("--answers", "first")).toEqual([
    "A dot. No. One.",
    'note: 2 records: "answers" has several answers to a question; the first one is trained on, and each counts as right where held-out rows are answered.',
  ]);
  const usual = await answers();
  expect(usual[0]).toBe("A line. No. One.");
  expect(await answers("--answers", "most-frequent")).toEqual(usual);
  expect(errorOf(await shell("rows", "--data", data, "--answers", "best"))).toMatchObject({
    code: "bad-argument",
    message: '--answers is "best".',
  });
});

test("the rows as a Parquet file, read again as the same rows", async () => {
  put("data/train.jsonl", `${record("images/a.png", "A dot.")}\n`);
  const parquet = path.join(folder, "rows.parquet");
  const said = await shell("rows", "--data", path.join(folder, "data"), "--parquet", parquet);
  const again = await shell("rows", "--data", parquet);
  const [was, is] = [said, again].map(({ out }) => JSON.parse(out[0]!));
  expect(is).toEqual({ ...was, source: "rows.parquet row 1", pictures: ["embedded"] });
});

test("without a usable row nothing is written", async () => {
  const data = put("data/train.jsonl", record("images/b.png", "None."));
  const report = path.join(folder, "report.json");
  const said = await shell("rows", "--data", data, "--report", report);
  expect(said).toMatchObject({ code: 1, out: [] });
  expect(errorOf(said).code).toBe("no-rows");
  expect(fs.existsSync(report)).toBe(false);
});

test("boxes in the unit that is asked for, else as the model's publisher writes them", async () => {
  fs.copyFileSync("public/demo/data/heldout/001.webp", path.join(folder, "data/images/a.webp"));
  const objects = { bbox: [[0.125, 0.25, 0.5, 0.25]], label: ["dot"] };
  put("data/metadata.jsonl", JSON.stringify({ file_name: "images/a.webp", objects, bbox_format: "xywh" }));
  const data = path.join(folder, "data");
  const answerIn = async (...options: string[]) => {
    const said = await shell("rows", "--data", data, ...options);
    return [JSON.parse(said.out[0]!).messages[1].content[0].text, said.err.join(" ")];
  };
  const [thousandths, told] = await answerIn("--boxes", "0-1000");
  expect(thousandths).toBe('[{"bbox_2d": [125, 250, 625, 500], "label": "dot"}]');
  expect(told).toMatch(/1 box of 1 row, .* from 0 to 1000 of the picture's width and height, as was asked/);
  expect((await answerIn())[0]).toBe('[{"bbox_2d": [0.125, 0.25, 0.625, 0.5], "label": "dot"}]');
  expect((await answerIn("--boxes", "0-1000", "--box-format", "yolo"))[0]).toBe(thousandths);
  expect(errorOf(await shell("rows", "--data", data, "--boxes", "percent")).message).toBe('--boxes is "percent".');
  const recipe = put("recipe.json", "{}");
  const given = ["--model", "public/demo/model", "--data", data, "--recipe", recipe];
  // The demo model is of LLaVA's family, whose boxes have two decimals.
  const ids = async (...more: string[]) => JSON.parse((await shell("tokenize", ...given, ...more)).out[0]!).input_ids;
  expect((await shell("tokenize", ...given)).err.join(" ")).toMatch(/as this model's publisher writes them/);
  expect(await ids()).not.toEqual(await ids("--boxes", "0-1000"));
});
