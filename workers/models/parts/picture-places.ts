/**
 * Where the patches of whole pictures are: a tower that sees pictures at free size knows a patch by its row and column, for rotary angles
 * and for the learned positions, which are a square map stretched over the picture. Patches lie tile by tile, in rows within a tile.
 * transformers: vision_utils.py, get_vision_position_ids and get_vision_interpolation_indices_and_weights (bilinear, align_corners).
 */
import type { Grid } from "../../data/pictures/format.ts";
import type { Allocator, Tensor } from "../../gpu/buffers.ts";
import { ropeFrequencies, rotaryTable } from "../../kernels/attention/rope.ts";
import { type Blend, type BlendTable, noBlend, TAPS } from "../../kernels/rows/blend.ts";
import { type FreeSize, patchesPerTile, type TowerConfig } from "../config.ts";

type FreeTower = Pick<TowerConfig, "imageSize" | "patchSize" | "hiddenSize" | "numHeads"> & { freeSize: FreeSize };

/** Of one pass; to be written before it. */
export interface PlaceTensors {
  /** u32 [patches, 2]: row and column. */
  positions: Tensor;
  /** Of each patch four rows of the table of learned positions. */
  taps: BlendTable;
  /** `rotaryOf`; to be written once. */
  rotary: Tensor;
}

/** What a pass over some pictures is to be told of their patches. */
export interface PicturePlaces {
  /** u32 [patches]: first patch of a patch's picture, and one past its last. */
  starts: Uint32Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
  /** u32 [patches, 2] */
  positions: Uint32Array<ArrayBuffer>;
  taps: Blend;
}

/** Patches of a tile's side. */
const sideOf = (c: Pick<TowerConfig, "imageSize" | "patchSize">): number => Math.sqrt(patchesPerTile(c));

/** Rows and columns that a picture of so many tiles has at most, in patches. */
const longest = (c: FreeTower, tiles: number): number => tiles * sideOf(c);

export function allocatePlaces(alloc: Allocator, c: FreeTower, tiles: number): PlaceTensors {
  const patches = tiles * patchesPerTile(c);
  const t = (name: string, length: number): Tensor => alloc.tensor(`vision/${name}`, length);
  return {
    positions: t("positions", 2 * patches),
    taps: { rows: t("position rows", TAPS * patches), weights: t("position weights", TAPS * patches) },
    rotary: t("rotary", (longest(c, tiles) + 1) * (c.hiddenSize / c.numHeads)),
  };
}

/** The rotary table of pictures of at most so many tiles: the first half of a head's pairs turns by the row, the other by the column. */
export function rotaryOf(c: FreeTower, tiles: number): Float32Array<ArrayBuffer> {
  const half = c.hiddenSize / c.numHeads / 2;
  const own = ropeFrequencies(half, c.freeSize.ropeTheta);
  const axes = Array.from({ length: half }, (_, i) => (i < own.length ? 0 : 1));
  return rotaryTable(longest(c, tiles), Float32Array.of(...own, ...own), axes);
}

/** Of pictures that lie one behind the other. */
export function placesOf(c: FreeTower, grids: readonly Grid[]): PicturePlaces {
  const perTile = patchesPerTile(c);
  const side = sideOf(c);
  const patches = perTile * grids.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const places: PicturePlaces = {
    starts: new Uint32Array(patches),
    ends: new Uint32Array(patches),
    positions: new Uint32Array(2 * patches),
    taps: noBlend(patches),
  };
  let first = 0;
  for (const { rows, columns } of grids) {
    const count = perTile * rows * columns;
    const down = stretched(rows * side, c.freeSize.tableSide);
    const across = stretched(columns * side, c.freeSize.tableSide);
    places.starts.fill(first, first, first + count);
    places.ends.fill(first + count, first, first + count);
    for (let i = 0; i < count; i++) {
      const [tile, inside] = [Math.floor(i / perTile), i % perTile];
      const row = Math.floor(tile / columns) * side + Math.floor(inside / side);
      const column = (tile % columns) * side + (inside % side);
      places.positions.set([row, column], 2 * (first + i));
      let at = TAPS * (first + i);
      for (const [y, weightDown] of down[row]!)
        for (const [x, weightAcross] of across[column]!) {
          places.taps.rows[at] = y * c.freeSize.tableSide + x;
          places.taps.weights[at++] = weightDown * weightAcross;
        }
    }
    first += count;
  }
  return places;
}

/** What each place of a line of `length` takes of one of `side` that is stretched over it: two places and their weights, in float32. */
function stretched(length: number, side: number): [place: number, weight: number][][] {
  const f = Math.fround;
  return Array.from({ length }, (_, i) => {
    const place = f((i * (side - 1)) / Math.max(length - 1, 1));
    const floor = Math.floor(place);
    const behind = f(place - floor);
    return [
      [floor, f(1 - behind)],
      [Math.min(floor + 1, side - 1), f(1 - Math.abs(f(behind - 1)))],
    ];
  });
}
