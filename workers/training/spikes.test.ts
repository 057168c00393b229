import { expect, test } from "vitest";
import { random } from "../gpu/numbers.ts";
import type { StepRecord } from "./events.ts";
import { toStepLine } from "./metrics.ts";
import { Spikes } from "./spikes.ts";

/** A run's losses: they fall from 3 to 1 with noise of a tenth. */
function losses(steps: number, at: Record<number, number> = {}): number[] {
  const next = random(7);
  return Array.from({ length: steps }, (_, i) => at[i + 1] ?? 1 + 2 * Math.exp(-i / 40) + 0.1 * (next() + next() - 1));
}

function found(all: readonly number[], spikes = new Spikes(), from = 0): number[] {
  return all.slice(from).flatMap((loss, i) => (spikes.add(from + i + 1, loss) ? [from + i + 1] : []));
}

test("a run that learns has none; a jump is one, with its step and what it stands out from", () => {
  expect(found(losses(400))).toEqual([]);
  const spikes = new Spikes();
  expect(found(losses(400, { 120: 4.2 }), spikes)).toEqual([120]);
  expect(spikes.first).toMatch(
    /^The loss jumped in step 120, to 4\.20: the 50 steps before had 1\.\d\d \(median, spread 0\.\d+\)\.$/,
  );
  expect(spikes.total).toBe("");
});

test("a second jump right behind the first is one too, and a loss that stays high is not for ever", () => {
  const spikes = new Spikes();
  expect(found(losses(200, { 100: 9, 101: 8, 150: 5 }), spikes)).toEqual([100, 101, 150]);
  expect(spikes.total).toMatch(/^In all, the loss jumped in 3 steps: 100, 101, 150\./);
  const high = [...losses(100), ...Array.from({ length: 100 }, (_, i) => 5 + 0.01 * (i % 3))];
  const told = found(high);
  expect(told[0]).toBe(101);
  expect(told.length).toBeLessThan(30);
});

test("neither the first steps nor a loss that hardly moves nor small batches with a wide spread", () => {
  expect(found([1, 9, 1, 9, 40])).toEqual([]);
  expect(found([...Array(60).fill(0.01), 0.0101, 0.012])).toEqual([]);
  const next = random(3);
  // Means of four rows whose own losses spread as widely as their mean.
  const four = () => [0, 0, 0, 0].reduce((sum) => sum - Math.log(1 - next()) / 4, 0);
  expect(found(Array.from({ length: 1000 }, four)).length).toBeLessThan(3);
});

test("a run that goes on finds what the run without the cut finds", () => {
  const all = losses(200, { 100: 9, 130: 5, 160: 6 });
  const whole = new Spikes();
  const steps = found(all, whole);
  const first = new Spikes();
  const records = all.slice(0, 120).map((loss, i): StepRecord => {
    const spike = first.add(i + 1, loss);
    const rest = { gradNorm: 1, learningRate: 1, targetTokens: 1, tokens: 1, seconds: 1 };
    return { step: i + 1, loss, ...rest, ...(spike ? { spike } : {}) };
  });
  const second = new Spikes();
  second.goOn(records);
  expect([100, ...found(all, second, 120)]).toEqual(steps);
  expect(second.total).toBe(whole.total);
  expect(toStepLine(records[99]!)).toMatch(/"loss_spike":\{"median":1\.\d+,"spread":0\.\d+\}\}$/);
  expect(toStepLine(records[98]!)).not.toContain("spike");
});
