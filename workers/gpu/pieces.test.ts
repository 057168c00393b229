import { expect, test } from "vitest";
import { type KernelPace, whole } from "./pace.ts";
import { type Cuttable, type Grid, Pieces, pieceOf } from "./pieces.ts";

test("pieces are whole layers, rows or parts of a row, within the limit and nearly equal", () => {
  const cases: [Grid, Grid, number, Grid][] = [
    [[5, 4, 3], [0, 0, 0], 60, [5, 4, 3]],
    [[5, 4, 3], [0, 0, 0], 59, [5, 4, 2]],
    [[5, 4, 3], [0, 0, 2], 59, [5, 4, 1]],
    [[5, 4, 3], [0, 0, 0], 20, [5, 4, 1]],
    [[5, 4, 3], [0, 0, 0], 19, [5, 2, 1]],
    [[5, 4, 3], [0, 0, 0], 5, [5, 1, 1]],
    [[5, 4, 3], [0, 0, 0], 4, [3, 1, 1]],
    [[5, 4, 3], [3, 0, 0], 4, [2, 1, 1]],
    [[5, 4, 3], [0, 0, 0], 0.001, [1, 1, 1]],
    [[1, 44, 1], [0, 0, 0], 43, [1, 22, 1]],
    [[172, 44, 1], [0, 0, 0], 172 * 9.6, [172, 9, 1]],
    // The limit has grown on the way: first the row, then the layer is brought to its end.
    [[5, 4, 3], [3, 1, 0], 60, [2, 1, 1]],
    [[5, 4, 3], [0, 2, 0], 60, [5, 2, 1]],
    [[5, 4, 3], [0, 0, 1], 60, [5, 4, 2]],
  ];
  for (const [grid, at, limit, piece] of cases) expect(pieceOf(grid, at, limit), `${grid} by ${limit}`).toEqual(piece);
});

test("a piece is worth its dispatch: it has some work, however slow the GPU is", () => {
  const dispatch: Cuttable = { kernel: { sliced: true }, workgroups: [10, 10, 1], flops: 1e9 };
  const pieces = new Pieces([dispatch], [{ secondsPerFlop: 1e-6, agreed: 2 }], {});
  pieces.cut({ ...whole, dispatchMs: 16, leastFlops: 1e8 });
  expect([pieces.sizeX, pieces.sizeY, pieces.sizeZ]).toEqual([10, 1, 1]);
  pieces.cut({ ...whole, dispatchMs: 16, leastFlops: 1e6, leastGroups: 5 });
  expect([pieces.sizeX, pieces.sizeY, pieces.sizeZ]).toEqual([5, 1, 1]);
});

test("every workgroup is sent once, in whatever way the estimate changes on the way", () => {
  const grids: Grid[] = [
    [7, 5, 3],
    [1, 1, 1],
    [0, 4, 1],
    [13, 1, 2],
  ];
  const paces = grids.map((): KernelPace => ({ secondsPerFlop: 1e-9, agreed: 0 }));
  const all = grids.map(
    ([x, y, z], n): Cuttable<"rows"> => ({
      kernel: n === 1 ? {} : { sliced: true },
      workgroups: [x, (d) => (x === 7 ? d.rows : y), z],
      flops: 1e9,
    }),
  );
  for (const limits of [[1], [1000], [3, 40, 1, 200, 9]]) {
    const sent = grids.map(([x, y, z]) => new Uint8Array(x * y * z));
    const pieces = new Pieces(all, paces, { rows: 5 });
    for (let n = 0; !pieces.done; n++, pieces.advance()) {
      const index = all.indexOf(pieces.of);
      const [x, y, z] = grids[index]!;
      pieces.cut({ ...whole, dispatchMs: (limits[n % limits.length]! / (x * y * z)) * 1001, leastFlops: 0 });
      expect(pieces.sizeX * pieces.sizeY * pieces.sizeZ).toBeLessThanOrEqual(Math.max(1, limits[n % limits.length]!));
      expect(pieces.seconds).toBeCloseTo((pieces.sizeX * pieces.sizeY * pieces.sizeZ) / (x * y * z), 3);
      for (let k = pieces.z; k < pieces.z + pieces.sizeZ; k++) {
        for (let j = pieces.y; j < pieces.y + pieces.sizeY; j++) {
          for (let i = pieces.x; i < pieces.x + pieces.sizeX; i++) sent[index]![(k * y + j) * x + i]! += 1;
        }
      }
    }
    for (const counts of sent) expect(counts.every((count) => count === 1)).toBe(true);
  }
});
