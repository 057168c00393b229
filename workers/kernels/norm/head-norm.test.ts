import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { headNormBackward, headNormForward } from "./head-norm.ts";
import { headNormReference, headNormReferenceBackward } from "./reference.ts";

const eps = 1e-6;
const bench = await testBench();
const shapes = [
  { heads: 1, kvHeads: 1, headSize: 2, rows: 1 },
  { heads: 6, kvHeads: 2, headSize: 33, rows: 7 },
  { heads: 16, kvHeads: 8, headSize: 128, rows: 5 },
];

function problem({ heads, kvHeads, headSize, rows }: (typeof shapes)[number]) {
  const length = rows * (heads + 2 * kvHeads) * headSize;
  const data = {
    x: randomArray(length, 1, 3),
    dy: randomArray(length, 2),
    queryWeight: randomArray(headSize, 3),
    keyWeight: randomArray(headSize, 4),
  };
  // A weight of nothing gives no value to divide by: the way back must not.
  data.queryWeight[1] = 0;
  return data;
}

test.each(shapes)(
  "$heads/$kvHeads heads of $headSize, $rows rows, forward and backward against the reference, twice the same",
  async (shape) => {
    const { x, dy, queryWeight, keyWeight } = problem(shape);
    const { arena } = bench;
    const both = () => {
      const op = {
        ...{ ...shape, eps, x: arena.upload("x", x) },
        queryWeight: arena.upload("q", queryWeight),
        keyWeight: arena.upload("k", keyWeight),
      };
      const [y, dQkv] = [arena.tensor("y", x.length), arena.upload("dQkv", dy)];
      return bench.run(
        (r) => {
          headNormForward(r, { ...op, y });
          headNormBackward(r, { ...op, dQkv });
        },
        [y, dQkv, op.x],
      );
    };
    const first = await both();
    const [y, dQkv, kept] = first;
    expect(relativeError(y!, headNormReference(x, queryWeight, keyWeight, shape, eps))).toBeLessThan(1e-6);
    const gradient = headNormReferenceBackward(dy, x, queryWeight, keyWeight, shape, eps);
    expect(relativeError(dQkv!, gradient)).toBeLessThan(2e-6);
    expect(kept).toEqual(x);
    expect(await both()).toEqual(first);
  },
);

test("values go through as they are, and so does their gradient", async () => {
  const shape = shapes[1]!;
  const { x, dy, queryWeight, keyWeight } = problem(shape);
  const { arena } = bench;
  const op = {
    ...{ ...shape, eps, x: arena.upload("x", x) },
    queryWeight: arena.upload("q", queryWeight),
    keyWeight: arena.upload("k", keyWeight),
  };
  const [y, dQkv] = [arena.tensor("y", x.length), arena.upload("dQkv", dy)];
  const [there, back] = await bench.run(
    (r) => {
      headNormForward(r, { ...op, y });
      headNormBackward(r, { ...op, dQkv });
    },
    [y, dQkv],
  );
  const width = (shape.heads + 2 * shape.kvHeads) * shape.headSize;
  const isValue = (_: unknown, i: number) => i % width >= (shape.heads + shape.kvHeads) * shape.headSize;
  expect(there!.filter(isValue)).toEqual(x.filter(isValue));
  expect(back!.filter(isValue)).toEqual(dy.filter(isValue));
});

test("the reference gradient is the slope of the reference", () => {
  const shape = { heads: 2, kvHeads: 1, headSize: 5, rows: 2 };
  const { x, dy, queryWeight, keyWeight } = problem(shape);
  const loss = (at: Float64Array) =>
    headNormReference(at, queryWeight, keyWeight, shape, eps).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const slope = Float64Array.from(x, (value, i) => {
    const at = (h: number) => loss(Float64Array.from(x).with(i, value + h));
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
  expect(relativeError(headNormReferenceBackward(dy, x, queryWeight, keyWeight, shape, eps), slope)).toBeLessThan(1e-7);
});
