import { expect, test } from "vitest";
import type { Dims } from "../../gpu/program.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { ropeBackward, ropeForward, ropeFrequencies, ropeTable, rotaryTable } from "./rope.ts";

/**
 * apply_rotary_pos_emb of transformers, in f64, on a packed projection whose row 0 has the positions of row `past`: each pair turns by
 * the one that `axes` says.
 */
function reference(qkv: Float32Array, positions: ArrayLike<number>, c: Case, sign: number): Float64Array {
  const { heads, kvHeads, headSize, rows, past, theta, axes } = c;
  const count = axesOf(c);
  const out = Float64Array.from(qkv);
  const half = headSize / 2;
  for (let row = 0; row < rows; row++) {
    for (let h = 0; h < heads + kvHeads; h++) {
      const at = (row * (heads + 2 * kvHeads) + h) * headSize;
      for (let i = 0; i < half; i++) {
        const angle = positions[(past + row) * count + (axes?.[i] ?? 0)]! * theta ** ((-2 * i) / headSize);
        const [cos, sin] = [Math.cos(angle), sign * Math.sin(angle)];
        out[at + i] = qkv[at + i]! * cos - qkv[at + half + i]! * sin;
        out[at + half + i] = qkv[at + half + i]! * cos + qkv[at + i]! * sin;
      }
    }
  }
  return out;
}

interface Case {
  heads: number;
  kvHeads: number;
  headSize: number;
  rows: number;
  past: number;
  theta: number;
  axes?: number[];
}

/** Qwen3-VL's: time, row and column by turns; behind the shorter sections time alone. transformers: apply_interleaved_mrope. */
const interleaved = (pairs: number, section: number): number[] =>
  Array.from({ length: pairs }, (_, i) => (i < 3 * section ? i % 3 : 0));
const axesOf = ({ axes }: Case): number => (axes ? Math.max(...axes) + 1 : 1);

const cases: Case[] = [
  { heads: 6, kvHeads: 2, headSize: 32, rows: 65, past: 0, theta: 10000 },
  { heads: 8, kvHeads: 1, headSize: 64, rows: 1, past: 7, theta: 1e6 },
  { heads: 2, kvHeads: 2, headSize: 80, rows: 13, past: 3, theta: 10000 },
  { heads: 4, kvHeads: 2, headSize: 32, rows: 33, past: 5, theta: 5e6, axes: interleaved(16, 5) },
  { heads: 2, kvHeads: 2, headSize: 16, rows: 9, past: 0, theta: 10000, axes: [0, 0, 0, 0, 1, 1, 1, 1] },
];

const problem = (c: Case) => ({
  x: randomArray(c.rows * (c.heads + 2 * c.kvHeads) * c.headSize, 1),
  positions: Uint32Array.from({ length: (c.past + c.rows) * axesOf(c) }, (_, i) => (i * 7) % 100),
});
const tableOf = (c: Case): Float32Array<ArrayBuffer> => ropeTable(100, c.headSize, c.theta, c.axes);

test.each(cases)(
  "rotates q and k of $heads/$kvHeads heads of $headSize, $rows rows, and back",
  async ({ past: _, ...rest }) => {
    const bench = await testBench();
    const c = { ...rest, past: 0 };
    const { x, positions } = problem(c);
    const qkv = bench.arena.upload("qkv", x);
    const op = {
      ...c,
      qkv,
      positions: bench.arena.upload("positions", positions),
      table: bench.arena.upload("table", tableOf(c)),
      axes: axesOf(c),
    };
    const [there] = await bench.run((r) => ropeForward(r, op), [qkv]);
    // The table's f32 angles differ from the reference's f64 ones by up to 100 * 2^-24.
    expect(relativeError(there!, reference(x, positions, c, 1))).toBeLessThan(3e-6);
    const [back] = await bench.run((r) => ropeBackward(r, op), [qkv]);
    expect(relativeError(back!, x)).toBeLessThan(2e-7);
  },
);

