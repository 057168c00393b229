/** A picture as LLaVA-1.5 shows it: one square, whose patches are one run of image slots. transformers: CLIPImageProcessor, SiglipImageProcessor. */
import type { ExampleImage } from "../../data/example.ts";
import {
  croppedPart,
  normaliseTiles,
  type PreprocessorConfig,
  parsePreprocessor,
  resizeAndCrop,
} from "../../data/pictures/crop.ts";
import type { PictureFormat } from "../../data/pictures/format.ts";
import { TabTuneError } from "../../errors.ts";
import { featuresPerTile } from "../config.ts";
import { nothingWritten, type PictureFiles, type WrittenSettings } from "../family.ts";

export function llavaPictures({ config, processorJson }: PictureFiles): PictureFormat {
  const preprocessor = parsePreprocessor(processorJson);
  const tokens = featuresPerTile(config);
  return {
    tileSize: cropSizeOf(preprocessor),
    mostTiles: 1,
    mostSlots: tokens,
    prepare(image) {
      const { width, height } = image;
      return { pixels: resizeAndCrop(image, preprocessor), tiles: 1, height, width, tokens };
    },
    firstTile: (image) => croppedPart(image, preprocessor),
    normalise: (pixels, tiles) => normaliseTiles(pixels, tiles, preprocessor),
    placeholder: oneRun,
    featureRows: (_, firstTile) => Int32Array.from({ length: tokens }, (_, i) => firstTile * tokens + i),
  };
}

/** The image token, once a slot. */
export const oneRun: PictureFormat["placeholder"] = ({ tokens }: ExampleImage) => [{ slots: tokens }];

function cropSizeOf({ cropSize, resizeTo, doCenterCrop, doResize }: PreprocessorConfig): number {
  if (doCenterCrop) {
    if (cropSize.height === cropSize.width) return cropSize.height;
  } else if (doResize && resizeTo && resizeTo.height === resizeTo.width) {
    return resizeTo.height;
  }
  throw notSquare();
}

export const notSquare = (): TabTuneError =>
  new TabTuneError(
    "unsupported-model",
    "The checkpoint's image processor does not make square pictures of one size.",
    "Use a checkpoint whose crop_size (or size) is a square.",
  );

/** A cap on tiles as the grids that are left under it: both files name them, one to cut pictures, one to lay out their features. */
export function cappedGrids(
  { config: { tower }, maxImageTiles }: PictureFiles,
  grids: readonly (readonly [height: number, width: number])[],
): WrittenSettings {
  if (maxImageTiles === null) return nothingWritten;
  const left = grids.filter(([h, w]) => (h / tower.imageSize) * (w / tower.imageSize) + 1 <= maxImageTiles);
  if (left.length === 0) {
    const note = `max_image_tiles ${maxImageTiles} leaves the whole picture alone, which these files cannot say: loaded elsewhere, pictures are cut into tiles.`;
    return { ...nothingWritten, note };
  }
  if (left.length === grids.length) return nothingWritten;
  return { processor: { image_grid_pinpoints: left }, config: { image_grid_pinpoints: left } };
}
