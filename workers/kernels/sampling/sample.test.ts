import { describe, expect, test } from "vitest";
import { random, randomArray, testBench } from "../../testing/gpu.ts";
import { type SamplingOptions, sampleRows } from "./sample.ts";
import { nucleus, sampleReference, weightOf } from "./sample-reference.ts";

const bench = await testBench();
const { NaN: nan, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;

/** Rows of `vocab` logits, each followed by larger ones that do not count. */
async function sample(rows: Float32Array[], options: SamplingOptions, position = 0) {
  const vocab = rows[0]!.length;
  const ld = vocab + 3;
  const values = new Float32Array(rows.length * ld).fill(1e9);
  rows.forEach((row, m) => {
    values.set(row, m * ld);
  });
  const x = bench.arena.upload("x", values);
  const [out, ids, best] = [2 * (rows.length + 1), rows.length, rows.length].map((n) => bench.arena.tensor("t", n));
  const [chosen, next] = await bench.run(
    (r) =>
      sampleRows(r, {
        out: out!,
        ids: ids!,
        best: best!,
        x,
        vocab,
        ld,
        rows: rows.length,
        outRow: 1,
        position,
        sampling: () => options,
      }),
    [out!, ids!],
  );
  const words = new Uint32Array(chosen!.buffer);
  const tokens = rows.map((_, m) => words[2 + 2 * m]!);
  expect([...new Uint32Array(next!.buffer)], "the next pass reads what is reported").toEqual(tokens);
  return { tokens, largest: rows.map((_, m) => chosen![3 + 2 * m]!) };
}

/** `count` draws from one row by the reference, which the kernel is held to: a software GPU takes milliseconds for each. */
const draws = (row: Float32Array, count: number, options: SamplingOptions) =>
  Array.from({ length: count }, (_, position) => sampleReference(row, position, options));

describe.each([0, 1e-4, 0.3, 1, 2.5, 100])("temperature %f", (temperature) => {
  test.each([0, 0.1, 0.5, 0.95, 0.999, 1])("top-p %f: the reference's tokens", async (topP) => {
    for (const [seed, vocab] of [
      [0, 7],
      [1, 255],
      [2, 256],
      [3, 1031],
      [0xffffffff, 4100],
    ] as const) {
      const rows = Array.from({ length: 4 }, (_, m) => randomArray(vocab, 10 * vocab + m, 12));
      const options = { temperature, topP, seed };
      const expected = rows.map((row, m) => sampleReference(row, 1000 + m, options));
      expect((await sample(rows, options, 1000)).tokens, `vocab ${vocab}`).toEqual(expected);
    }
  });
});

test.each<[string, (next: () => number, i: number) => number]>([
  ["all equal", () => 2],
  ["few values, so that the nucleus ends among equals", (next) => Math.floor(next() * 4)],
  ["mostly minus infinity", (next) => (next() < 0.9 ? low : next() * 9)],
  ["one token and minus infinity", (_, i) => (i === 100 ? 0.5 : low)],
  ["both zeros", (_, i) => (i % 2 === 0 ? 0 : -0)],
  ["as far apart as floats go", (next) => (next() - 0.5) * 6.8e38],
  ["closer than floats divide", (next) => 1 + Math.floor(next() * 3) * 2 ** -23],
  ["subnormal", (next) => next() * 1e-40],
])("%s: the reference's tokens", async (_, value) => {
  const next = random(5);
  const rows = Array.from({ length: 6 }, () => Float32Array.from({ length: 300 }, (_, i) => value(next, i)));
  for (const topP of [0.02, 0.5, 0.9, 1]) {
    for (const temperature of [0.5, 1e6]) {
      const options = { temperature, topP, seed: 9 };
      const expected = rows.map((row, m) => sampleReference(row, m, options));
      expect((await sample(rows, options)).tokens, `top-p ${topP}, temperature ${temperature}`).toEqual(expected);
    }
  }
});

test.each([1, 2, 7, 50, 255, 300, 5000])("top-k %i, alone and before top-p: the reference's tokens", async (topK) => {
  const next = random(topK);
  const spread = Array.from({ length: 4 }, (_, m) => randomArray(300, 20 * topK + m, 12));
  // So that the last of the likeliest has equals.
  const coarse = Array.from({ length: 4 }, () => Float32Array.from({ length: 300 }, () => Math.floor(next() * 9)));
  for (const topP of [0.5, 1]) {
    for (const rows of [spread, coarse]) {
      const options = { temperature: 3, topP, topK, seed: 6 };
      const expected = rows.map((row, m) => sampleReference(row, m, options));
      expect((await sample(rows, options)).tokens, `top-p ${topP}`).toEqual(expected);
    }
  }
});

test("top-k keeps the likeliest and their equals, and top-p takes its share of these", () => {
  const logits = Float32Array.from([1, 3, 3, 2, 0]);
  const kept = (topK: number, topP = 1) => nucleus(logits, 1, { temperature: 1, topP, topK }).map(({ token }) => token);
  expect([0, 1, 2, 3, 4, 5, 9].map((k) => kept(k))).toEqual([
    [0, 1, 2, 3, 4],
    [1, 2],
    [1, 2],
    [1, 2, 3],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
  ]);
  // 0.42 of all, and half of the two that are left.
  expect([kept(0, 0.5), kept(2, 0.5)]).toEqual([[1, 2], [1]]);
});

test("a vocabulary of 300,000 tokens", async () => {
  const rows = [randomArray(300_001, 1, 5), new Float32Array(300_001).fill(1)];
  for (const topP of [0.7, 1]) {
    const options = { temperature: 1.3, topP, seed: 4 };
    const expected = rows.map((row, m) => sampleReference(row, m, options));
    expect((await sample(rows, options)).tokens).toEqual(expected);
  }
});

test("frequencies follow the softmax", () => {
  const logits = Float32Array.from([1, 3, 3, 2, low]);
  const counts = [0, 0, 0, 0, 0];
  const tokens = draws(logits, 20_000, { temperature: 1, topP: 1, seed: 7 });
  for (const token of tokens) counts[token]! += 1;
  const weights = [...logits].map(Math.exp);
  const total = weights.reduce((a, b) => a + b);
  counts.forEach((count, i) => {
    const share = weights[i]! / total;
    // Four standard errors.
    expect(Math.abs(count / tokens.length - share)).toBeLessThanOrEqual(
      4 * Math.sqrt((share * (1 - share)) / tokens.length),
    );
  });
});

test("top-p keeps the smallest set that reaches p", () => {
  const logits = Float32Array.from([1, 3, 3, 2]);
  const seen = (topP: number) =>
    [...new Set(draws(logits, 200, { temperature: 1, topP, seed: 1 }))].sort((a, b) => a - b);
  // Probabilities .054 .399 .399 .147: 0.39 needs one token, 0.5 two, 0.9 three.
  expect(seen(0.39)).toEqual([1]);
  expect(seen(0.5)).toEqual([1, 2]);
  expect(seen(0.9)).toEqual([1, 2, 3]);
  const halves = Float32Array.from([1, 5, 5]).fill(low, 0, 1);
  expect(draws(halves, 20, { temperature: 1, topP: 0.5, seed: 1 }), "reached, not passed").toEqual(Array(20).fill(1));
});

test("the nucleus is that of the textbook: a float sum over the sorted softmax", () => {
  for (let n = 0; n < 200; n++) {
    const logits = randomArray(500, n, 8);
    const [temperature, topP] = [0.2 + n / 50, 0.05 + (0.94 * n) / 200];
    const weights = [...logits].map((logit) => Math.exp(logit / temperature));
    const total = weights.reduce((a, b) => a + b);
    const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!);
    let sum = 0;
    const kept = new Set<number>();
    for (const token of order) {
      if (kept.size > 0 && sum >= topP * total) break;
      kept.add(token);
      sum += weights[token]!;
    }
    const top = order[0]!;
    expect(nucleus(logits, top, { temperature, topP }).map(({ token }) => token)).toEqual(
      [...kept].sort((a, b) => a - b),
    );
  }
});

