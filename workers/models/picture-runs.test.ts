import { expect, test } from "vitest";
import { callCapacity, runsOf } from "./picture-runs.ts";

const grid = (rows: number, columns: number) => ({ rows, columns });

test("tiles that do not see each other go in full runs", () => {
  expect(runsOf({ tiles: 7, grids: [] }, 3)).toEqual([
    { firstTile: 0, tiles: 3, grids: [] },
    { firstTile: 3, tiles: 3, grids: [] },
    { firstTile: 6, tiles: 1, grids: [] },
  ]);
  expect(runsOf({ tiles: 0, grids: [] }, 3)).toEqual([]);
});

test("pictures at free size go whole", () => {
  const [a, b, c] = [grid(2, 2), grid(1, 3), grid(2, 3)];
  expect(runsOf({ tiles: 13, grids: [a, b, c] }, 8)).toEqual([
    { firstTile: 0, tiles: 7, grids: [a, b] },
    { firstTile: 7, tiles: 6, grids: [c] },
  ]);
  expect(runsOf({ tiles: 13, grids: [a, b, c] }, 13)).toEqual([{ firstTile: 0, tiles: 13, grids: [a, b, c] }]);
  expect(() => runsOf({ tiles: 4, grids: [a] }, 3)).toThrow("a picture of 4 tiles");
});

test("a call has room for the largest picture where pictures go whole", () => {
  const [tower, usual] = [{ freeSize: { tableSide: 3, ropeTheta: 1 } }, 8];
  expect(callCapacity({}, 100, { usual, picture: 50 })).toBe(8);
  expect(callCapacity(tower, 100, { usual, picture: 50 })).toBe(50);
  expect(callCapacity(tower, 30, { usual, picture: 50 })).toBe(30);
});
