/**
 * A picture as LLaVA-OneVision shows it. Alone in its row: the stretched whole as tile 0, then the tiles of the grid that fits it best, as
 * in LLaVA-NeXT; where the grid has too many features for `anyres_max_N`, their map is shrunk bilinearly before its rows are ended by
 * `image_newline`. Of several in a row each is padded to a square, one tile and one newline.
 * transformers: models/llava_onevision/modeling_llava_onevision.py pack_image_features, image_processing_pil_llava_onevision.py.
 */
import type { ExampleImage } from "../../data/example.ts";
import {
  type AnyresLayout,
  type AnyresSpec,
  anyresLayout,
  anyresTiles,
  gridFeature,
} from "../../data/pictures/anyres.ts";
import { normaliseTiles, type PreprocessorConfig, parsePreprocessor } from "../../data/pictures/crop.ts";
import type { FeatureSums, PictureFormat } from "../../data/pictures/format.ts";
import type { DecodedImage } from "../../data/pictures/pixels.ts";
import { resizeBicubic } from "../../data/pictures/resize.ts";
import { featuresPerTile } from "../config.ts";
import type { Json, PictureFiles } from "../family.ts";
import { notSquare, oneRun } from "../llava/pictures.ts";
import { mostTilesOf, pinpointsOf, reader } from "./config.ts";

/** Rows and columns of a picture's grid as the text gets it, with a newline behind each row. */
interface FeatureMap {
  height: number;
  width: number;
  isShrunk: boolean;
}

export function llavaOnevisionPictures({
  config,
  configJson,
  processorJson,
  maxImageTiles,
}: PictureFiles): PictureFormat {
  const preprocessor = parsePreprocessor(processorJson);
  const tileSize = squareOf(preprocessor);
  const gridPinpoints = pinpointsOf(configJson as Json);
  const odd = gridPinpoints.find(([h, w]) => h % tileSize !== 0 || w % tileSize !== 0);
  if (odd) reader.refuse(`"image_grid_pinpoints" has ${odd.join(" x ")}, which ${tileSize} does not divide`);
  if (gridPinpoints.length === 0) reader.refuse('"image_grid_pinpoints" names no grid');
  const spec: AnyresSpec = { tileSize, patchSize: config.tower.patchSize, gridPinpoints, maxImageTiles };
  const perTile = featuresPerTile(config);
  const side = Math.sqrt(perTile);
  const most = mostTilesOf(configJson as Json) * perTile;
  const layoutOf = ({ height, width }: Pick<ExampleImage, "height" | "width">) => anyresLayout(height, width, spec);
  const tokensOf = ({ height, width }: FeatureMap): number => perTile + height * (width + 1);
  const mostTiles = 1 + Math.max(...gridPinpoints.map(([h, w]) => (h * w) / tileSize ** 2));
  const unpadded = gridPinpoints.flatMap(([h, w]) => unpaddedMaps((h / tileSize) * side, (w / tileSize) * side));
  return {
    tileSize,
    mostTiles: Math.min(mostTiles, maxImageTiles ?? mostTiles),
    mostSlots: Math.max(...unpadded.map(([height, width]) => tokensOf(shrunk(height, width, most)))),
    prepare(image, several = false) {
      const { width, height } = image;
      const single = { tiles: 1, height, width, tokens: perTile + 1 };
      if (several) return { pixels: paddedTile(image, tileSize, preprocessor), ...single };
      const layout = layoutOf(image);
      const pixels = anyresTiles(image, layout, tileSize);
      if (layout.tiles === 1) return { pixels, ...single };
      return { pixels, tiles: layout.tiles, height, width, tokens: tokensOf(mapOf(layout, most)) };
    },
    normalise: (pixels, tiles) => normaliseTiles(pixels, tiles, preprocessor),
    placeholder: oneRun,
    featureRows(image, firstTile, newline) {
      const rows = Array.from({ length: perTile }, (_, i) => firstTile * perTile + i);
      if (image.tiles === 1) return Int32Array.from([...rows, newline]);
      const layout = layoutOf(image);
      const { height, width, isShrunk } = mapOf(layout, most);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) rows.push(isShrunk ? -1 : gridFeature(layout, spec, firstTile, y, x));
        rows.push(newline);
      }
      return Int32Array.from(rows);
    },
    blend(image, firstTile) {
      const layout = layoutOf(image);
      const map = mapOf(layout, most);
      if (image.tiles === 1 || !map.isShrunk) return undefined;
      const { height, width } = map;
      const sums: FeatureSums = {
        rows: new Int32Array(4 * tokensOf(map)).fill(-1),
        weights: new Float32Array(4 * tokensOf(map)),
      };
      const down = taps(layout.unpaddedHeight, height);
      const across = taps(layout.unpaddedWidth, width);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          let at = 4 * (perTile + y * (width + 1) + x);
          for (const [row, weightDown] of down[y]!)
            for (const [column, weightAcross] of across[x]!) {
              sums.rows[at] = gridFeature(layout, spec, firstTile, row, column);
              sums.weights[at++] = weightDown * weightAcross;
            }
        }
      return sums;
    },
  };
}