test("weights are powers of two, to 2e-7", () => {
  for (let distance = 0; distance < 2 ** 21; distance += 97) {
    const exact = 2 ** (31 - distance / 2 ** 19);
    expect(Math.abs(weightOf(distance) - exact)).toBeLessThan(2 + exact * 2e-7);
  }
  expect([0, 2 ** 19, 2 ** 24].map(weightOf)).toEqual([2 ** 31, 2 ** 30, 0]);
});

test("a token is a function of seed and position, and both matter", () => {
  const row = randomArray(1000, 3);
  const options = { temperature: 1, topP: 1, seed: 1 };
  const whole = draws(row, 64, options);
  expect(draws(row, 64, options)).toEqual(whole);
  const other = draws(row, 64, { ...options, seed: 2 });
  expect(whole.filter((token, i) => token === other[i]).length).toBeLessThan(5);
});

test.each([
  ["NaN", [1, nan, 3], nan],
  ["infinity", [1, high, 3], high],
  ["nothing but minus infinity", [low, low, low], low],
])("%s shows in the largest logit", async (_, values, expected) => {
  for (const temperature of [0, 1]) {
    const { largest, tokens } = await sample([Float32Array.from(values)], { temperature, topP: 0.9, seed: 1 });
    expect(largest).toEqual([expected]);
    expect(tokens[0]).toBeLessThan(3);
  }
});
