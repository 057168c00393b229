/** Boxes from a detector's data set to answers of a trained model, as a shell would call it: Qwen3-VL learns where two things are. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { boxesIn } from "../metrics/boxes.ts";
import { BOX_ANSWERS, boxScenes } from "../testing/box-scenes.ts";
import { fixtures, shell } from "../testing/shell.ts";
import { keepVerdict } from "../testing/verdict.ts";

const model = path.join(fixtures, "qwen3-vl/model");
const STEPS = 30;
let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-boxes-"));
  vi.stubEnv("XDG_CACHE_HOME", at("cache"));
  await keepVerdict(model);
  for (const [split, scenes] of [
    ["train", boxScenes(4)],
    ["valid", boxScenes(2, 4)],
  ] as const) {
    fs.mkdirSync(at("data", split), { recursive: true });
    for (const { name, bytes } of scenes) fs.writeFileSync(at("data", split, name), bytes);
  }
  const recipe = {
    ...{ max_steps: STEPS, per_device_train_batch_size: 4, learning_rate: 0.01, lr_scheduler_type: "cosine" },
    ...{ warmup_steps: 3, lora_r: 16, lora_alpha: 32, load_in_4bit: false, save_steps: 1000 },
    ...{ eval_strategy: "steps", eval_steps: STEPS, eval_answers: 2 },
  };
  fs.writeFileSync(at("recipe.json"), JSON.stringify(recipe));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});

function lines<Line>(file: string): Line[] {
  const texts = fs.readFileSync(file, "utf8").trim().split("\n");
  return texts.map((line) => JSON.parse(line));
}

/** Of a step, or of an evaluation after it. */
interface Measured {
  step: number;
  loss?: number;
  eval_loss?: number;
  eval_box_iou?: number;
  eval_answered?: number;
}

test("a run on COCO's boxes: the loss falls, answers are boxes, and where they are is judged by IoU", {
  timeout: 240_000,
}, async () => {
  const given = ["--model", model, "--recipe", at("recipe.json")];
  const told = await shell("train", ...given, "--data", at("data"), "--instruction", "Find all.", "--out", at("out"));
  expect(told.code, told.err.join("\n")).toBe(0);
  const notes = told.err.join("\n");
  expect(notes).toContain("from 0 to 1000 of the picture's width and height, as this model's publisher writes them");
  expect(notes).toContain("note: Answers of held-out rows are judged by box_iou: ");
  const steps = lines<Measured>(at("out", "steps.jsonl"));
  const losses = steps.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  expect(losses.length).toBe(STEPS);
  expect(losses.at(-1)!).toBeLessThan(0.1 * losses[0]!);

  // Pictures that it was not trained on: nothing of a box before, the right box in the right picture after.
  const measured = steps.filter((line) => line.eval_loss !== undefined);
  expect(measured.map(({ step, eval_box_iou, eval_answered }) => [step, eval_box_iou, eval_answered])).toEqual([
    [0, 0, 2],
    [STEPS, 1, 2],
  ]);
  const held = ["--adapter", at("out"), "--data", at("data", "valid")];
  const evaluated = await shell("evaluate", ...given, ...held, "--instruction", "Find all.");
  const { loss, rows } = JSON.parse(evaluated.out[0]!);
  expect(rows).toBe(2);
  expect(Math.abs(loss - measured[1]!.eval_loss!)).toBeLessThan(1e-5);

  const asked = ["--prompt", "Find all.", "--max-new-tokens", "64", "--out", at("said.jsonl")];
  const predicted = await shell("predict", ...given, ...held, ...asked);
  expect(predicted.code, predicted.err.join("\n")).toBe(0);
  const said = lines<{ answer: string; right_answers: string[] }>(at("said.jsonl"));
  expect(said.map(({ answer, right_answers }) => [answer, right_answers])).toEqual(
    BOX_ANSWERS.map((answer) => [answer, [answer]]),
  );
  expect(said.map(({ answer }) => boxesIn(answer))).toEqual([[[125, 125, 625, 500]], [[375, 563, 875, 875]]]);
  expect(JSON.parse(predicted.err.at(-1)!)).toMatchObject({
    metric: "box_iou",
    figures: { box_iou: 1, iou_50: 1, precision_50: 1, recall_50: 1 },
  });
});
