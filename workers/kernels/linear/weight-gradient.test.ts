import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { forwardReference } from "./reference.ts";
import { linearWeightGradient } from "./weight-gradient.ts";

const bench = await testBench();

/** In f64: dW [out, in] and db [out]. */
function reference(dy: ArrayLike<number>, x: ArrayLike<number>, rows: number, out: number, inSize: number) {
  const dW = new Float64Array(out * inSize);
  const db = new Float64Array(out);
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < out; n++) {
      const d = dy[m * out + n]!;
      db[n]! += d;
      for (let k = 0; k < inSize; k++) dW[n * inSize + k]! += d * x[m * inSize + k]!;
    }
  }
  return { dW, db };
}

test.each([
  [1, 1, 4],
  [7, 9, 20],
  [65, 68, 132],
  [130, 33, 516],
])("%i rows, %i x %i: the reference, added on top, and twice the same", async (rows, out, inSize) => {
  const { arena } = bench;
  const data = { dy: randomArray(rows * out, 1), x: randomArray(rows * inSize, 2) };
  const onto = { dW: randomArray(out * inSize, 3), db: randomArray(out, 4) };
  const dy = arena.upload("dy", data.dy);
  const x = arena.upload("x", data.x);
  const run = async (accumulate: 0 | 1) => {
    const dW = arena.upload("dW", onto.dW);
    const db = arena.upload("db", onto.db);
    return bench.run((r) => linearWeightGradient(r, { dW, db, dy, x, out, in: inSize, accumulate, rows }), [dW, db]);
  };
  const expected = reference(data.dy, data.x, rows, out, inSize);
  const set = await run(0);
  expect(relativeError(set[0]!, expected.dW)).toBeLessThan(1e-6);
  expect(relativeError(set[1]!, expected.db)).toBeLessThan(1e-6);
  const added = await run(1);
  expect(
    relativeError(
      added[0]!,
      expected.dW.map((v, i) => v + onto.dW[i]!),
    ),
  ).toBeLessThan(1e-6);
  expect(
    relativeError(
      added[1]!,
      expected.db.map((v, i) => v + onto.db[i]!),
    ),
  ).toBeLessThan(1e-6);
  expect(await run(0)).toEqual(set);
  const alone = arena.upload("dW", onto.dW);
  const [without] = await bench.run(
    (r) => linearWeightGradient(r, { dW: alone, dy, x, out, in: inSize, accumulate: 0, rows }),
    [alone],
  );
  expect(without).toEqual(set[0]);
});

test("the reference gradient is the slope of a linear with a bias", () => {
  const [rows, out, inSize] = [3, 4, 5];
  const [x, dy] = [randomArray(rows * inSize, 1), randomArray(rows * out, 2)];
  const [w, b] = [Float64Array.from(randomArray(out * inSize, 3)), Float64Array.from(randomArray(out, 4))];
  const loss = (weight: Float64Array, bias: Float64Array) =>
    forwardReference(x, weight, { rows, out, inSize, bias }).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const slope = (at: Float64Array, of: (moved: Float64Array) => number) =>
    Float64Array.from(at, (value, i) => (of(at.with(i, value + 1e-4)) - of(at.with(i, value - 1e-4))) / 2e-4);
  const { dW, db } = reference(dy, x, rows, out, inSize);
  expect(
    relativeError(
      dW,
      slope(w, (moved) => loss(moved, b)),
    ),
  ).toBeLessThan(1e-8);
  expect(
    relativeError(
      db,
      slope(b, (moved) => loss(w, moved)),
    ),
  ).toBeLessThan(1e-8);
});
