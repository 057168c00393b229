/**
 * Pictures at free size: both sides to whole blocks of patches, the area between two limits, the shape kept as well as blocks allow.
 * A tile is one block, whose patches become one feature; the tiles of a picture lie row by row and see each other.
 * transformers: models/qwen2_vl/image_processing_pil_qwen2_vl.py, smart_resize and patchify. (A tile has its patches in rows, so tiles
 * in their order have the patches in the order that patchify gives them.)
 */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import type { ExampleImage } from "../example.ts";
import { type Normalisation, normaliseTiles } from "./crop.ts";
import type { Grid, PictureFormat } from "./format.ts";
import type { Size } from "./pixels.ts";
import { readProcessorFile } from "./processor-file.ts";
import { resizeBicubic } from "./resize.ts";

export interface SmartResize {
  /** Side of a block, in pixels: patch_size * merge_size. */
  tileSize: number;
  /** Of the resized picture. The lower is missed where the upper one stands against it, and by a very long picture. */
  minPixels: number;
  maxPixels: number;
}

/** What a recipe may say in place of the file; null: nothing. */
export interface PixelLimits {
  minPixels: number | null;
  maxPixels: number | null;
}

const pixels = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e9));
const few = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256));
const triple = v.pipe(v.array(v.number()), v.length(3));
/** What files leave out has Qwen2VLImageProcessor's defaults. `min_pixels` and `max_pixels` stand above `size`, as there. */
const fileSchema = v.object({
  do_resize: v.nullish(v.literal(true, "only true is done: sides have to be whole blocks"), true),
  size: v.nullish(v.object({ shortest_edge: v.nullish(pixels), longest_edge: v.nullish(pixels) }), {}),
  min_pixels: v.nullish(pixels),
  max_pixels: v.nullish(pixels),
  resample: v.nullish(v.literal(3, "only 3 (bicubic) is done"), 3),
  do_rescale: v.nullish(v.boolean(), true),
  rescale_factor: v.nullish(v.number(), 1 / 255),
  do_normalize: v.nullish(v.boolean(), true),
  image_mean: v.nullish(triple, [0.48145466, 0.4578275, 0.40821073]),
  image_std: v.nullish(triple, [0.26862954, 0.26130258, 0.27577711]),
  patch_size: v.nullish(few, 14),
  merge_size: v.nullish(few, 2),
});

/** Of the image processor's file, with the recipe's limits in place of its own. Throws TabTuneError "unsupported-model", "bad-recipe". */
export function readSmartResize(
  processorJson: unknown,
  recipe: PixelLimits,
): SmartResize & { normalisation: Normalisation; patchSize: number } {
  const file = readProcessorFile(
    fileSchema,
    processorJson,
    "Use a checkpoint whose pictures are prepared as by Qwen2VLImageProcessor.",
  );
  const minPixels = recipe.minPixels ?? file.min_pixels ?? file.size.shortest_edge ?? 56 ** 2;
  const maxPixels = recipe.maxPixels ?? file.max_pixels ?? file.size.longest_edge ?? 28 ** 2 * 1280;
  const tileSize = file.patch_size * file.merge_size;
  if (maxPixels < minPixels || maxPixels < tileSize ** 2) {
    const least = Math.max(minPixels, tileSize ** 2);
    throw new TabTuneError(
      recipe.maxPixels === null && recipe.minPixels === null ? "unsupported-model" : "bad-recipe",
      `Pictures may have at most ${maxPixels} pixels (max_pixels), and have at least ${least} (min_pixels, or one block of ${tileSize} x ${tileSize}).`,
      `Set max_pixels to ${least} or more, or min_pixels lower.`,
    );
  }
  return {
    ...{ tileSize, minPixels, maxPixels, patchSize: file.patch_size },
    normalisation: {
      ...{ doRescale: file.do_rescale, rescaleFactor: file.rescale_factor, rescaleInDouble: true },
      ...{ doNormalize: file.do_normalize, mean: file.image_mean, std: file.image_std },
    },
  };
}

