import { expect, test } from "vitest";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { figuresByStep, figureTitle, rowsDrawn, secondsLeft, toCsv, tokensPerSecond, toLog } from "./metrics.ts";

const record = (step: number, loss = step, seconds = 1): StepRecord => ({
  step,
  loss,
  gradNorm: 0.1 + 0.2,
  learningRate: 2e-5,
  targetTokens: 31,
  tokens: 640,
  seconds,
});

test("time left: nothing in the first 3 steps, then the median, which one slow step does not move", () => {
  const times = [60, 50, 40, 2, 2, 90, 2, 3];
  const records = times.map((seconds, k) => record(k + 1, 1, seconds));
  expect(secondsLeft(records.slice(0, 3), 100)).toBeUndefined();
  expect(secondsLeft(records.slice(0, 4), 100)).toBe(2 * 96);
  expect(secondsLeft(records, 100)).toBe(2 * 92);
  expect(secondsLeft(records.slice(0, 6), 6)).toBe(0);
  const long = Array.from({ length: 100 }, (_, k) => record(k + 1, 1, k < 80 ? 9 : 1 + (k % 2)));
  expect(secondsLeft(long, 200)).toBe(1.5 * 100);
});

test("tokens a second are of the last ten steps", () => {
  expect(tokensPerSecond([])).toBeUndefined();
  expect(tokensPerSecond([record(1, 1, 0)])).toBeUndefined();
  expect(tokensPerSecond([record(1, 1, 2)])).toBe(320);
  expect(tokensPerSecond(Array.from({ length: 12 }, (_, k) => record(k + 1, 1, k < 2 ? 99 : 4)))).toBe(160);
});

test("the CSV file has every digit", () => {
  const header = "step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds\r\n";
  expect(toCsv([record(1, 0.1, 1.5), record(2)])).toBe(
    `${header}1,0.1,0.30000000000000004,0.00002,31,640,1.5\r\n2,2,0.30000000000000004,0.00002,31,640,1\r\n`,
  );
  expect(toCsv([])).toBe(header);
});

test("what held-out rows say stands at its step, also before the first one and after the last", () => {
  const evaluation = (step: number, loss: number, metrics = {}): EvaluationRecord => ({
    ...{ step, loss, metrics, targetTokens: 9, rows: 3, seconds: 1 },
    ...(Object.keys(metrics).length > 0 ? { answered: 2 } : {}),
  });
  const evaluations = [evaluation(0, 3), evaluation(2, 2.5, { anls: 0.5 })];
  const all = figuresByStep([record(1), record(2)], evaluations);
  expect(all.map(({ step, record: r, evaluation: e }) => [step, r?.loss, e?.loss])).toEqual([
    [0, undefined, 3],
    [1, 1, undefined],
    [2, 2, 2.5],
  ]);
  expect(toCsv([record(1), record(2)], evaluations).split("\r\n")).toEqual([
    "step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds,eval_loss,eval_anls,eval_answered",
    "0,,,,,,,3,,",
    "1,1,0.30000000000000004,0.00002,31,640,1,,,",
    "2,2,0.30000000000000004,0.00002,31,640,1,2.5,0.5,2",
    "",
  ]);
});

test("a figure's name is its metric's, with how many answers it is of", () => {
  expect(figureTitle("exact_match", 6)).toBe("Exact match of 6 answers");
  expect(figureTitle("anls", 1)).toBe("ANLS of 1 answer");
  const titles = ["anls", "box_iou", "rouge_l", "valid_json", "macro_f1", "vqa_accuracy"].map((name) =>
    figureTitle(name, undefined),
  );
  expect(titles).toEqual(["ANLS", "Box IoU", "ROUGE L", "Valid JSON", "Macro F1", "VQA accuracy"]);
});

test("the log is the command line's: an evaluation behind its step, that of step 0 first", () => {
  const evaluation = { step: 0, loss: 3, metrics: {}, targetTokens: 9, rows: 3, seconds: 1 };
  const lines = toLog([record(1), record(2)], [evaluation, { ...evaluation, step: 1, loss: 2.5 }]).split("\n");
  expect(lines.pop()).toBe("");
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, number>);
  expect(parsed.map(({ step, loss, eval_loss }) => [step, loss, eval_loss])).toEqual([
    [0, undefined, 3],
    [1, 1, undefined],
    [1, undefined, 2.5],
    [2, 2, undefined],
  ]);
  expect(parsed[1]).toEqual({ step: 1, loss: 1, grad_norm: 0.1 + 0.2, learning_rate: 2e-5, target_tokens: 31 });
});

test("a closed table of a run that goes on has its first rows, any other one has all", () => {
  expect([0, 1, 100].map((rows) => rowsDrawn(rows, false))).toEqual([0, 1, 100]);
  expect([101, 1234].map((rows) => rowsDrawn(rows, false))).toEqual([100, 100]);
  expect([0, 101, 1234].map((rows) => rowsDrawn(rows, true))).toEqual([0, 101, 1234]);
});
