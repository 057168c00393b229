import { expect, test } from "vitest";
import { runSeconds, timeWords } from "./time.ts";

const unmeasured = { evaluations: 0, heldOutSteps: 0, answers: false };
const work = { steps: 100, flops: 3e12, flopsSeen: 1e12, ...unmeasured };
const run = { seconds: 1.24, createdAt: "2026-11-29T10:00:00Z" };

test("the last run of the same kind goes before all else", () => {
  const known = { run, flopsPerSecond: 1e12, expected: ["llvmpipe", "SwiftShader"] as const };
  expect(runSeconds(work, known)).toEqual([124, 124]);
  expect(timeWords(work, known)).toEqual({ time: "about 2 min", source: "as in the run of 11/29/2026: 1.2 s a step" });
  expect(timeWords(work, { run: { ...run, seconds: 75.4 } }).source).toMatch(/: 75 s a step$/);
});

test("without one, a range: pictures that were seen on the faster machine, new ones on the slower", () => {
  expect(runSeconds(work, { flopsPerSecond: 1e12, expected: ["Apple M2", "Apple M2"] })).toEqual([100, 300]);
  expect(timeWords(work, { flopsPerSecond: 1e12 })).toMatchObject({ time: "2 min to 5 min" });
  expect(timeWords(work, { flopsPerSecond: 1e12 }).source).toMatch(/was measured/);
  const [least, most] = runSeconds(work, { expected: ["GeForce RTX 4060", "Intel Iris Xe"] })!;
  expect(least).toBeCloseTo(1e14 / 6.04e12, 3);
  expect(most).toBeCloseTo(3e14 / 0.525e12, 3);
  expect(timeWords(work, { expected: ["Apple M2", "Apple M2"] }).source).toMatch(/not measured/);
});

test("nothing is made up where nothing is known", () => {
  expect(timeWords(work, {})).toEqual({ time: "not known until the first steps", source: "" });
  expect(runSeconds({ ...work, steps: 0 }, { run })).toBeUndefined();
});

test("evaluations take their time: as in the last run, else of the way forward alone", () => {
  const measuring = { ...work, evaluations: 10, heldOutSteps: 3, answers: true };
  expect(runSeconds(measuring, { run: { ...run, evaluation: 20 } })).toEqual([324, 324]);
  expect(timeWords(measuring, { run: { ...run, evaluation: 20 } }).source).not.toMatch(/answers/);
  // As many held-out rows as 3 steps have, ten times: a third to a half of 30 steps.
  const [least, most] = runSeconds(measuring, { run })!;
  expect(least).toBeCloseTo(124 + 10 * 1.24, 9);
  expect(most).toBeCloseTo(124 + 15 * 1.24, 9);
  const [fast, slow] = runSeconds(measuring, { flopsPerSecond: 1e12 })!;
  expect(fast).toBeCloseTo(110, 9);
  expect(slow).toBeCloseTo(345, 9);
  expect(timeWords(measuring, { run }).source).toMatch(/; answers to held-out questions come on top$/);
});
