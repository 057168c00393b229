/**
 * A picture as LLaVA-NeXT shows it: the stretched whole as tile 0, then the tiles of the grid that fits it best. In the sequence the
 * grid's patches stand row by row, its padding cut away, each row ended by `image_newline`.
 * transformers: models/llava_next/modeling_llava_next.py pack_image_features, image_processing_llava_next.py.
 */
import type { ExampleImage } from "../../data/example.ts";
import { type AnyresSpec, anyresLayout, anyresTiles, gridFeature } from "../../data/pictures/anyres.ts";
import { normaliseTiles, type PreprocessorConfig, parsePreprocessor } from "../../data/pictures/crop.ts";
import type { PictureFormat } from "../../data/pictures/format.ts";
import { TabTuneError } from "../../errors.ts";
import { featuresPerTile, type VlmConfig } from "../config.ts";
import type { Json, PictureFiles } from "../family.ts";
import { reader } from "../llava/config.ts";
import { notSquare, oneRun } from "../llava/pictures.ts";

type Pinpoints = [height: number, width: number][];

/** (height, width) of the grids of llava-v1.6. */
const usual: Pinpoints = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]; // biome-ignore format: a row

/** The grids that config.json names. Throws TabTuneError "unsupported-model". */
export const pinpointsOf = ({ image_grid_pinpoints: value = usual }: Json): Pinpoints => reader.pinpoints(value);

export function llavaNextPictures({ config, configJson, processorJson, maxImageTiles }: PictureFiles): PictureFormat {
  const preprocessor = parsePreprocessor(processorJson);
  const tileSize = baseSizeOf(preprocessor);
  const spec: AnyresSpec = {
    tileSize,
    patchSize: config.tower.patchSize,
    gridPinpoints: checked(pinpointsOf(configJson as Json), tileSize, config),
    maxImageTiles,
  };
  const grids = spec.gridPinpoints.map(([h, w]) => (h * w) / tileSize ** 2);
  const mostTiles = 1 + Math.max(1, ...grids);
  return {
    tileSize,
    mostTiles: Math.min(mostTiles, maxImageTiles ?? mostTiles),
    mostSlots: mostSlots(spec),
    prepare(image) {
      const { width, height } = image;
      const layout = anyresLayout(height, width, spec);
      return {
        pixels: anyresTiles(image, layout, tileSize),
        tiles: layout.tiles,
        height,
        width,
        tokens: layout.tokens,
      };
    },
    normalise: (pixels, tiles) => normaliseTiles(pixels, tiles, preprocessor),
    placeholder: oneRun,
    featureRows: (image, firstTile, extraRow) => featureRows(image, spec, firstTile, extraRow, featuresPerTile(config)),
  };
}

/** Of a picture that fills its grid: nothing of it is cut away as padding. */
const mostSlots = (spec: AnyresSpec): number =>
  Math.max(...spec.gridPinpoints.map(([height, width]) => anyresLayout(height, width, spec).tokens));

/** One side of both the resized base and its crop. */
function baseSizeOf({ shortestEdge, resizeTo, cropSize }: PreprocessorConfig): number {
  const base = shortestEdge ?? Math.min(resizeTo!.height, resizeTo!.width);
  if (base === cropSize.height && base === cropSize.width) return base;
  throw notSquare();
}

function checked(pinpoints: Pinpoints, tileSize: number, { tower }: VlmConfig): Pinpoints {
  const odd = pinpoints.find(([h, w]) => h % tileSize !== 0 || w % tileSize !== 0);
  const what = odd
    ? `image_grid_pinpoints has ${odd.join(" x ")}, which ${tileSize} does not divide`
    : pinpoints.length === 0
      ? "image_grid_pinpoints is missing"
      : tower.classToken === "kept"
        ? 'vision_feature_select_strategy is "full"'
        : "";
  if (what === "") return pinpoints;
  throw new TabTuneError(
    "unsupported-model",
    `This LLaVA-NeXT checkpoint cannot be used: ${what}.`,
    "Use a LLaVA-NeXT checkpoint with the usual tile grid and strategy “default”.",
  );
}

/** The base tile's features, then the grid's, row by row; `newline` is the row of `image_newline`. */
function featureRows(
  image: ExampleImage,
  spec: AnyresSpec,
  firstTile: number,
  newline: number,
  perTile: number,
): Int32Array {
  const rows = Array.from({ length: perTile }, (_, i) => firstTile * perTile + i);
  if (image.tiles === 1) return Int32Array.from([...rows, newline]);
  // The cap that the picture was prepared under shows in its tiles: larger grids were not considered.
  const layout = anyresLayout(image.height, image.width, spec);
  for (let y = 0; y < layout.unpaddedHeight; y++) {
    for (let x = 0; x < layout.unpaddedWidth; x++) rows.push(gridFeature(layout, spec, firstTile, y, x));
    rows.push(newline);
  }
  return Int32Array.from(rows);
}
