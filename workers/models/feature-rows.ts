/**
 * Which feature row each image slot of a sequence takes. Feature rows are tile after tile; LLaVA-NeXT lays the tiles of a picture
 * out as a grid, cuts the padding away and ends every grid row with `image_newline`.
 * transformers: models/llava_next/modeling_llava_next.py pack_image_features.
 */

import type { ExampleImage } from "../data/example.ts";
import { anyresLayout } from "../data/pictures/anyres.ts";
import { featuresPerTile, type LlavaConfig } from "./config.ts";

/**
 * Feature rows for the slots of one picture whose first tile is `firstTile`; `newline` is the row of `image_newline`.
 * The length equals `image.tokens`.
 */
export function imageSlots(image: ExampleImage, config: LlavaConfig, firstTile: number, newline: number): Int32Array {
  const perTile = featuresPerTile(config);
  const slots = Array.from({ length: perTile }, (_, i) => firstTile * perTile + i);
  if (config.kind === "llava_next" && image.tiles === 1) slots.push(newline);
  if (config.kind === "llava_next" && image.tiles > 1) {
    const { imageSize, patchSize } = config.vision;
    const side = imageSize / patchSize;
    // The cap that the picture was prepared under shows in its tiles: larger grids were not considered.
    const layout = anyresLayout(image.height, image.width, {
      tileSize: imageSize,
      patchSize,
      gridPinpoints: config.gridPinpoints,
      maxImageTiles: config.maxImageTiles,
    });
    for (let y = layout.cutTop; y < layout.cutTop + layout.unpaddedHeight; y++) {
      for (let x = layout.cutLeft; x < layout.cutLeft + layout.unpaddedWidth; x++) {
        const tile = firstTile + 1 + Math.floor(y / side) * layout.gridWidth + Math.floor(x / side);
        slots.push(tile * perTile + (y % side) * side + (x % side));
      }
      slots.push(newline);
    }
  }
  if (slots.length !== image.tokens) {
    throw new Error(
      `a ${image.height} x ${image.width} picture has ${slots.length} features for ${image.tokens} image tokens`,
    );
  }
  return Int32Array.from(slots);
}
