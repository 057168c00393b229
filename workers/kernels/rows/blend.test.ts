import { expect, test } from "vitest";
import { random, randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { type Blend, blendRows, noBlend, transposed } from "./blend.ts";

const bench = await testBench();

/** Random sums of rows of x; a row of x goes into four of them at most, the last row of x into none. */
function randomBlend(sums: number, xRows: number): Blend {
  const next = random(sums);
  const blend = noBlend(sums);
  const used = new Uint8Array(xRows);
  for (let i = 0; i < sums; i++) {
    const taps = Math.floor(next() * 5);
    for (let k = 0; k < taps; k++) {
      const row = Math.floor(next() * (xRows - 1));
      const first = k === 0 || blend.rows[4 * i + k - 1]! >= 0;
      if (!first || used[row] === 4) break;
      used[row]! += 1;
      blend.rows[4 * i + k] = row;
      blend.weights[4 * i + k] = next() - 0.5;
    }
  }
  return blend;
}

function reference(y: ArrayLike<number>, x: ArrayLike<number>, b: Blend, size: number, accumulate: boolean) {
  const out = Float64Array.from(y);
  for (let i = 0; i < b.rows.length / 4; i++) {
    if (b.rows[4 * i]! < 0) continue;
    for (let c = 0; c < size; c++) {
      let sum = accumulate ? out[i * size + c]! : 0;
      for (let k = 4 * i; k < 4 * i + 4; k++) if (b.rows[k]! >= 0) sum += b.weights[k]! * x[b.rows[k]! * size + c]!;
      out[i * size + c] = sum;
    }
  }
  return out;
}

async function blended(y: Float32Array, x: Float32Array, b: Blend, size: number, accumulate: boolean) {
  const to = bench.arena.upload("y", y);
  const table = { rows: bench.arena.upload("rows", b.rows), weights: bench.arena.upload("weights", b.weights) };
  const from = bench.arena.upload("x", x);
  const [out] = await bench.run(
    (r) => blendRows(r, { y: to, x: from, table, size, rows: b.rows.length / 4, accumulate }),
    [to],
  );
  return out!;
}

test.each([
  [1, 2, 1, false],
  [9, 5, 7, false],
  [33, 40, 65, true],
])("%i sums of %i rows of %i values, added to: %s", async (sums, xRows, size, accumulate) => {
  const b = randomBlend(sums, xRows);
  const [x, y] = [randomArray(xRows * size, 1), randomArray(sums * size, 2)];
  const out = await blended(y, x, b, size, accumulate);
  expect(relativeError(out, reference(y, x, b, size, accumulate))).toBeLessThan(1e-6);
  // What has no sum is untouched.
  for (let i = 0; i < sums; i++) {
    if (b.rows[4 * i]! < 0) expect(out.slice(i * size, (i + 1) * size)).toEqual(y.slice(i * size, (i + 1) * size));
  }
  expect(await blended(y, x, b, size, accumulate)).toEqual(out);
});

test("the transposed sums are the gradient: the slope of the reference, whole and in two halves", async () => {
  const [sums, xRows, size] = [12, 8, 3];
  const b = randomBlend(sums, xRows);
  const [x, dy, start] = [randomArray(xRows * size, 1), randomArray(sums * size, 2), randomArray(xRows * size, 3)];
  const zero = new Float32Array(sums * size);
  const loss = (at: ArrayLike<number>) =>
    reference(zero, at, b, size, false).reduce((sum, value, i) => sum + value * dy[i]!, 0);
  const slopes = x.map((value, i) => {
    const moved = (by: number) => loss(Float64Array.from(x, (v, j) => (j === i ? value + by : v)));
    return (moved(1e-3) - moved(-1e-3)) / 2e-3;
  });
  const expected = slopes.map((slope, i) => start[i]! + slope);
  expect(relativeError(await blended(start, dy, transposed(b, 0, xRows), size, true), expected)).toBeLessThan(1e-6);
  const half = size * 4;
  const parts = [
    await blended(start.slice(0, half), dy, transposed(b, 0, 4), size, true),
    await blended(start.slice(half), dy, transposed(b, 4, 4), size, true),
  ];
  expect(relativeError([...parts[0]!, ...parts[1]!], expected)).toBeLessThan(1e-6);
});

test("a row that goes into five sums cannot be brought back", () => {
  const b = noBlend(5);
  for (let i = 0; i < 5; i++) b.rows[4 * i] = 2;
  expect(() => transposed(b, 0, 3)).toThrow(/row 2 goes into more than 4 sums/);
});
