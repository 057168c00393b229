/** Which tiles go through the tower together: as many as it takes, and of pictures at free size, whose tiles see each other, whole ones. */
import type { Grid } from "../data/pictures/format.ts";
import type { TowerConfig } from "./config.ts";

/** Tiles of a pack that go through the tower together. */
export interface TileRun {
  /** Of the pack. */
  firstTile: number;
  tiles: number;
  /** Of pictures at free size: all of them whole, in order. Empty elsewhere. */
  grids: readonly Grid[];
}

/** Tiles of a pack; `grids` as in `TileRun`. */
export interface PackTiles {
  tiles: number;
  grids: readonly Grid[];
}

/**
 * Tiles that a call of the tower has room for, of `tiles` that there are at most: `usual` ones keep a GPU busy, and a picture at free size
 * goes whole, so there it is as many as the largest picture has.
 */
export const callCapacity = (
  { freeSize }: Pick<TowerConfig, "freeSize">,
  tiles: number,
  { usual, picture }: { usual: number; picture: number },
): number => Math.min(tiles, freeSize ? picture : usual);

export const tilesIn = ({ rows, columns }: Grid): number => rows * columns;

/** The tiles in runs of at most `capacity`. Throws where a picture alone has more. */
export function runsOf({ tiles, grids }: PackTiles, capacity: number): TileRun[] {
  const runs: TileRun[] = [];
  if (grids.length === 0) {
    for (let first = 0; first < tiles; first += capacity) {
      runs.push({ firstTile: first, tiles: Math.min(capacity, tiles - first), grids: [] });
    }
    return runs;
  }
  let firstTile = 0;
  let own: Grid[] = [];
  let count = 0;
  const end = (): void => {
    if (own.length > 0) runs.push({ firstTile, tiles: count, grids: own });
    [firstTile, own, count] = [firstTile + count, [], 0];
  };
  for (const grid of grids) {
    const more = tilesIn(grid);
    if (more > capacity) throw new Error(`a picture of ${more} tiles, and ${capacity} go through the tower at once`);
    if (count + more > capacity) end();
    own.push(grid);
    count += more;
  }
  end();
  return runs;
}
