import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { layerNormBackward, layerNormForward } from "./layer-norm.ts";
import { layerNormReference, layerNormReferenceBackward } from "./reference.ts";

const eps = 1e-5;
const shapes = [
  { rows: 1, size: 1024, offset: 0 },
  { rows: 63, size: 65, offset: 0 },
  { rows: 101, size: 48, offset: 0 },
  // Far from zero: a variance by E[x²] - E[x]² would be lost here.
  { rows: 5, size: 128, offset: 100 },
];

test.each(shapes)(
  "forward and backward of $rows x $size about $offset, twice the same",
  async ({ offset, ...shape }) => {
    const bench = await testBench();
    const { rows, size } = shape;
    const data = {
      x: randomArray(rows * size, 1).map((v) => v + offset),
      dy: randomArray(rows * size, 2),
      weight: randomArray(size, 3),
      bias: randomArray(size, 4),
      before: randomArray(rows * size, 5),
    };
    const { arena } = bench;
    const tensors = {
      x: arena.upload("x", data.x),
      dy: arena.upload("dy", data.dy),
      weight: arena.upload("weight", data.weight),
      bias: arena.upload("bias", data.bias),
      y: arena.tensor("y", rows * size),
      mean: arena.tensor("mean", rows),
      rstd: arena.tensor("rstd", rows),
      dx: arena.tensor("dx", rows * size),
    };
    const sum = arena.upload("sum", data.before);
    const both = () =>
      bench.run(
        (r) => {
          layerNormForward(r, { ...tensors, ...shape, eps });
          layerNormBackward(r, { ...tensors, ...shape, accumulate: 0 });
        },
        [tensors.y, tensors.mean, tensors.rstd, tensors.dx],
      );
    const first = await both();
    const { y, mean, rstd } = layerNormReference(data.x, data.weight, data.bias, rows, eps);
    const dx = layerNormReferenceBackward(data.dy, data.x, data.weight, rows, eps);
    // The mean of numbers near `offset` is right to a few units in its last place, which is much beside a spread of 1.
    const limit = offset === 0 ? 1e-6 : 2e-5;
    expect(relativeError(first[0]!, y)).toBeLessThan(limit);
    expect(relativeError(first[1]!, mean)).toBeLessThan(1e-6);
    expect(relativeError(first[2]!, rstd)).toBeLessThan(limit);
    expect(relativeError(first[3]!, dx)).toBeLessThan(limit);
    expect(await both()).toEqual(first);

    const [added] = await bench.run(
      (r) => layerNormBackward(r, { ...tensors, ...shape, dx: sum, accumulate: 1 }),
      [sum],
    );
    expect(
      relativeError(
        added!,
        dx.map((v, i) => v + data.before[i]!),
      ),
    ).toBeLessThan(limit);
  },
);

test("the reference gradient is the slope of the reference", () => {
  const [x, dy, weight, bias] = [randomArray(14, 1), randomArray(14, 2), randomArray(7, 3), randomArray(7, 4)];
  const loss = (at: Float64Array) =>
    layerNormReference(at, weight, bias, 2, eps).y.reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const dx = layerNormReferenceBackward(dy, x, weight, 2, eps);
  const slope = Float64Array.from(x, (value, i) => {
    const at = (h: number) => loss(Float64Array.from(x).with(i, value + h));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
  expect(relativeError(dx, slope)).toBeLessThan(1e-7);
});
