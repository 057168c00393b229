import { normaliseTiles, parsePreprocessor, resizeAndCrop } from "../../data/pictures/crop.ts";
import type { PictureFormat } from "../../data/pictures/format.ts";
import { featuresPerTile } from "../../models/config.ts";
import type { PictureFiles } from "../../models/family.ts";

/** One crop, one run of slots. */
export function thirdPictures({ config, processorJson }: PictureFiles): PictureFormat {
  const preprocessor = parsePreprocessor(processorJson);
  const tokens = featuresPerTile(config);
  return {
    tileSize: preprocessor.cropSize.height,
    mostTiles: 1,
    mostSlots: tokens,
    prepare: (image) => {
      const { width, height } = image;
      return { pixels: resizeAndCrop(image, preprocessor), tiles: 1, height, width, tokens };
    },
    normalise: (pixels, tiles) => normaliseTiles(pixels, tiles, preprocessor),
    placeholder: () => [{ slots: tokens }],
    featureRows: (_, firstTile) => Int32Array.from({ length: tokens }, (_, i) => firstTile * tokens + i),
  };
}
