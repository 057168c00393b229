import { expect, test } from "vitest";
import { Recorder } from "../../gpu/program.ts";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { copyRows, scatterRows, zero } from "./copy.ts";

const bench = await testBench();

test("a copy beyond 65,535 workgroups reaches the last element", async () => {
  const count = 65_535 * 64 + 65;
  const y = bench.arena.tensor("y", count);
  const x = bench.arena.upload("x", new Float32Array(count).fill(3));
  const [out] = await bench.run((r) => copyRows(r, { y, x, size: 1, rows: count }), [y]);
  expect(out!.every((value) => value === 3)).toBe(true);
});

test.each([
  { size: 1, rows: 65, xRow: 0, yRow: 0 },
  { size: 63, rows: 3, xRow: 2, yRow: 1 },
  { size: 67, rows: 5, xRow: 0, yRow: 4 },
])("rows are copied: %o", async ({ size, rows, xRow, yRow }) => {
  const x = randomArray((xRow + rows) * size, 3);
  const y = bench.arena.tensor("y", (yRow + rows + 1) * size);
  const [out] = await bench.run(
    (r) => copyRows(r, { y, x: bench.arena.upload("x", x), size, rows: (d) => d.rows, xRow, yRow }),
    [y],
    { rows },
  );
  const expected = new Float32Array(y.length);
  expected.set(x.subarray(xRow * size), yRow * size);
  expect(out).toEqual(expected);
});

test("words are copied bit by bit, NaN payloads too", async () => {
  const bits = Uint32Array.of(0x7fc12345, 0xffffffff, 0x80000000, 1);
  const y = bench.arena.tensor("y", 4);
  const [out] = await bench.run((r) => copyRows(r, { y, x: bench.arena.upload("x", bits), size: 4, rows: 1 }), [y]);
  expect(new Uint32Array(out!.buffer)).toEqual(bits);
});

test.each([1, 65])("gather, and scatter as its transpose, rows of %i", async (size) => {
  const index = Uint32Array.of(6, 0, 3, 5);
  const x = randomArray(9 * size, 4);
  const index_ = bench.arena.upload("index", index);
  const gathered = bench.arena.tensor("gathered", 6 * size);
  const back = bench.arena.upload("back", new Float32Array(9 * size).fill(1));
  const added = bench.arena.upload("added", new Float32Array(9 * size).fill(1));
  const [g, b, a] = await bench.run(
    (r) => {
      copyRows(r, { y: gathered, x: bench.arena.upload("x", x), gather: index_, size, rows: 4, xRow: 2, yRow: 1 });
      scatterRows(r, { y: back, x: gathered, index: index_, size, rows: 4 });
      scatterRows(r, { y: added, x: gathered, index: index_, size, rows: 4, accumulate: true });
    },
    [gathered, back, added],
  );
  const row = (all: Float32Array, i: number) => all.slice(i * size, (i + 1) * size);
  const nothing = new Float32Array(size);
  const ones = new Float32Array(size).fill(1);
  expect(row(g!, 0)).toEqual(nothing);
  expect(row(g!, 5)).toEqual(nothing);
  index.forEach((from, i) => {
    expect(row(g!, 1 + i)).toEqual(row(x, 2 + from));
  });
  index.forEach((to, i) => {
    expect(row(b!, to)).toEqual(row(g!, i));
    expect(row(a!, to)).toEqual(row(g!, i).map((value) => value + 1));
  });
  for (const untouched of [1, 2, 4, 7, 8]) expect(row(a!, untouched)).toEqual(ones);
});

test("zero clears what it is told to; a count of 0 is skipped", async () => {
  const x = bench.arena.upload("x", new Float32Array(70).fill(2));
  const recorder = new Recorder<"count">();
  zero(recorder, { x, count: (d) => d.count });
  const program = await recorder.build(bench.arena, bench.pipelines);
  await program.run({ count: 0 }, { flopsPerSecond: 1e9 });
  const [kept] = await bench.run(() => {}, [x]);
  expect(kept).toEqual(new Float32Array(70).fill(2));
  await program.run({ count: 67 }, { flopsPerSecond: 1e9 });
  const [cleared] = await bench.run(() => {}, [x]);
  expect(cleared).toEqual(new Float32Array(70).fill(2, 67));
});
