/** `train` with held-out rows as a shell would call it, held against `evaluate` of the same rows. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { main } from "../headless.ts";
import { keepVerdict } from "../testing/verdict.ts";

const golden = fileURLToPath(new URL("../testing/goldens/own-tiny/", import.meta.url));
const model = ["--model", `${golden}model`];
let folder: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-held-out-"));
  vi.stubEnv("XDG_CACHE_HOME", at("cache"));
  await keepVerdict(model[1]!);
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});

const settings = {
  ...{
    max_steps: 4,
    per_device_train_batch_size: 2,
    lora_r: 4,
    learning_rate: 1e-2,
    save_steps: 2,
    train_on: "all-text",
  },
  ...{ eval_strategy: "steps", eval_steps: 2, eval_split: 0.3 },
};

/** Exit code, what was written to stdout, and the lines of stderr. */
async function run(command: string, recipe: object, ...more: string[]) {
  fs.writeFileSync(at("recipe.json"), JSON.stringify({ ...settings, ...recipe }));
  const lines: string[] = [];
  let out = "";
  const errors = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const output = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const code = await main([command, ...model, "--recipe", at("recipe.json"), ...more]);
  errors.mockRestore();
  output.mockRestore();
  return { code, out, lines };
}

interface Line {
  step: number;
  loss?: number;
  eval_loss?: number;
  eval_rows?: number;
  eval_answered?: number;
}

interface Answer {
  step: number;
  row: number;
  question: string;
  answer: string;
  right_answers: string[];
}

const answersOf = (name: string): Answer[] =>
  fs
    .readFileSync(path.join(at(name), "answers.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const stepsOf = (name: string): Line[] =>
  fs
    .readFileSync(path.join(at(name), "steps.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The golden data, with these of its rows only. */
function dataOf(name: string, rows: (n: number) => boolean): string {
  fs.cpSync(`${golden}data`, at(name), { recursive: true });
  const table = path.join(at(name), "metadata.jsonl");
  const lines = fs.readFileSync(table, "utf8").trim().split("\n");
  fs.writeFileSync(table, lines.filter((_, n) => rows(n)).join("\n"));
  return at(name);
}

test("eval_loss before, between and after the steps is what evaluate gives of those rows; a cut run goes on with it", async () => {
  const data = ["--data", `${golden}data`];
  const whole = await run("train", {}, ...data, "--out", at("whole"));
  expect(whole.code).toBe(0);
  const order = stepsOf("whole").map((line) => (line.eval_loss === undefined ? line.step : `after ${line.step}`));
  expect(order).toEqual(["after 0", 1, 2, "after 2", 3, 4, "after 4"]);
  expect(whole.lines.join("")).toContain("note: 6 of 12 rows are held out (a share of 0.3, 8 at least");
  expect(whole.lines.filter((line) => line.includes("eval_loss")).length).toBe(3);

  const held = [0, 3, 4, 5, 8, 9]; // workers/testing/goldens/evaluation.json
  const asked = ["--data", dataOf("held", (n) => held.includes(n))];
  const lossOf = async (...adapter: string[]): Promise<{ loss: number; rows: number }> =>
    JSON.parse((await run("evaluate", {}, ...asked, ...adapter)).out);
  const evaluations = stepsOf("whole").filter((line) => line.eval_loss !== undefined);
  const before = await lossOf();
  expect(Math.abs(before.loss - evaluations[0]!.eval_loss!)).toBeLessThan(1e-5);
  expect(before.rows).toBe(evaluations[0]!.eval_rows);
  const after = await lossOf("--adapter", at("whole"));
  expect(Math.abs(after.loss - evaluations[2]!.eval_loss!)).toBeLessThan(1e-5);
  expect(after.loss).toBeLessThan(before.loss - 0.01);

  expect((await run("train", {}, ...data, "--out", at("cut"), "--steps", "3")).code).toBe(0);
  expect((await run("train", {}, ...data, "--out", at("cut"), "--resume")).code).toBe(0);
  expect(stepsOf("cut")).toEqual(stepsOf("whole"));

  // A row is answered as `predict` answers it, up to where its answer is cut; and what was said before the cut is there.
  expect(answersOf("cut")).toEqual(answersOf("whole"));
  const last = answersOf("whole").filter(({ step }) => step === 4);
  expect(answersOf("whole").map(({ step, row }) => [step, row])).toEqual(
    [0, 2, 4].flatMap((step) => held.map((row) => [step, row])),
  );
  const predicted = await run("predict", {}, ...asked, "--adapter", at("whole"), "--out", at("predicted.jsonl"));
  expect(predicted.code).toBe(0);
  const said = fs.readFileSync(at("predicted.jsonl"), "utf8").trim().split("\n");
  said
    .map((line) => JSON.parse(line) as Answer)
    .forEach(({ question, answer, right_answers }, n) => {
      expect(last[n]).toMatchObject({ question, right_answers });
      // The last bytes of an answer that is cut may be part of a character.
      const given = last[n]!.answer.slice(0, -8);
      expect(answer.slice(0, given.length)).toBe(given);
    });
  const { eval_answered, ...figures } = stepsOf("whole").at(-1)!;
  expect(eval_answered).toBe(6);
  const { metric } = JSON.parse(predicted.lines.at(-1)!);
  expect(figures).toHaveProperty(`eval_${metric}`);
}, 600_000);

test("a recipe that asks for a figure that is not measured, or rows that are not there, is refused before it trains", async () => {
  const unknown = await run("train", { metric_for_best_model: "bleu" }, "--data", `${golden}data`, "--out", at("none"));
  expect(unknown.code).toBe(1);
  expect(JSON.parse(unknown.lines.at(-1)!)).toMatchObject({
    code: "bad-recipe",
    message: expect.stringContaining('metric_for_best_model is "bleu"'),
  });
  const one = dataOf("one", (n) => n === 0);
  const single = await run("train", { early_stopping_patience: 2 }, "--data", one, "--out", at("none"));
  expect(JSON.parse(single.lines.at(-1)!)).toMatchObject({
    code: "no-rows",
    message: "No row can be held out: there is one row.",
  });
  expect(fs.existsSync(at("none"))).toBe(false);
  const told = await run("train", { max_steps: 1 }, "--data", one, "--out", at("told"));
  expect(told.code).toBe(0);
  expect(told.lines.join("")).toContain("note: No row is held out: there is one row. The run is not evaluated.");
}, 600_000);