/** Keys of the image processor's file that say the recipe's limits; none where it says none. */
export function writtenLimits(processorJson: unknown, recipe: PixelLimits): Record<string, unknown> {
  if (recipe.minPixels === null && recipe.maxPixels === null) return {};
  const { minPixels, maxPixels } = readSmartResize(processorJson, recipe);
  const file = processorJson as { min_pixels?: unknown; max_pixels?: unknown };
  return {
    size: { shortest_edge: minPixels, longest_edge: maxPixels },
    // Where a file has these, they stand above `size`.
    ...(file.min_pixels == null ? {} : { min_pixels: minPixels }),
    ...(file.max_pixels == null ? {} : { max_pixels: maxPixels }),
  };
}

/** Longer sides of more than so many shorter ones are refused, as in transformers. */
const MOST_RATIO = 200;

/** Python's round: halves go to the even neighbour. */
function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** What a picture is resized to. Throws TabTuneError "bad-image" for one that is too long for its width. */
export function smartSize({ height, width }: Size, { tileSize, minPixels, maxPixels }: SmartResize): Size {
  if (Math.max(height, width) / Math.min(height, width) > MOST_RATIO) {
    throw new TabTuneError(
      "bad-image",
      `The picture has ${height} x ${width} pixels, and this model takes none whose longer side is more than ${MOST_RATIO} times the shorter.`,
      "Crop the picture, or leave its row out.",
    );
  }
  const whole = (side: number, round: (blocks: number) => number): number => round(side / tileSize) * tileSize;
  const near = { height: whole(height, roundEven), width: whole(width, roundEven) };
  const area = near.height * near.width;
  if (area > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    const within = (side: number): number => Math.max(tileSize, whole(side / shrink, Math.floor));
    return { height: within(height), width: within(width) };
  }
  if (area >= minPixels) return near;
  const grow = Math.sqrt(minPixels / (height * width));
  return { height: whole(height * grow, Math.ceil), width: whole(width * grow, Math.ceil) };
}

/** Tiles of any picture at most. A long narrow one may have more than its area asks for: its shorter side is one block at least. */
export function mostTilesOf({ tileSize, minPixels, maxPixels }: SmartResize): number {
  const across = (area: number): number => Math.sqrt(area) / tileSize;
  const grown = across(minPixels) ** 2 + across(minPixels) * (Math.sqrt(MOST_RATIO) + 1 / Math.sqrt(MOST_RATIO)) + 1;
  const narrow = across(maxPixels * MOST_RATIO);
  return Math.floor(Math.max(across(maxPixels) ** 2, narrow, grown));
}

/** The pictures of a processor that resizes so; each block is an image slot. */
export function smartPictures(spec: SmartResize, normalisation: Normalisation): PictureFormat {
  const { tileSize } = spec;
  const most = mostTilesOf(spec);
  const grid = (image: Size): Grid => {
    const { height, width } = smartSize(image, spec);
    return { rows: height / tileSize, columns: width / tileSize };
  };
  return {
    ...{ tileSize, mostTiles: most, mostSlots: most, grid },
    resized: (size) => smartSize(size, spec),
    prepare(image) {
      const { height, width } = image;
      const to = smartSize(image, spec);
      const tiles = (to.height * to.width) / tileSize ** 2;
      return { pixels: blocksOf(resizeBicubic(image, to), to, tileSize), ...{ tiles, height, width, tokens: tiles } };
    },
    normalise: (bytes, tiles) => normaliseTiles(bytes, tiles, normalisation),
    placeholder: ({ tokens }: ExampleImage) => [{ slots: tokens }],
    featureRows: ({ tokens }: ExampleImage, firstTile) => Int32Array.from({ length: tokens }, (_, i) => firstTile + i),
  };
}

/** [height, width, 3] -> [tiles, S, S, 3], row by row. */
function blocksOf(rgb: Uint8Array, { height, width }: Size, side: number): Uint8Array {
  const out = new Uint8Array(rgb.length);
  const columns = width / side;
  for (let y = 0; y < height; y++)
    for (let column = 0; column < columns; column++) {
      const from = 3 * (y * width + column * side);
      const tile = Math.floor(y / side) * columns + column;
      out.set(rgb.subarray(from, from + 3 * side), 3 * (tile * side + (y % side)) * side);
    }
  return out;
}
