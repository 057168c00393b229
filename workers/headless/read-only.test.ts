/** `evaluate`, `logits` and `generate` as a shell would call them. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { preparationOf } from "../models/preparation.ts";
import { memoryStore } from "../storage/memory.ts";
import { changedModel, errorOf, fixtures, shell } from "../testing/shell.ts";
import { Arguments } from "./arguments.ts";
import { dataFiles, openedModel } from "./open.ts";

let folder: string;
let recipe: string;
const data = path.join(fixtures, "own-tiny/data");

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-read-only-"));
  recipe = path.join(folder, "recipe.json");
  fs.writeFileSync(recipe, JSON.stringify({ load_in_4bit: false }));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test("a loss that is not a number ends evaluate and logits with the row, and no file is left", async () => {
  const model = changedModel(path.join(folder, "nan"), {
    tensors: (tensors) => tensors.get("language_model.model.norm.weight")!.bytes.fill(0xff),
  });
  const given = ["--model", model, "--data", data, "--recipe", recipe];
  const evaluated = await shell("evaluate", ...given);
  expect(evaluated).toMatchObject({ code: 1, out: [] });
  expect(errorOf(evaluated)).toMatchObject({
    code: "non-finite-loss",
    message: "Row 0 gave a loss of NaN.",
    remedy: expect.stringContaining("weights"),
  });

  const out = path.join(folder, "logits.safetensors");
  const logits = await shell("logits", ...given, "--row", "1", "--out", out);
  expect(logits.code).toBe(1);
  expect(errorOf(logits)).toMatchObject({ code: "non-finite-loss", message: expect.stringMatching(/^Row 1 .*NaN/) });
  expect(fs.existsSync(out)).toBe(false);
});

test("a token beyond the embedding's rows costs the row that uses it, and is refused in a prompt", async () => {
  const model = changedModel(path.join(folder, "grown"), {
    json: {
      "tokenizer.json": (json) => {
        const tokens = json.added_tokens as object[];
        tokens.push({ ...tokens[0], id: 600, content: "<click>" });
      },
    },
  });
  const rows = [
    { question: "What is there?", answer: "A circle." },
    { question: "Where is it?", answer: "There: <click>" },
  ];
  const file = path.join(folder, "rows.jsonl");
  fs.writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));
  const words = /<click>.* 600, .* 512 rows/;

  const told = await shell("tokenize", "--model", model, "--data", file, "--recipe", recipe);
  expect(told).toMatchObject({ code: 0, err: [expect.stringMatching(words)] });
  expect(told.out.map((line) => JSON.parse(line).row)).toEqual([0]);

  const { info } = await prepareDataset(
    memoryStore(),
    { files: (await dataFiles(file)).files, label: "rows" },
    preparationOf((await openedModel(new Arguments(new Map([["model", [model]]])))).model.preparation),
    () => {},
  );
  expect(info.skipped).toMatchObject([{ index: 1, reason: "bad-row", message: expect.stringMatching(words) }]);

  const asked = await shell(
    "generate",
    "--model",
    model,
    "--prompt",
    "USER: <click> ASSISTANT:",
    "--max-new-tokens",
    "2",
  );
  expect(errorOf(asked)).toMatchObject({ code: "bad-row", message: expect.stringMatching(words) });
});
test("what is left aside is told once by every command that reads data", async () => {
  const drop = path.join(folder, "splits");
  fs.mkdirSync(drop);
  for (const name of ["train.jsonl", "val.jsonl"]) {
    fs.writeFileSync(path.join(drop, name), JSON.stringify({ question: "What is it?", answer: "A dot." }));
  }
  const given = ["--model", path.join(fixtures, "own-tiny/model"), "--data", drop, "--recipe", recipe];
  for (const [command, ...more] of [
    ["tokenize"],
    ["evaluate"],
    ["logits", "--row", "0", "--out", path.join(folder, "l")],
  ]) {
    const told = await shell(command!, ...given, ...more);
    expect(told).toMatchObject({ code: 0, err: [expect.stringMatching(/^note: val.jsonl is left aside: /)] });
  }
});

test("rows that lose their end are counted on stderr", async () => {
  const file = path.join(folder, "lengths.jsonl");
  const answers = ["A dot.", "A dot and a line and one more line, and a long word at the end of it.", "A line."];
  fs.writeFileSync(file, answers.map((answer) => JSON.stringify({ question: "What is it?", answer })).join("\n"));
  const given = ["--model", path.join(fixtures, "own-tiny/model"), "--data", file, "--recipe"];
  const whole = await shell("tokenize", ...given, recipe);
  expect(whole).toMatchObject({ code: 0, err: [] });
  const short = path.join(folder, "short.json");
  const limit = JSON.parse(whole.out[1]!).input_ids.length - 1;
  fs.writeFileSync(short, JSON.stringify({ load_in_4bit: false, max_length: limit }));
  const words = expect.stringMatching(new RegExp(`^note: 1 of 3 rows .* longer than ${limit} tokens`));
  expect(await shell("tokenize", ...given, short)).toMatchObject({ code: 0, err: [words] });
  expect(await shell("evaluate", ...given, short)).toMatchObject({ code: 0, err: [words] });
});
