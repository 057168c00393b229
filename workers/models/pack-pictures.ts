/** The pictures of a pack of examples: their tiles one after the other, and the token rows that take their features. */

import { concatPixels, type Example, tilesOf } from "../data/example.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import type { StepPosition, VisionEncoder } from "./encoder.ts";

export interface PackPictures {
  tiles: number;
  /** u8 RGB of all tiles. */
  pixels: Uint8Array;
  /** For each token row: its row of the feature table, -1 for text. */
  slots: Int32Array;
}

/** `rows`: tokens of all examples; `extraRow`: the feature table's row behind those of its tiles. */
export function packPictures(
  examples: readonly Example[],
  { pictures, imageTokenId }: { pictures: PictureFormat; imageTokenId: number },
  rows: number,
  extraRow: number,
): PackPictures {
  const slots = new Int32Array(rows).fill(-1);
  let row = 0;
  let tiles = 0;
  for (const example of examples) {
    const taken = slotsOf(example, pictures, tiles, extraRow);
    tiles += tilesOf(example);
    let next = 0;
    example.inputIds.forEach((id, t) => {
      if (id === imageTokenId) slots[row + t] = taken[next++]!;
    });
    row += example.inputIds.length;
  }
  return { tiles, pixels: concatPixels(examples), slots };
}

/** The feature rows of the slots of an example or a prompt, whose first tile is `firstTile`. */
export function slotsOf(
  { images }: Pick<Example, "images">,
  pictures: PictureFormat,
  firstTile: number,
  extraRow: number,
): number[] {
  let tile = firstTile;
  return images.flatMap((image) => {
    const rows = pictures.featureRows(image, tile, extraRow);
    tile += image.tiles;
    if (rows.length === image.tokens) return [...rows];
    const size = `${image.height} x ${image.width}`;
    throw new Error(`a ${size} picture has ${rows.length} features for ${image.tokens} image tokens`);
  });
}

/**
 * Runs tower and projector over all tiles, as many at a time as the encoder takes: they do not see each other. `at`, in training,
 * is where the pack begins.
 */
export async function encodePictures(
  encoder: VisionEncoder,
  pictures: Pick<PackPictures, "tiles" | "pixels">,
  at?: StepPosition,
): Promise<void> {
  for (let first = 0; first < pictures.tiles; first += encoder.capacity) {
    await encodeFrom(encoder, pictures, first, at);
  }
}

async function encodeFrom(
  encoder: VisionEncoder,
  { tiles, pixels }: Pick<PackPictures, "tiles" | "pixels">,
  first: number,
  at?: StepPosition,
): Promise<void> {
  const count = Math.min(encoder.capacity, tiles - first);
  const bytes = pixels.length / tiles;
  const values = encoder.pictures.normalise(pixels.subarray(first * bytes, (first + count) * bytes), count);
  await encoder.encode(values, count, first, at && { ...at, firstTile: at.firstTile + first });
}

/**
 * The way back, with an adapter on the tower: after the language model's backward, and from the last tiles to the first, because the
 * encoder still holds what it needs of the last; earlier ones are run forward once more.
 */
export async function backwardPictures(
  encoder: VisionEncoder,
  pictures: PackPictures,
  at: StepPosition,
): Promise<void> {
  const { tiles, slots } = pictures;
  if (!encoder.backward || tiles === 0) return;
  const perTile = encoder.featuresPerTile;
  const rowOf = new Int32Array(tiles * perTile).fill(-1);
  slots.forEach((slot, row) => {
    // A row that belongs to no tile lies behind all features, and is frozen.
    if (slot >= 0 && slot < rowOf.length) rowOf[slot] = row;
  });
  const chunks = Math.ceil(tiles / encoder.capacity);
  for (let chunk = chunks - 1; chunk >= 0; chunk--) {
    const first = chunk * encoder.capacity;
    if (chunk < chunks - 1) await encodeFrom(encoder, pictures, first, at);
    const count = Math.min(encoder.capacity, tiles - first);
    const rows = rowOf.slice(first * perTile, (first + count) * perTile);
    await encoder.backward(count, rows, { ...at, firstTile: at.firstTile + first });
  }
}
