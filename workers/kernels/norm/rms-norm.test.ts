import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { rmsNormReference, rmsNormReferenceBackward } from "./reference.ts";
import { rmsNormBackward, rmsNormForward } from "./rms-norm.ts";

const eps = 1e-5;
const shapes = [
  { rows: 1, size: 1 },
  { rows: 1, size: 2048 },
  { rows: 63, size: 65 },
  { rows: 101, size: 192 },
];

async function setup(rows: number, size: number) {
  const bench = await testBench();
  const data = {
    x: randomArray(rows * size, 1, 3),
    dy: randomArray(rows * size, 2),
    weight: randomArray(size, 3),
  };
  const { arena } = bench;
  const tensors = {
    x: arena.upload("x", data.x),
    dy: arena.upload("dy", data.dy),
    weight: arena.upload("weight", data.weight),
    y: arena.tensor("y", rows * size),
    rstd: arena.tensor("rstd", rows),
    dx: arena.tensor("dx", rows * size),
  };
  return { bench, data, tensors };
}

test.each(shapes)("forward and backward of $rows x $size against the reference, twice the same", async (shape) => {
  const { bench, data, tensors } = await setup(shape.rows, shape.size);
  const both = () =>
    bench.run(
      (r) => {
        rmsNormForward(r, { ...tensors, ...shape, eps });
        rmsNormBackward(r, { ...tensors, ...shape, accumulate: 0 });
      },
      [tensors.y, tensors.rstd, tensors.dx],
    );
  const first = await both();
  const { y, rstd } = rmsNormReference(data.x, data.weight, shape.rows, eps);
  expect(relativeError(first[0]!, y)).toBeLessThan(1e-6);
  expect(relativeError(first[1]!, rstd)).toBeLessThan(1e-6);
  // With one element dx is almost nothing: x * rsqrt(x²) hardly moves, and what f32 leaves of it is rounding.
  const dx = rmsNormReferenceBackward(data.dy, data.x, data.weight, shape.rows, eps);
  if (shape.size > 1) expect(relativeError(first[2]!, dx)).toBeLessThan(2e-6);
  else expect(Math.abs(first[2]![0]! - dx[0]!)).toBeLessThan(1e-6);
  expect(await both()).toEqual(first);
});

test("gather reads rows of x, scatter adds the gradient to those rows and leaves the others", async () => {
  const size = 48;
  const picked = Uint32Array.from([5, 0, 3]);
  const { bench, data, tensors } = await setup(7, size);
  const rows = picked.length;
  const index = bench.arena.upload("index", picked);
  const dx = bench.arena.upload("dx", new Float32Array(7 * size).fill(10));
  const [y, got] = await bench.run(
    (r) => {
      rmsNormForward(r, { ...tensors, size, eps, rows, gather: index });
      rmsNormBackward(r, { ...tensors, dx, size, rows, accumulate: (d) => d.add, scatter: index });
    },
    [tensors.y, dx],
    { add: 1 },
  );
  const x = Float32Array.from(Array.from(picked).flatMap((row) => [...data.x.slice(row * size, (row + 1) * size)]));
  expect(relativeError(y!.slice(0, rows * size), rmsNormReference(x, data.weight, rows, eps).y)).toBeLessThan(1e-6);
  const expected = new Float64Array(7 * size).fill(10);
  const gradient = rmsNormReferenceBackward(data.dy, x, data.weight, rows, eps);
  picked.forEach((row, m) => {
    for (let i = 0; i < size; i++) expected[row * size + i]! += gradient[m * size + i]!;
  });
  expect(relativeError(got!, expected)).toBeLessThan(1e-6);
  expect([...got!.slice(size, 3 * size)]).toEqual(new Array(2 * size).fill(10));
});

test("xRow reads from a later row", async () => {
  const { bench, data, tensors } = await setup(4, 16);
  const [y] = await bench.run(
    (r) => rmsNormForward(r, { ...tensors, size: 16, eps, rows: 1, xRow: (d) => d.past }),
    [tensors.y],
    { past: 3 },
  );
  const expected = rmsNormReference(data.x.slice(48), data.weight, 1, eps).y;
  expect(relativeError(y!.slice(0, 16), expected)).toBeLessThan(1e-6);
});

test("the reference gradient is the slope of the reference", () => {
  const [x, dy, weight] = [randomArray(2 * 5, 1), randomArray(2 * 5, 2), randomArray(5, 3)];
  const loss = (at: Float64Array) => rmsNormReference(at, weight, 2, eps).y.reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const dx = rmsNormReferenceBackward(dy, x, weight, 2, eps);
  const slope = Float64Array.from(x, (value, i) => {
    const at = (h: number) => loss(Float64Array.from(x).with(i, value + h));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
  expect(relativeError(dx, slope)).toBeLessThan(1e-7);
});
