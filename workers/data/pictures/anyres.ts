/**
 * LLaVA-NeXT "anyres": the picture, ratio kept and padded with black, is cut into S x S tiles of the best-fitting grid; tile 0
 * is the whole picture stretched to S x S. Token counts are after the padding is cut away again, with one newline token a row.
 * Source: transformers, models/llava_next/image_processing_llava_next.py, processing_llava_next.py (_get_unpadded_features) and
 * image_processing_utils.py (select_best_resolution).
 */
import type { DecodedImage } from "./pixels.ts";
import { resizeBicubic } from "./resize.ts";

export interface AnyresSpec {
  /** S, one tile's side in pixels. */
  tileSize: number;
  patchSize: number;
  /** (height, width) in pixels, multiples of S. */
  gridPinpoints: readonly (readonly [number, number])[];
  /** Upper limit of tiles a picture, the base tile included; grids over it are not considered. */
  maxImageTiles?: number | null;
}

export interface AnyresLayout {
  /** Tiles down and across, without the base tile; both 0 when only the base tile is used. */
  gridHeight: number;
  gridWidth: number;
  /** The picture inside the padded grid, in pixels. */
  resizedHeight: number;
  resizedWidth: number;
  padTop: number;
  padLeft: number;
  /** gridHeight * gridWidth + 1 */
  tiles: number;
  /** Patches of the stitched grid that are left after unpadding, and how many are cut at the top and left. */
  unpaddedHeight: number;
  unpaddedWidth: number;
  cutTop: number;
  cutLeft: number;
  /** Image slots in the text: base patches + unpaddedHeight * (unpaddedWidth + 1); base patches + 1 without a grid. */
  tokens: number;
}

/**
 * How a picture of this size is cut up. Needs no pixels, so that token counts and the model's packing agree by construction.
 * @param height, width of the upright picture in pixels
 */
export function anyresLayout(height: number, width: number, spec: AnyresSpec): AnyresLayout {
  const { tileSize, patchSize } = spec;
  const perTile = Math.floor(tileSize / patchSize);
  const limit = spec.maxImageTiles ?? Number.POSITIVE_INFINITY;
  const grids = spec.gridPinpoints.filter(([h, w]) => (h / tileSize) * (w / tileSize) + 1 <= limit);
  if (grids.length === 0) {
    const none = { gridHeight: 0, gridWidth: 0, resizedHeight: 0, resizedWidth: 0, padTop: 0, padLeft: 0 };
    // As transformers packs a picture of one tile: its patches, then a newline.
    const tokens = perTile * perTile + 1;
    return { ...none, tiles: 1, unpaddedHeight: 0, unpaddedWidth: 0, cutTop: 0, cutLeft: 0, tokens };
  }
  const [targetHeight, targetWidth] = selectBestResolution(height, width, grids);
  const resized = fitInside(height, width, targetHeight, targetWidth);
  const gridHeight = targetHeight / tileSize;
  const gridWidth = targetWidth / tileSize;
  const unpadded = unpaddedPatches(height, width, gridHeight * perTile, gridWidth * perTile);
  return {
    gridHeight,
    gridWidth,
    resizedHeight: resized.height,
    resizedWidth: resized.width,
    padTop: Math.floor((targetHeight - resized.height) / 2),
    padLeft: Math.floor((targetWidth - resized.width) / 2),
    tiles: gridHeight * gridWidth + 1,
    ...unpadded,
    tokens: perTile * perTile + unpadded.unpaddedHeight * (unpadded.unpaddedWidth + 1),
  };
}

/** The grid that keeps most of the picture's pixels; among equals the one that wastes fewest. */
export function selectBestResolution(
  height: number,
  width: number,
  pinpoints: readonly (readonly [number, number])[],
): readonly [number, number] {
  let best = pinpoints[0]!;
  let most = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const pinpoint of pinpoints) {
    const [h, w] = pinpoint;
    const scale = Math.min(w / width, h / height);
    const kept = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height);
    const wasted = w * h - kept;
    if (kept > most || (kept === most && wasted < least)) {
      best = pinpoint;
      most = kept;
      least = wasted;
    }
  }
  return best;
}

function fitInside(height: number, width: number, targetHeight: number, targetWidth: number) {
  const scaleWidth = targetWidth / width;
  const scaleHeight = targetHeight / height;
  if (scaleWidth < scaleHeight) {
    return { width: targetWidth, height: Math.min(Math.ceil(height * scaleWidth), targetHeight) };
  }
  return { width: Math.min(Math.ceil(width * scaleHeight), targetWidth), height: targetHeight };
}

/** What is left of a grid of patches when the padding is cut off on both sides alike. */
function unpaddedPatches(height: number, width: number, gridHeight: number, gridWidth: number) {
  if (width / height > gridWidth / gridHeight) {
    const kept = intOfRounded(height * (gridWidth / width));
    const cut = Math.floor((gridHeight - kept) / 2);
    return { unpaddedHeight: gridHeight - 2 * cut, unpaddedWidth: gridWidth, cutTop: cut, cutLeft: 0 };
  }
  const kept = intOfRounded(width * (gridHeight / height));
  const cut = Math.floor((gridWidth - kept) / 2);
  return { unpaddedHeight: gridHeight, unpaddedWidth: gridWidth - 2 * cut, cutTop: 0, cutLeft: cut };
}

/** Python's `int(round(x, 7))`: 2.99999999 counts as 3. */
function intOfRounded(x: number): number {
  return Math.trunc(Number(x.toFixed(7)));
}

/** The feature row at (y, x) of the map that is left without padding, of a picture whose first tile is `firstTile`. */
export function gridFeature(
  { cutTop, cutLeft, gridWidth }: AnyresLayout,
  { tileSize, patchSize }: Pick<AnyresSpec, "tileSize" | "patchSize">,
  firstTile: number,
  y: number,
  x: number,
): number {
  const side = Math.floor(tileSize / patchSize);
  const [row, column] = [y + cutTop, x + cutLeft];
  const tile = firstTile + 1 + Math.floor(row / side) * gridWidth + Math.floor(column / side);
  return tile * side ** 2 + (row % side) * side + (column % side);
}

/** @returns [tiles, S, S, 3]: the stretched picture, then the grid row by row */
export function anyresTiles(image: DecodedImage, layout: AnyresLayout, tileSize: number): Uint8Array {
  const tileBytes = tileSize * tileSize * 3;
  const out = new Uint8Array(layout.tiles * tileBytes);
  out.set(resizeBicubic(image, { width: tileSize, height: tileSize }));
  if (layout.tiles === 1) return out;
  const { resizedWidth, resizedHeight, padTop, padLeft, gridWidth } = layout;
  const resized = resizeBicubic(image, { width: resizedWidth, height: resizedHeight });
  for (let y = 0; y < resizedHeight; y++) {
    const gridRow = Math.floor((y + padTop) / tileSize);
    const tileY = (y + padTop) % tileSize;
    for (let x = 0; x < resizedWidth; ) {
      const column = Math.floor((x + padLeft) / tileSize);
      const tileX = (x + padLeft) % tileSize;
      const run = Math.min(tileSize - tileX, resizedWidth - x);
      const from = (y * resizedWidth + x) * 3;
      const to = (1 + gridRow * gridWidth + column) * tileBytes + (tileY * tileSize + tileX) * 3;
      out.set(resized.subarray(from, from + run * 3), to);
      x += run;
    }
  }
  return out;
}
