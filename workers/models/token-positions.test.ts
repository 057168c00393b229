import { expect, test } from "vitest";
import { type PositionFacts, tokenPositions } from "./token-positions.ts";

const PICTURE = 9;

/** A model whose pictures of height x width have a grid of as many places. */
const facts = (ropeAxes: number[] | undefined): PositionFacts => ({
  config: { decoder: { ropeAxes }, imageTokenId: PICTURE } as unknown as PositionFacts["config"],
  pictures: { grid: ({ height, width }) => ({ rows: height, columns: width }) },
});
const threeAxes = facts([0, 1, 2, 0]);

const row = (ids: number[], ...sizes: [height: number, width: number][]) => ({
  inputIds: Int32Array.from(ids),
  images: sizes.map(([height, width]) => ({ height, width, tiles: height * width, tokens: height * width })),
});

/** [axis][token] */
const byAxis = (positions: Uint32Array): number[][] =>
  [0, 1, 2].map((axis) => [...positions].filter((_, i) => i % 3 === axis));

test("where tokens have one position it is their place in the row", () => {
  const { positions, next } = tokenPositions([row([1, 2, 3]), row([PICTURE, 4], [1, 1])], facts(undefined));
  expect([...positions]).toEqual([0, 1, 2, 0, 1]);
  expect(next).toBe(2);
});

test("a picture's tokens know their row and column, and text goes on behind its larger side", () => {
  const ids = [1, 1, PICTURE, PICTURE, PICTURE, PICTURE, PICTURE, PICTURE, 1, 1];
  const { positions, next } = tokenPositions([row(ids, [2, 3])], threeAxes);
  expect(byAxis(positions)).toEqual([
    [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
    [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
    [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
  ]);
  expect(next).toBe(7);
});

test("several pictures in a row, side by side too, and several rows, each counted from its own beginning", () => {
  const ids = [PICTURE, PICTURE, PICTURE, 1, PICTURE, PICTURE];
  const { positions, next } = tokenPositions([row([1, 1]), row(ids, [1, 1], [2, 1], [1, 2])], threeAxes);
  expect(byAxis(positions)).toEqual([
    [0, 1, 0, 1, 1, 3, 4, 4],
    [0, 1, 0, 1, 2, 3, 4, 4],
    [0, 1, 0, 1, 1, 3, 4, 5],
  ]);
  expect(next).toBe(6);
});

test("a picture whose tokens are not its grid's is a fault", () => {
  const wrong = row([PICTURE, PICTURE], [1, 2]);
  wrong.images[0]!.tokens = 1;
  expect(() => tokenPositions([wrong], threeAxes)).toThrow(/1 image tokens/);
  expect(() => tokenPositions([row([PICTURE])], threeAxes)).toThrow(/no grid/);
});
