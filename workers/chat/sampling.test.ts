import { expect, test } from "vitest";
import { argmax, sampleToken, seededRandom } from "./sampling.ts";

const logits = Float32Array.from([1, 3, 3, 2, 99]);

test("greedy takes the first of equal maxima and never a column beyond the vocabulary", () => {
  expect(argmax(logits, 4)).toBe(1);
  expect(sampleToken(logits, 4, { temperature: 0, topP: 1 }, () => 0.9)).toBe(1);
});

test("temperature sampling follows the softmax", () => {
  const random = seededRandom(7);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[sampleToken(logits, 4, { temperature: 1, topP: 1 }, random)]! += 1;
  const weights = [1, 3, 3, 2].map(Math.exp);
  const total = weights.reduce((a, b) => a + b);
  counts.forEach((count, i) => {
    expect(count / 20_000).toBeCloseTo(weights[i]! / total, 1.7);
  });
});

test("top-p keeps the smallest set that reaches p", () => {
  const random = seededRandom(1);
  const seen = new Set<number>();
  // Probabilities .400 .400 .147 .054: 0.5 needs two tokens, 0.39 one.
  for (let i = 0; i < 500; i++) seen.add(sampleToken(logits, 4, { temperature: 1, topP: 0.5 }, random));
  expect([...seen].sort()).toEqual([1, 2]);
  expect(sampleToken(logits, 4, { temperature: 1, topP: 0.39 }, () => 0.999)).toBe(1);
});

test("a NaN logit vector is an error, not token 0", () => {
  expect(() =>
    sampleToken(Float32Array.from([Number.NaN, Number.NaN]), 2, { temperature: 0, topP: 1 }, () => 0),
  ).toThrow(/logit/);
});
