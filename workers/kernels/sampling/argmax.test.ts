import { expect, test } from "vitest";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { argmaxRows } from "./argmax.ts";

const bench = await testBench();

async function argmax(values: Float32Array, rows: number, vocab: number, ld: number): Promise<number[]> {
  const out = bench.arena.tensor("out", rows);
  const x = bench.arena.upload("x", values);
  const [ids] = await bench.run((r) => argmaxRows(r, { out, x, vocab, ld, rows: (d) => d.rows }), [out], { rows });
  return [...new Uint32Array(ids!.buffer)];
}

test.each([
  [1, 1, 4],
  [3, 63, 63],
  [5, 65, 72],
  [2, 4099, 4100],
])("%i rows of %i (stride %i)", async (rows, vocab, ld) => {
  const values = randomArray(rows * ld, 1).map((v) => v - 5);
  // What lies past the vocabulary is larger and must not win.
  for (let row = 0; row < rows; row++) values.fill(9, row * ld + vocab, (row + 1) * ld);
  const expected = Array.from({ length: rows }, (_, row) => {
    const line = values.subarray(row * ld, row * ld + vocab);
    return line.indexOf(line.reduce((a, b) => Math.max(a, b)));
  });
  expect(await argmax(values, rows, vocab, ld)).toEqual(expected);
});

const { NaN: nan, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
test.each([
  ["ties", [1, 3, 3, 3], 1],
  ["both zeros are equal", [-1, -0, 0], 1],
  ["negative numbers", [-5, -2, -2.5], 1],
  ["all minus infinity", [low, low], 0],
  ["minus infinity loses to the lowest float", [low, -3.4e38], 1],
  ["infinity", [3e38, high], 1],
  ["NaN counts as the largest", [high, nan, 1], 1],
])("%s", async (_, values, expected) => {
  expect(await argmax(Float32Array.from(values), 1, values.length, values.length)).toEqual([expected]);
});

test("ties across threads and rounds: the lowest index", async () => {
  const values = new Float32Array(300);
  for (const i of [299, 257, 200, 130, 129]) values[i] = 1;
  expect(await argmax(values, 1, 300, 300)).toEqual([129]);
});
