/** The pictures of a pack of examples: their tiles one after the other, and the token rows that take their features. */

import type { Example } from "../data/example.ts";
import { featuresPerTile, type LlavaConfig } from "./config.ts";
import type { StepPosition, VisionEncoder } from "./encoder.ts";
import { imageSlots } from "./feature-rows.ts";

export interface PackPictures {
  tiles: number;
  /** u8 RGB of all tiles. */
  pixels: Uint8Array;
  /** For each token row: its row of the feature table, -1 for text. */
  slots: Int32Array;
}

/** `rows`: tokens of all examples; `newline`: the feature table's row of `image_newline`. */
export function packPictures(
  examples: readonly Example[],
  config: LlavaConfig,
  rows: number,
  newline: number,
): PackPictures {
  const slots = new Int32Array(rows).fill(-1);
  let row = 0;
  let tiles = 0;
  for (const { images, inputIds } of examples) {
    const taken = images.flatMap((image) => {
      const first = tiles;
      tiles += image.tiles;
      return [...imageSlots(image, config, first, newline)];
    });
    let next = 0;
    inputIds.forEach((id, t) => {
      if (id === config.imageTokenId) slots[row + t] = taken[next++]!;
    });
    row += inputIds.length;
  }
  const withPictures = examples.filter(({ images }) => images.length > 0);
  const pixels = new Uint8Array(withPictures.reduce((sum, example) => sum + example.pixels.length, 0));
  let at = 0;
  for (const example of withPictures) {
    pixels.set(example.pixels, at);
    at += example.pixels.length;
  }
  return { tiles, pixels, slots };
}

/** Pixels of an example -> normalised f32 [tiles, 3, S, S]. */
export type Normalise = (pixels: Uint8Array, tiles: number) => Float32Array;

/**
 * Runs tower and projector over all tiles, as many at a time as the encoder takes: they do not see each other. `at`, in training,
 * is where the pack begins.
 */
export async function encodePictures(
  encoder: VisionEncoder,
  pictures: Pick<PackPictures, "tiles" | "pixels">,
  normalise: Normalise,
  at?: StepPosition,
): Promise<void> {
  for (let first = 0; first < pictures.tiles; first += encoder.capacity) {
    await encodeFrom(encoder, pictures, normalise, first, at);
  }
}

async function encodeFrom(
  encoder: VisionEncoder,
  { tiles, pixels }: Pick<PackPictures, "tiles" | "pixels">,
  normalise: Normalise,
  first: number,
  at?: StepPosition,
): Promise<void> {
  const count = Math.min(encoder.capacity, tiles - first);
  const bytes = pixels.length / tiles;
  const values = normalise(pixels.subarray(first * bytes, (first + count) * bytes), count);
  await encoder.encode(values, count, first, at && { ...at, firstTile: at.firstTile + first });
}

/**
 * The way back, with an adapter on the tower: after the language model's backward, and from the last tiles to the first, because the
 * encoder still holds what it needs of the last; earlier ones are run forward once more.
 */
export async function backwardPictures(
  encoder: VisionEncoder,
  pictures: PackPictures,
  config: LlavaConfig,
  normalise: Normalise,
  at: StepPosition,
): Promise<void> {
  const { tiles, slots } = pictures;
  if (!encoder.backward || tiles === 0) return;
  const perTile = featuresPerTile(config);
  const rowOf = new Int32Array(tiles * perTile).fill(-1);
  slots.forEach((slot, row) => {
    // `image_newline` lies behind all features, and is frozen.
    if (slot >= 0 && slot < rowOf.length) rowOf[slot] = row;
  });
  const chunks = Math.ceil(tiles / encoder.capacity);
  for (let chunk = chunks - 1; chunk >= 0; chunk--) {
    const first = chunk * encoder.capacity;
    if (chunk < chunks - 1) await encodeFrom(encoder, pictures, normalise, first, at);
    const count = Math.min(encoder.capacity, tiles - first);
    const rows = rowOf.slice(first * perTile, (first + count) * perTile);
    await encoder.backward(count, rows, { ...at, firstTile: at.firstTile + first });
  }
}