test.each(cases)("$rows rows behind $past of a cache of $kvHeads key heads: keys and values go there", async (c) => {
  const bench = await testBench();
  const { x, positions } = problem(c);
  const before = randomArray((c.past + c.rows + 1) * 2 * c.kvHeads * c.headSize, 2);
  const [qkv, kv] = [bench.arena.upload("qkv", x), bench.arena.upload("kv", before)];
  const op = {
    ...c,
    qkv,
    cache: { kv, past: (d: Dims<"past">) => d.past },
    positions: bench.arena.upload("positions", positions),
    table: bench.arena.upload("table", tableOf(c)),
    axes: axesOf(c),
  };
  const [there, cached] = await bench.run((r) => ropeForward(r, op), [qkv, kv], { past: c.past });
  const expected = reference(x, positions, c, 1);
  const width = (c.heads + 2 * c.kvHeads) * c.headSize;
  const isQuery = (_: unknown, i: number) => i % width < c.heads * c.headSize;
  const isCached = (_: unknown, i: number) => !isQuery(_, i);
  expect(relativeError(there!.filter(isQuery), expected.filter(isQuery))).toBeLessThan(3e-6);
  const kvWidth = 2 * c.kvHeads * c.headSize;
  const rows = cached!.subarray(c.past * kvWidth, (c.past + c.rows) * kvWidth);
  expect(relativeError(rows, expected.filter(isCached))).toBeLessThan(3e-6);
  // Rows before and behind stay as they were.
  expect(cached!.subarray(0, c.past * kvWidth)).toEqual(before.subarray(0, c.past * kvWidth));
  expect(cached!.subarray((c.past + c.rows) * kvWidth)).toEqual(before.subarray((c.past + c.rows) * kvWidth));
});

test.each([cases[0]!, cases[3]!])("the backward rotation is the gradient: <dy, R x> = <R^T dy, x>", async (given) => {
  const bench = await testBench();
  const c = { ...given, rows: 3, past: 0 };
  const length = c.rows * (c.heads + 2 * c.kvHeads) * c.headSize;
  const x = randomArray(length, 1);
  const dy = randomArray(length, 2);
  const shared = {
    ...c,
    positions: bench.arena.upload(
      "positions",
      Uint32Array.of(0, 50, 99, 3, 70, 2, 11, 1, 98).subarray(0, 3 * axesOf(c)),
    ),
    table: bench.arena.upload("table", tableOf(c)),
    axes: axesOf(c),
  };
  const gx = bench.arena.upload("x", x);
  const gdy = bench.arena.upload("dy", dy);
  const [y, dx] = await bench.run(
    (r) => {
      ropeForward(r, { ...shared, qkv: gx });
      ropeBackward(r, { ...shared, qkv: gdy });
    },
    [gx, gdy],
  );
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  expect(Math.abs(dot(dy, y!) - dot(dx!, x))).toBeLessThan(1e-4);
});

test("the table has PyTorch's float32 angles", () => {
  const table = ropeTable(2049, 64, 10000);
  // torch.cos / torch.sin of float32(2048 * 0.7498942017555237) and of 2048 itself.
  const at = (position: number, i: number) => [...table.slice((position * 32 + i) * 2, (position * 32 + i) * 2 + 2)];
  expect(at(0, 5)).toEqual([1, 0]);
  expect(at(2048, 0)).toEqual([Math.fround(Math.cos(2048)), Math.fround(Math.sin(2048))]);
  const angle = Math.fround(2048 * Math.fround(0.7498942017555237));
  expect(at(2048, 1)).toEqual([Math.fround(Math.cos(angle)), Math.fround(Math.sin(angle))]);
  expect(() => ropeTable(4, 33, 10000)).toThrow(/head size 33/);
});

test("behind the table's rows stands which position each pair turns by", () => {
  const frequencies = ropeFrequencies(8, 10000);
  const [plain, table] = [rotaryTable(5, frequencies), rotaryTable(5, frequencies, [0, 1, 2, 0])];
  expect([...frequencies]).toEqual([1, Math.fround(0.1), Math.fround(0.01), Math.fround(0.001)]);
  expect(table.subarray(0, plain.length)).toEqual(plain);
  expect([...table.subarray(plain.length)]).toEqual([0, 0, 1, 0, 2, 0, 0, 0]);
});
