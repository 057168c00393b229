import { afterEach, expect, test } from "vitest";
import type { EvaluationRecord, RunState } from "../../workers/training/events.ts";
import { speak } from "../words/index.ts";
import { answersComing } from "./answers-coming.ts";

afterEach(() => speak("en"));

const measured: EvaluationRecord = { step: 0, loss: 1, metrics: {}, targetTokens: 1, rows: 1, seconds: 1 };
const run = (state: RunState, fields = {}, evaluations: EvaluationRecord[] = []) => ({
  state,
  fields: { eval_strategy: "steps", eval_answers: 6, ...fields },
  evaluations,
});

test("what stands in the place of answers that are not there", () => {
  expect(answersComing(run("idle"))).toBe("");
  expect(answersComing(run("training", { eval_answers: 0 }))).toBe("");
  expect(answersComing(run("training", { eval_strategy: "no" }))).toBe(
    "This run holds no rows out, so none are answered.",
  );
  const coming = "None yet. Asked before the first step, at each measurement and at the end:";
  expect(answersComing(run("compiling"))).toBe(`${coming} 6 held-out rows at most.`);
  expect(answersComing({ ...run("compiling"), picked: [4, 9] })).toBe(`${coming} 2 picked rows.`);
  expect(answersComing(run("training", {}, [measured]))).toBe("No held-out row was answered in this run.");
});

test("the same in German", async () => {
  await speak("de");
  expect(answersComing({ ...run("compiling"), picked: [4] })).toBe(
    "Noch keine. Vor dem ersten Schritt, bei jeder Messung und am Ende werden beantwortet: 1 ausgewählte Zeile.",
  );
});
