import { expect, test } from "vitest";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { type DropoutMask, dropout } from "./dropout.ts";
import { dropoutFactor } from "./reference.ts";

const bench = await testBench();
const mask = { rate: 0.3, seed: 42, site: 7, step: 3 };

async function run(x: Float32Array, size: number, m: DropoutMask, onto?: Float32Array): Promise<Float32Array> {
  const y = onto ? bench.arena.upload("y", onto) : bench.arena.tensor("y", x.length);
  const [out] = await bench.run(
    (r) =>
      dropout(r, {
        ...m,
        y,
        x: bench.arena.upload("x", x),
        size,
        rows: x.length / size,
        accumulate: onto !== undefined,
      }),
    [y],
  );
  return out!;
}

test.each([
  [1, 4],
  [3, 20],
  [67, 132],
])("%i x %i: the reference's mask, bit for bit, also added on top", async (rows, size) => {
  const x = randomArray(rows * size, 1);
  const expected = x.map((value, i) => {
    const factor = dropoutFactor(mask, size, 5 + Math.floor(i / size), i % size);
    return factor === 0 ? 0 : Math.fround(value * Math.fround(factor));
  });
  expect(await run(x, size, { ...mask, firstRow: 5 })).toEqual(expected);
  const onto = randomArray(rows * size, 2);
  // A fused multiply-add may round once where we round twice.
  const added = await run(x, size, { ...mask, firstRow: 5 }, onto);
  const worst = Math.max(...added.map((value, i) => Math.abs(value - onto[i]! - expected[i]!)));
  expect(worst).toBeLessThan(1e-6);
});

test("a part of the rows has the part of the mask", async () => {
  const ones = new Float32Array(40 * 16).fill(1);
  const whole = await run(ones, 16, { ...mask, firstRow: 0 });
  expect(await run(ones.slice(0, 12 * 16), 16, { ...mask, firstRow: 28 })).toEqual(whole.slice(28 * 16));
});

test("it keeps 1 - rate of the elements, the mean, and sites, steps and seeds share nothing", async () => {
  const ones = new Float32Array(500 * 64).fill(1);
  const base = await run(ones, 64, { ...mask, firstRow: 0 });
  const kept = base.filter((value) => value !== 0).length / base.length;
  // Four standard errors of 32,000 draws.
  expect(Math.abs(kept - 0.7)).toBeLessThan(4 * Math.sqrt(0.21 / base.length));
  expect(base.reduce((sum, value) => sum + value, 0) / base.length).toBeCloseTo(1, 1);
  for (const other of [{ site: 8 }, { step: 4 }, { seed: 43 }]) {
    const out = await run(ones, 64, { ...mask, firstRow: 0, ...other });
    const same = out.filter((value, i) => (value === 0) === (base[i] === 0)).length / out.length;
    expect(Math.abs(same - (0.7 * 0.7 + 0.3 * 0.3))).toBeLessThan(0.02);
  }
});

test("rate 0 changes nothing", async () => {
  const x = randomArray(64, 3);
  expect(await run(x, 16, { ...mask, rate: 0, firstRow: 0 })).toEqual(x);
});
