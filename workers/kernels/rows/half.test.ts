import { expect, test } from "vitest";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { roundToF16 } from "../../weights/formats/dtype.ts";
import { halfWords, packHalf, unpackHalf } from "./half.ts";

const bench = await testBench();

async function roundTrip(values: Float32Array, rows: number): Promise<Float32Array> {
  const size = values.length / rows;
  const x = bench.arena.upload("x", values);
  const half = bench.arena.tensor("half", halfWords(values.length));
  const back = bench.arena.tensor("back", values.length);
  const [result] = await bench.run(
    (r) => {
      packHalf(r, { x, half, size, rows: (d) => d.rows });
      unpackHalf(r, { x: back, half, size, rows: (d) => d.rows });
    },
    [back],
    { rows },
  );
  return result!;
}

test.each([
  { rows: 1, size: 4 },
  { rows: 3, size: 68 },
  { rows: 65, size: 12 },
])("there and back is the nearest f16: %o", async ({ rows, size }) => {
  const values = randomArray(rows * size, 1, 300);
  expect(await roundTrip(values, rows)).toEqual(roundToF16(values));
});

test("what f16 cannot hold becomes its largest number, zero stays zero", async () => {
  const values = Float32Array.of(0, 65504, 65519, 1e30, -1e30, -65504, 2 ** -14, 1 + 2 ** -11);
  expect([...(await roundTrip(values, 2))]).toEqual([0, 65504, 65504, 65504, -65504, -65504, 2 ** -14, 1]);
});

test("rows behind the last stay as they are", async () => {
  const x = bench.arena.upload("x", new Float32Array(16).fill(3));
  const half = bench.arena.upload("half", new Uint32Array(8));
  await bench.run((r) => unpackHalf(r, { x, half, size: 8, rows: 1 }), []);
  const [left] = await bench.run(() => {}, [x]);
  expect([...left!]).toEqual([...Array(8).fill(0), ...Array(8).fill(3)]);
});

test("rows that are no multiple of four values are refused", async () => {
  const x = bench.arena.tensor("x", 6);
  await expect(bench.run((r) => packHalf(r, { x, half: x, size: 6, rows: 1 }), [])).rejects.toThrow("rows of 6");
});
