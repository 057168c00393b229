import { expect, test } from "vitest";
import golden from "../data/batches/fixtures/orders.json";
import { sha256 } from "../storage/sha256.ts";
import { createMt19937, randperm } from "./mt19937.ts";

test("the generator gives the known sequence of seed 42", () => {
  const next = createMt19937(42);
  expect(Array.from({ length: 4 }, next)).toEqual([1608637542, 3421126067, 4083286876, 787846414]);
});

test("the 10000th number under the reference's own seed 5489 is the one that the C++ standard demands", () => {
  const next = createMt19937(5489);
  for (let i = 1; i < 10_000; i++) next();
  expect(next()).toBe(4123659995);
});

test.each(golden.cases)(
  "randperm($n) under seed $seed is torch's",
  async ({ n, seed, first16, last4, sha256: hash }) => {
    const order = randperm(n, seed);
    expect(Array.from(order.subarray(0, 16))).toEqual(first16);
    expect(Array.from(order.subarray(Math.max(0, n - 4)))).toEqual(last4);
    expect(await sha256(new Uint8Array(order.buffer))).toBe(hash);
  },
);

test("a permutation that torch would draw otherwise is refused", () => {
  expect(() => randperm(214_748_364, 1)).toThrow(/at most 214748363/);
});
