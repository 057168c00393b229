import { expect, test } from "vitest";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { roundToF16 } from "../../weights/formats/dtype.ts";
import { halfWords, packHalf, unpackHalf } from "./half.ts";
import { halfReference } from "./half-reference.ts";

const bench = await testBench();

async function roundTrip(
  values: Float32Array,
  rows: number,
): Promise<{ back: Float32Array; scales: number[]; beyond: number[] }> {
  const size = values.length / rows;
  const { arena } = bench;
  const half = { half: arena.tensor("half", halfWords(values.length)), scales: arena.tensor("scales", rows) };
  const [x, back] = [arena.upload("x", values), arena.tensor("back", values.length)];
  const beyond = arena.upload("beyond", Uint32Array.of(3, 5, 7));
  const [result, scales, counts] = await bench.run(
    (r) => {
      packHalf(r, { x, ...half, beyond, counter: 1, size, rows: (d) => d.rows });
      unpackHalf(r, { x: back, ...half, size, rows: (d) => d.rows });
    },
    [back, half.scales, beyond],
    { rows },
  );
  return { back: result!, scales: [...scales!], beyond: [...new Uint32Array(counts!.buffer, counts!.byteOffset, 3)] };
}

/** Rows that need no factor, and such that do: real outliers, the ends of f32, zeros. */
function oddRows(size: number): Float32Array {
  const factors = [1, 1e4, 2 ** 20, 3e-6, 0, 1e30, 1e-30, 7e37, 1e-33, 300];
  const values = randomArray(factors.length * size, 4, 1);
  return values.map((v, i) => v * factors[Math.floor(i / size)]!);
}

test.each([
  { rows: 1, size: 4 },
  { rows: 3, size: 68 },
  { rows: 65, size: 12 },
])("there and back is the nearest f16: %o", async ({ rows, size }) => {
  const values = randomArray(rows * size, 1, 300);
  const { back, scales, beyond } = await roundTrip(values, rows);
  expect(back).toEqual(roundToF16(values));
  expect(scales).toEqual(Array(rows).fill(1));
  expect(beyond).toEqual([3, 5, 7]);
});

test.each([4, 36, 256])("rows of %i values outside of f16's range are kept with a power of two", async (size) => {
  const values = oddRows(size);
  const rows = values.length / size;
  const expected = halfReference(values, size);
  const first = await roundTrip(values, rows);
  expect(first.scales).toEqual(expected.scales);
  expect(first.back).toEqual(expected.back);
  expect(first.beyond).toEqual([3, 5 + expected.beyond, 7]);
  expect(expected.beyond).toBe(3);
  for (let row = 0; row < rows; row++) {
    const of = (all: Float32Array): Float32Array => all.subarray(row * size, (row + 1) * size);
    const most = of(values).reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
    of(first.back).forEach((v, i) => {
      expect(Math.abs(v - of(values)[i]!)).toBeLessThanOrEqual(2 ** -11 * most);
    });
  }
  expect(await roundTrip(values, rows)).toEqual(first);
});

test("the ends of the range: 65,504 and 2^-14 need no factor, what is beyond does", async () => {
  const values = Float32Array.of(...[65504, 1, 0, -1], ...[65505, 1, 0, -1], ...[-65520, 1, 0, 0]);
  const { back, scales, beyond } = await roundTrip(
    Float32Array.of(...values, ...[2 ** -14, 0, 0, 0], ...[-(2 ** -15), 0, 2 ** -24, 2 ** -30]),
    5,
  );
  expect(scales).toEqual([1, 2, 2, 1, 2 ** -29]);
  expect([...back.subarray(0, 12)]).toEqual([65504, 1, 0, -1, 65504, 1, 0, -1, -65536, 1, 0, 0]);
  expect([...back.subarray(12)]).toEqual([2 ** -14, 0, 0, 0, -(2 ** -15), 0, 2 ** -24, 2 ** -30]);
  expect(beyond[1]).toBe(5 + 2);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "a row with %d is no number afterwards, others are as they were",
  async (bad) => {
    const values = randomArray(3 * 8, 1, 300);
    const expected = roundToF16(values).fill(Number.NaN, 8, 16);
    values[11] = bad;
    const { back, beyond } = await roundTrip(values, 3);
    expect(back).toEqual(expected);
    // The loss or the gradients tell of it.
    expect(beyond[1]).toBe(5);
  },
);

test("rows behind the last stay as they are", async () => {
  const x = bench.arena.upload("x", new Float32Array(16).fill(3));
  const half = bench.arena.upload("half", new Uint32Array(8));
  const scales = bench.arena.upload("scales", new Float32Array(2).fill(1));
  await bench.run((r) => unpackHalf(r, { x, half, scales, size: 8, rows: 1 }), []);
  const beyond = bench.arena.tensor("beyond", 1);
  const [left, words, kept] = await bench.run(
    (r) =>
      packHalf(r, {
        x: bench.arena.upload("x", new Float32Array(16).fill(1e9)),
        half,
        scales,
        beyond,
        counter: 0,
        size: 8,
        rows: 1,
      }),
    [x, half, scales],
  );
  expect([...left!]).toEqual([...Array(8).fill(0), ...Array(8).fill(3)]);
  expect([...words!.subarray(4)]).toEqual([0, 0, 0, 0]);
  expect([...kept!]).toEqual([2 ** 15, 1]);
});

test("rows that are no multiple of four values are refused", async () => {
  const x = bench.arena.tensor("x", 6);
  const half = { x, half: x, scales: x, beyond: x, counter: 0, size: 6, rows: 1 };
  await expect(bench.run((r) => packHalf(r, half), [])).rejects.toThrow("rows of 6");
});
