/**
 * Which feature row each image slot of a sequence takes. Feature rows are tile after tile; LLaVA-NeXT lays the tiles of a picture
 * out as a grid, cuts the padding away and ends every grid row with `image_newline`.
 * transformers: models/llava_next/modeling_llava_next.py pack_image_features, unpad_image.
 */
import { selectBestResolution } from "../image/anyres.ts";
import type { ExampleImage } from "../shards/example.ts";
import { featuresPerTile, type LlavaConfig } from "./config.ts";

/** Rows or columns [from, to) of a grid that remain when the padding of a picture is cut away. */
function unpadded(image: ExampleImage, rows: number, columns: number): { top: number; bottom: number; left: number; right: number } {
  // Python rounds to 7 digits before int(): a product that is a whole number in theory must not fall one short.
  const whole = (x: number): number => Math.trunc(Math.round(x * 1e7) / 1e7);
  if (image.width / image.height > columns / rows) {
    const padding = Math.floor((rows - whole(image.height * (columns / image.width))) / 2);
    return { top: padding, bottom: rows - padding, left: 0, right: columns };
  }
  const padding = Math.floor((columns - whole(image.width * (rows / image.height))) / 2);
  return { top: 0, bottom: rows, left: padding, right: columns - padding };
}

/**
 * Feature rows for the slots of one picture whose first tile is `firstTile`; `newline` is the row of `image_newline`.
 * The length equals `image.tokens`.
 */
export function imageSlots(image: ExampleImage, config: LlavaConfig, firstTile: number, newline: number): Int32Array {
  const perTile = featuresPerTile(config);
  const slots = Array.from({ length: perTile }, (_, i) => firstTile * perTile + i);
  if (config.kind === "llava_next" && image.tiles === 1) slots.push(newline);
  if (config.kind === "llava_next" && image.tiles > 1) {
    const size = config.vision.imageSize;
    const side = size / config.vision.patchSize;
    const [height, width] = selectBestResolution([image.height, image.width], config.gridPinpoints);
    const gridRows = (height / size) * side;
    const gridColumns = (width / size) * side;
    const { top, bottom, left, right } = unpadded(image, gridRows, gridColumns);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const tile = firstTile + 1 + Math.floor(y / side) * (width / size) + Math.floor(x / side);
        slots.push(tile * perTile + (y % side) * side + (x % side));
      }
      slots.push(newline);
    }
  }
  if (slots.length !== image.tokens) {
    throw new Error(`a ${image.height} x ${image.width} picture has ${slots.length} features for ${image.tokens} image tokens`);
  }
  return Int32Array.from(slots);
}
