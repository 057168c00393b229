import { afterEach, expect, test } from "vitest";
import type { StepRecord } from "../../workers/training/events.ts";
import { speak } from "../words/index.ts";
import { curveWords, heldOutWords } from "./course.ts";

afterEach(() => speak("en"));

const run = (losses: number[]): StepRecord[] =>
  losses.map((loss, i) => ({
    step: i + 1,
    loss,
    gradNorm: 1,
    learningRate: 1e-4,
    targetTokens: 9,
    tokens: 9,
    seconds: 1,
  }));

test("the curve in words", () => {
  expect(curveWords(run([8.9, 0.05, 0.08]))).toBe("Falling: 8.900 → 0.08000, lowest 0.05000 at step 2.");
  expect(curveWords(run([2, 3]))).toBe("Rising: 2.000 → 3.000, lowest 2.000 at step 1.");
  expect(curveWords(run([2, 2.01]))).toBe("Level: 2.000 → 2.010, lowest 2.000 at step 1.");
  expect(curveWords(run([2]))).toBe("");
});

test("the curve in German", async () => {
  await speak("de");
  expect(curveWords(run([8.9, 0.05, 0.08]))).toBe("Fallend: 8,900 → 0,08000, am niedrigsten 0,05000 bei Schritt 2.");
});

test("held-out rows in words", () => {
  const measured = (losses: number[]) =>
    heldOutWords(losses.map((loss, n) => ({ step: 10 * n, loss, metrics: {}, targetTokens: 1, rows: 1, seconds: 1 })));
  expect(measured([])).toBe("");
  expect(measured([3])).toBe("Held-out rows: 3.000 at step 0.");
  expect(measured([3, 1, 2])).toBe("Held-out rows: 3.000 → 2.000, lowest 1.000 at step 10.");
});
