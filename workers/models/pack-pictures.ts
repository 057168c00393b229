/** The pictures of a pack of examples: their tiles one after the other, and the token rows that take their features. */

import { concatPixels, type Example, type ExampleImage, tilesOf } from "../data/example.ts";
import type { Grid, PictureFormat } from "../data/pictures/format.ts";
import { type Counters, write } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Look } from "../gpu/program.ts";
import { type Blend, noBlend, TAPS, transposed } from "../kernels/rows/blend.ts";
import type { StepPosition, TakenFeatures, VisionEncoder } from "./encoder.ts";
import { encodeAhead, encodeKept, encodeKeptRun } from "./kept/encode-kept.ts";
import type { PassBuffers } from "./pass.ts";
import { runsOf, type TileRun } from "./picture-runs.ts";

export interface PackPictures {
  tiles: number;
  /** Of each picture. */
  pictureTiles: number[];
  /** Of each picture at free size; empty where every tile is seen by itself. */
  grids: Grid[];
  /** u8 RGB of all tiles. */
  pixels: Uint8Array;
  /** For each token row: its row of the feature table, -1 for text and for a slot that takes a sum. */
  slots: Int32Array;
  /** For each token row the sum of feature rows that it takes; where any does. */
  blend: Blend | undefined;
}

/** `rows`: tokens of all examples; `extraRow`: the feature table's row behind those of its tiles. */
export function packPictures(
  examples: readonly Pick<Example, "inputIds" | "images" | "pixels">[],
  { pictures, imageTokenId }: { pictures: PictureFormat; imageTokenId: number },
  rows: number,
  extraRow: number,
): PackPictures {
  const slots = new Int32Array(rows).fill(-1);
  let blend: Blend | undefined;
  let row = 0;
  let tiles = 0;
  for (const example of examples) {
    let tile = tiles;
    let places = 0;
    const at = [...example.inputIds].flatMap((id, t) => (id === imageTokenId ? [row + t] : []));
    for (const image of example.images) {
      const features = featuresOf(image, pictures, tile, extraRow);
      const sums = pictures.blend?.(image, tile);
      if (sums) blend ??= noBlend(rows);
      for (const [n, feature] of features.entries()) {
        const to = at[places++]!;
        slots[to] = feature;
        blend?.rows.set(sums?.rows.subarray(TAPS * n, TAPS * n + TAPS) ?? [], TAPS * to);
        blend?.weights.set(sums?.weights.subarray(TAPS * n, TAPS * n + TAPS) ?? [], TAPS * to);
      }
      tile += image.tiles;
    }
    tiles += tilesOf(example);
    row += example.inputIds.length;
  }
  const pictureTiles = examples.flatMap(({ images }) => images.map((image) => image.tiles));
  const grids = examples.flatMap(({ images }) => images.flatMap((image) => pictures.grid?.(image) ?? []));
  return { tiles, pictureTiles, grids, pixels: concatPixels(examples), slots, blend };
}

/** The feature rows of a picture's slots. */
function featuresOf(image: ExampleImage, pictures: PictureFormat, firstTile: number, extraRow: number): Int32Array {
  const rows = pictures.featureRows(image, firstTile, extraRow);
  if (rows.length === image.tokens) return rows;
  const size = `${image.height} x ${image.width}`;
  throw new Error(`a ${size} picture has ${rows.length} features for ${image.tokens} image tokens`);
}

/** What `rows` token rows from row `first` on take. */
export const slotsFrom = (
  { slots, blend }: Pick<PackPictures, "slots" | "blend">,
  first: number,
  rows: number,
): Pick<PackPictures, "slots" | "blend"> => ({
  slots: slots.subarray(first, first + rows),
  blend: blend && {
    rows: blend.rows.subarray(TAPS * first, TAPS * (first + rows)),
    weights: blend.weights.subarray(TAPS * first, TAPS * (first + rows)),
  },
});

/** Queues which features the token rows of a pass take. */
export function writeSlots(
  gpu: Gpu,
  counters: Counters,
  to: Pick<PassBuffers, "slots" | "blend">,
  { slots, blend }: Pick<PackPictures, "slots" | "blend">,
): void {
  write(gpu, to.slots, slots, counters);
  if (!to.blend) return;
  const { rows, weights } = blend ?? noBlend(slots.length);
  write(gpu, to.blend.rows, rows, counters);
  write(gpu, to.blend.weights, weights, counters);
}

