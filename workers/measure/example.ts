/** Rows of random pixels and tokens: what a pass costs does not depend on what they show. */

import { type Example, TokenKind } from "../data/example.ts";
import { anyresLayout } from "../data/pictures/anyres.ts";
import { featuresPerTile } from "../models/config.ts";
import type { ModelCase } from "./sizes.ts";

/** A row: the start token, a picture's slots, and `text` tokens that are all targets. The same picture in every row. */
export function exampleOf({ config, picture, text }: ModelCase, row: number): Example {
  const { imageSize, patchSize } = config.vision;
  const layout =
    config.kind === "llava_next"
      ? anyresLayout(picture.height, picture.width, {
          tileSize: imageSize,
          ...{ patchSize, gridPinpoints: config.gridPinpoints, maxImageTiles: config.maxImageTiles },
        })
      : { tiles: 1, tokens: featuresPerTile(config) };
  const { tiles, tokens } = layout;
  const length = tokens + text;
  const inputIds = Int32Array.from({ length }, (_, t) => {
    if (t === 0) return 1;
    return t <= tokens ? config.imageTokenId : 10 + ((37 * t + 101 * row) % 1000);
  });
  const kinds = Uint8Array.from({ length }, (_, t) => (t > tokens ? TokenKind.response : TokenKind.none));
  const pixels = Uint8Array.from({ length: tiles * imageSize * imageSize * 3 }, (_, i) => (i * 2654435761) >>> 24);
  return { row, inputIds, kinds, images: [{ ...picture, tiles, tokens }], pixels };
}

/** u8 RGB -> f32 in [-2, 2), of `tiles` tiles. */
export const pixelsToValues = (pixels: Uint8Array): Float32Array => Float32Array.from(pixels, (v) => v / 64 - 2);
