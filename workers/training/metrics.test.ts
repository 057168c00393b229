import { expect, test } from "vitest";
import type { StepRecord } from "./events.ts";
import { loggedWindows, toLogLine, toStepLine } from "./metrics.ts";

const record = (step: number, loss = step): StepRecord => ({
  step,
  loss,
  gradNorm: 0.1 + 0.2,
  learningRate: 2e-5,
  targetTokens: 31,
  tokens: 640,
  seconds: 1,
});

/** Those of records that are all there. */
function windowMeans(records: readonly StepRecord[], loggingSteps: number) {
  const take = loggedWindows(loggingSteps);
  return records.flatMap((record) => take(record) ?? []);
}

test("logged means are of whole windows that end at multiples of logging_steps", () => {
  const records = [1, 2, 3, 4, 5, 6, 7].map((step) => record(step));
  expect(windowMeans(records, 3)).toEqual([
    { step: 3, loss: 2, gradNorm: 0.1 + 0.2, learningRate: 2e-5 },
    { step: 6, loss: 5, gradNorm: 0.1 + 0.2, learningRate: 2e-5 },
  ]);
  // A run that goes on behind step 4.
  expect(windowMeans(records.slice(4), 3).map(({ step, loss }) => [step, loss])).toEqual([[6, 5.5]]);
  expect(windowMeans(records, 1).map(({ loss }) => loss)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(windowMeans(records, 10)).toEqual([]);
  expect(windowMeans(records, 3).map(toLogLine)[1]).toBe("step 6: loss 5.0000, grad_norm 0.3, learning_rate 0.00002");
});

test("a line of steps.jsonl has every digit", () => {
  expect(toStepLine(record(3, 0.1))).toBe(
    '{"step":3,"loss":0.1,"grad_norm":0.30000000000000004,"learning_rate":0.00002,"target_tokens":31}',
  );
});