/** Runs tower and projector over all tiles, as many at a time as the encoder takes. `at`, in training, is where the pack begins. */
export async function encodePictures(encoder: VisionEncoder, pictures: PackPictures, at?: StepPosition): Promise<void> {
  const { kept } = encoder;
  if (kept?.cache) return encodeKept({ encoder, kept, at }, pictures);
  for (const run of runsOf(pictures, encoder.capacity)) await encodeRun(encoder, pictures, run, at);
}

/** Pixels of pictures that are encoded before their passes: they lie in memory together. */
const PIXEL_BYTES_AHEAD = 64e6;

/** How many tiles may be encoded before the passes that take them: the memory of kept features holds them all. */
export function tilesAhead({ kept, pictures }: VisionEncoder): number {
  if (!kept?.cache) return 0;
  const { memoryBytes, tileBytes } = kept.cache;
  return Math.floor(Math.min(memoryBytes / tileBytes, PIXEL_BYTES_AHEAD / (3 * pictures.tileSize ** 2)));
}

/** Computes what the pictures of these passes, no more than `tilesAhead`, need of the tower. */
export async function encodePicturesAhead(encoder: VisionEncoder, passes: readonly PackPictures[]): Promise<void> {
  await encodeAhead({ encoder, kept: encoder.kept! }, passes);
}

async function encodeRun(
  encoder: VisionEncoder,
  pictures: PackPictures,
  run: TileRun,
  at?: StepPosition,
): Promise<void> {
  const { kept } = encoder;
  if (kept?.cache) return encodeKeptRun({ encoder, kept, at }, pictures, run);
  await encoder.encode(pixelsOf(encoder, pictures, run), run, at && positionOf(run, at));
}

/** As `encodePictures`, all of it anew whatever is kept, with a stop behind each layer for `look`; false where that ended it. */
export async function tracePictures(
  encoder: VisionEncoder,
  pictures: PackPictures,
  at: StepPosition,
  look: Look,
): Promise<boolean> {
  await encoder.kept?.settled();
  for (const run of runsOf(pictures, encoder.capacity)) {
    if (!(await encoder.trace(pixelsOf(encoder, pictures, run), run, positionOf(run, at), look))) return false;
  }
  return true;
}

/** Of the tiles of a run, normalised. */
function pixelsOf({ pictures: format }: VisionEncoder, { pixels, tiles }: PackPictures, run: TileRun): Float32Array {
  const bytes = pixels.length / tiles;
  return format.normalise(pixels.subarray(run.firstTile * bytes, (run.firstTile + run.tiles) * bytes), run.tiles);
}

/** Where a run of a pack begins that itself begins at `at`. */
const positionOf = (run: TileRun, at: StepPosition): StepPosition => ({
  ...at,
  firstTile: at.firstTile + run.firstTile,
});

/**
 * The way back, with an adapter on the tower: after the language model's backward, and from the last tiles to the first, because the
 * encoder still holds what it needs of the last; earlier ones are run forward once more. `look` sees what the layers give back; false
 * where it ended the pass.
 */
export async function backwardPictures(
  encoder: VisionEncoder,
  pictures: PackPictures,
  at: StepPosition,
  look?: Look,
): Promise<boolean> {
  const { tiles, slots, blend } = pictures;
  if (!encoder.backward || tiles === 0) return true;
  const perTile = encoder.featuresPerTile;
  const rowOf = new Int32Array(tiles * perTile).fill(-1);
  slots.forEach((slot, row) => {
    // A row that belongs to no tile lies behind all features, and is frozen.
    if (slot >= 0 && slot < rowOf.length) rowOf[slot] = row;
  });
  for (const [n, run] of runsOf(pictures, encoder.capacity).reverse().entries()) {
    if (n > 0) await encodeRun(encoder, pictures, run, at);
    const [from, features] = [run.firstTile * perTile, run.tiles * perTile];
    const taken: TakenFeatures = {
      rows: rowOf.slice(from, from + features),
      blend: blend ? transposed(blend, from, features) : noBlend(features),
    };
    if (!(await encoder.backward(run, taken, positionOf(run, at), look))) return false;
  }
  return true;
}
