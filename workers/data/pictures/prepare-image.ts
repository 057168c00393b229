/** Encoded picture -> cropped 8-bit pixels and the number of image slots it takes in the text. */
import { TabTuneError } from "../../errors.ts";
import { type AnyresSpec, anyresLayout, anyresTiles } from "./anyres.ts";
import { type PreprocessorConfig, resizeAndCrop } from "./crop.ts";
import { decodeImage } from "./decode.ts";

export interface ImageSpec {
  /** "clip": one crop (LLaVA-1.5). "anyres": base tile and grid (LLaVA-NeXT). */
  kind: "clip" | "anyres";
  preprocessor: PreprocessorConfig;
  patchSize: number;
  /** vision_feature_select_strategy: "default" leaves the CLS token out, "full" keeps it as one more slot. */
  featureSelect: "default" | "full";
  /** (height, width) pairs; the preprocessor's own when left out. */
  gridPinpoints?: readonly (readonly [number, number])[];
  /** Upper limit of tiles a picture for "anyres", base tile included. */
  maxImageTiles?: number | null;
}

export interface PreparedImage {
  /** [tiles, S, S, 3] u8 RGB, before rescale and normalisation (`normalise` in crop.ts). */
  pixels: Uint8Array;
  tiles: number;
  /** Upright size before resizing. */
  height: number;
  width: number;
  /** Image slots. */
  tokens: number;
}

/**
 * S, the side of a tile in pixels.
 * @throws TabTuneError "unsupported-model" when the configuration does not lead to square pictures of one size
 */
export function tileSizeOf({ kind, preprocessor }: ImageSpec): number {
  const { cropSize, resizeTo, shortestEdge } = preprocessor;
  if (kind === "anyres") {
    const base = shortestEdge ?? Math.min(resizeTo!.height, resizeTo!.width);
    if (base === cropSize.height && base === cropSize.width) return base;
  } else if (preprocessor.doCenterCrop) {
    if (cropSize.height === cropSize.width) return cropSize.height;
  } else if (preprocessor.doResize && resizeTo && resizeTo.height === resizeTo.width) {
    return resizeTo.height;
  }
  throw new TabTuneError(
    "unsupported-model",
    "The checkpoint's image processor does not make square pictures of one size.",
    "Use a checkpoint whose crop_size (or size) is a square.",
  );
}

/**
 * The tile geometry of an "anyres" specification, for `anyresLayout`.
 * @throws TabTuneError "unsupported-model"
 */
export function anyresSpecOf(spec: ImageSpec): AnyresSpec {
  const tileSize = tileSizeOf(spec);
  const gridPinpoints = spec.gridPinpoints ?? spec.preprocessor.gridPinpoints ?? [];
  const odd = gridPinpoints.find(([h, w]) => h % tileSize !== 0 || w % tileSize !== 0);
  if (gridPinpoints.length === 0 || odd || spec.featureSelect !== "default") {
    const what = odd
      ? `image_grid_pinpoints has ${odd.join(" x ")}, which ${tileSize} does not divide`
      : gridPinpoints.length === 0
        ? "image_grid_pinpoints is missing"
        : `vision_feature_select_strategy is "${spec.featureSelect}"`;
    const remedy = "Use a LLaVA-NeXT checkpoint with the usual tile grid and strategy “default”.";
    throw new TabTuneError("unsupported-model", `This LLaVA-NeXT checkpoint cannot be used: ${what}.`, remedy);
  }
  return { tileSize, patchSize: spec.patchSize, gridPinpoints, maxImageTiles: spec.maxImageTiles ?? null };
}

/**
 * Decodes, turns upright, resizes and crops one picture.
 * @throws TabTuneError "bad-image", "image-too-large", "unsupported-model"
 */
export async function prepareImage(bytes: Uint8Array, spec: ImageSpec): Promise<PreparedImage> {
  const tileSize = tileSizeOf(spec);
  if (spec.kind === "anyres") {
    const anyres = anyresSpecOf(spec);
    const image = await decodeImage(bytes);
    const { width, height } = image;
    const layout = anyresLayout(height, width, anyres);
    return { pixels: anyresTiles(image, layout, tileSize), tiles: layout.tiles, height, width, tokens: layout.tokens };
  }
  const image = await decodeImage(bytes);
  const { width, height } = image;
  const { rgb: pixels } = resizeAndCrop(image, spec.preprocessor);
  const patches = Math.floor(tileSize / spec.patchSize) ** 2;
  return { pixels, tiles: 1, height, width, tokens: patches + (spec.featureSelect === "full" ? 1 : 0) };
}