const mapOf = ({ unpaddedHeight, unpaddedWidth }: AnyresLayout, most: number): FeatureMap =>
  shrunk(unpaddedHeight, unpaddedWidth, most);

/** What becomes of a map whose features may be `most`. */
function shrunk(height: number, width: number, most: number): FeatureMap {
  const ratio = Math.sqrt((height * width) / most);
  if (ratio <= 1.1) return { height, width, isShrunk: false };
  return { height: Math.floor(height / ratio), width: Math.floor(width / ratio), isShrunk: true };
}

/**
 * What each place of a line of `to` takes of one of `from`: the places and their weights, those of weight 0 left out.
 * torch: interpolate(mode="bilinear", align_corners=False), without antialias; aten/src/ATen/native/UpSample.h, in its float32.
 */
function taps(from: number, to: number): [place: number, weight: number][][] {
  const f = Math.fround;
  const scale = f(from / to);
  return Array.from({ length: to }, (_, i) => {
    const place = Math.max(0, f(f(scale * f(i + 0.5)) - 0.5));
    const first = Math.min(Math.floor(place), from - 1);
    const second = Math.min(first + 1, from - 1);
    const weight = Math.min(Math.max(f(place - first), 0), 1);
    const both: [number, number][] =
      second === first
        ? [[first, 1]]
        : [
            [first, f(1 - weight)],
            [second, weight],
          ];
    return both.filter(([, w]) => w > 0);
  });
}

/** All that can be left of a grid of features when padding is cut away from two of its sides. */
const unpaddedMaps = (height: number, width: number): [height: number, width: number][] => [
  ...Array.from({ length: height }, (_, i): [number, number] => [i + 1, width]),
  ...Array.from({ length: width }, (_, i): [number, number] => [height, i + 1]),
];

/** The side that pictures are stretched to. */
function squareOf({ resizeTo, doResize, doCenterCrop }: PreprocessorConfig): number {
  if (doResize && !doCenterCrop && resizeTo && resizeTo.height === resizeTo.width) return resizeTo.height;
  throw notSquare();
}

/** Padded to a square in the mean colour, then resized: [S, S, 3]. */
function paddedTile(image: DecodedImage, tileSize: number, { mean }: PreprocessorConfig): Uint8Array {
  const { width, height, rgbx } = image;
  const side = Math.max(width, height);
  const [red, green, blue] = mean.map((value) => Math.trunc(value * 255));
  const square = new Int32Array(side * side).fill(red! | (green! << 8) | (blue! << 16));
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  for (let y = 0; y < height; y++) square.set(rgbx.subarray(y * width, (y + 1) * width), (y + top) * side + left);
  return resizeBicubic({ width: side, height: side, rgbx: square }, { width: tileSize, height: tileSize });
}
