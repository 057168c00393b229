/** The recorded example is of the demo as it is now. Where it is not: `node scripts/record-example.mjs DIR`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { expect, test } from "vitest";
import { speak } from "../words/index.ts";
import example from "./example.json";

const demo = (name: string): URL => new URL(`../../public/demo/${name}`, import.meta.url);
const json = (file: URL): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
const hash = (name: string): string =>
  createHash("sha256")
    .update(readFileSync(demo(name)))
    .digest("hex");

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Loss = v.pipe(v.number(), v.minValue(0));
const form = v.strictObject({
  made: v.strictObject({ recipe: v.record(v.string(), v.unknown()), model: v.string(), data: v.string() }),
  rows: v.strictObject({ trained: Count, heldOut: Count }),
  losses: v.array(Loss),
  evaluations: v.array(v.strictObject({ step: Count, loss: Loss, right: Count, of: Count })),
  pictures: v.array(
    v.strictObject({
      file: v.string(),
      question: v.string(),
      right: v.string(),
      answers: v.array(v.strictObject({ text: v.string(), right: v.boolean() })),
    }),
  ),
});

test("it was made by the demo's recipe of the demo's model and rows", () => {
  const { eval_strategy, eval_steps, eval_answers, ...recipe } = example.made.recipe;
  // How often was looked changes nothing of what was learned.
  const { eval_steps: _, ...run } = json(new URL("../stores/demo-run.json", import.meta.url));
  expect(recipe).toEqual({ ...json(demo("recipe.json")), ...run });
  expect(example.made.model).toBe(hash("model/model.safetensors"));
  expect(example.made.data).toBe(hash("data/metadata.jsonl"));
});

test("it is whole: every step, every evaluation, an answer to each picture at each of them", () => {
  expect(v.safeParse(form, example).issues ?? []).toEqual([]);
  const { losses, evaluations, pictures, rows, made } = example;
  expect(losses).toHaveLength(made.recipe.max_steps);
  expect(evaluations.map(({ step }) => step)).toEqual(
    Array.from({ length: made.recipe.max_steps / made.recipe.eval_steps + 1 }, (_, n) => n * made.recipe.eval_steps),
  );
  expect(new Set(evaluations.map(({ of }) => of))).toEqual(new Set([rows.heldOut]));
  expect(pictures).toHaveLength(4);
  for (const { file, answers } of pictures) {
    expect(existsSync(demo(`data/${file}`)), file).toBe(true);
    expect(answers).toHaveLength(evaluations.length);
  }
});

test("it is no brighter than the run was: the pictures are right as often as all held-out rows, by one at most", () => {
  const { right, of } = example.evaluations.at(-1)!;
  const shown = example.pictures.filter(({ answers }) => answers.at(-1)!.right).length;
  expect(Math.abs(shown - (right / of) * example.pictures.length)).toBeLessThanOrEqual(1);
});

test("its words are in both languages, with its figures", async () => {
  const { words } = await import("../words/index.ts");
  const { step, right, of } = example.evaluations.at(-1)!;
  expect(words().welcome.example.when(step, right, of)).toBe(`After step ${step}: ${right} of ${of} right`);
  await speak("de");
  expect(words().welcome.example.when(0, right, of)).toBe(`Bevor es lernte: ${right} von ${of} richtig`);
  await speak("en");
});
