import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { numericalGradient } from "../../testing/numerical-gradient.ts";
import { swigluReference } from "./reference.ts";
import { swigluBackward, swigluForward } from "./swiglu.ts";

const bench = await testBench();

test.each([
  { rows: 1, size: 1 },
  { rows: 3, size: 63 },
  { rows: 2, size: 65 },
  { rows: 7, size: 11 },
])("forward and backward: %o", async ({ rows, size }) => {
  const gateUp = randomArray(rows * 2 * size, 1, 6);
  const dy = randomArray(rows * size, 2);
  const y = bench.arena.tensor("y", rows * size);
  const record = () => {
    const x = bench.arena.upload("gateUp", gateUp);
    return bench.run(
      (r) => {
        swigluForward(r, { y, gateUp: x, size, rows: (d) => d.rows });
        swigluBackward(r, { dy: bench.arena.upload("dy", dy), gateUp: x, size, rows: (d) => d.rows });
      },
      [y, x],
      { rows },
    );
  };
  const [actual, gradient] = await record();
  expect(relativeError(actual!, swigluReference(gateUp, rows, size))).toBeLessThan(1e-6);
  const objective = (point: Float64Array) =>
    swigluReference(point, rows, size).reduce((sum, value, i) => sum + value * dy[i]!, 0);
  expect(relativeError(gradient!, numericalGradient(objective, gateUp))).toBeLessThan(1e-6);
  expect(await record()).toEqual([actual, gradient]);
});

test("gates far out neither overflow nor lose their limit", async () => {
  const y = bench.arena.tensor("y", 4);
  const gateUp = bench.arena.upload("gateUp", Float32Array.of(200, -200, 1e30, -1e30, 1, 1, 1, 1));
  const dy = bench.arena.upload("dy", Float32Array.of(1, 1, 1, 1));
  const [out, gradient] = await bench.run(
    (r) => {
      swigluForward(r, { y, gateUp, size: 4, rows: 1 });
      swigluBackward(r, { dy, gateUp, size: 4, rows: 1 });
    },
    [y, gateUp],
  );
  expect([...out!].map((value) => value + 0)).toEqual([200, 0, Math.fround(1e30), 0]);
  expect([...gradient!].map((value) => value + 0)).toEqual([1, 0, 1, 0, 200, 0, Math.fround(1e30), 0]);
});
