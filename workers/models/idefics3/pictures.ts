/**
 * A picture as Idefics3 and SmolVLM show it: its longer side resized to a limit, both sides to whole tiles, the tiles row by row, and
 * the whole, stretched to a tile, last. Unsplit, the whole alone. Each tile is a run of slots behind a mark that says its place.
 * transformers: models/idefics3/image_processing_pil_idefics3.py, processing_idefics3.py.
 */
import * as v from "valibot";
import type { ExampleImage } from "../../data/example.ts";
import { type Normalisation, normaliseTiles } from "../../data/pictures/crop.ts";
import type { PictureFormat } from "../../data/pictures/format.ts";
import { type DecodedImage, fromRgb } from "../../data/pictures/pixels.ts";
import { readProcessorFile } from "../../data/pictures/processor-file.ts";
import { resizeLanczos } from "../../data/pictures/resize.ts";
import { featuresPerTile } from "../config.ts";
import type { PictureFiles, VisionForm, WrittenSettings } from "../family.ts";

const edge = v.object({ longest_edge: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e5)) });
const triple = v.pipe(v.array(v.number()), v.length(3));
/** What files leave out has Idefics3ImageProcessor's defaults. */
const fileSchema = v.object({
  do_resize: v.nullish(v.boolean(), true),
  size: v.nullish(edge, { longest_edge: 4 * 364 }),
  resample: v.nullish(v.literal(1, "only 1 (Lanczos) is done"), 1),
  do_image_splitting: v.nullish(v.boolean(), true),
  max_image_size: v.nullish(edge, { longest_edge: 364 }),
  do_rescale: v.nullish(v.boolean(), true),
  rescale_factor: v.nullish(v.number(), 1 / 255),
  do_normalize: v.nullish(v.boolean(), true),
  image_mean: v.nullish(triple, [0.5, 0.5, 0.5]),
  image_std: v.nullish(triple, [0.5, 0.5, 0.5]),
});

/** Beyond this side nothing is resized, whatever the files say (MAX_IMAGE_SIZE). */
const MOST_PIXELS = 4096;

interface Size {
  height: number;
  width: number;
}

/** What the sizes of tiles follow from. */
export interface SplittingSpec {
  /** Side of a tile. */
  tileSize: number;
  /** What the longer side is resized to; null: pictures stay as they are. */
  longestEdge: number | null;
  split: boolean;
  /** Cap on tiles: a smaller longest edge is taken where there would be more. */
  maxImageTiles: number | null;
}

/** How one picture is cut. */
export interface Splitting {
  /** After the longer side, and after whole tiles (not where it is not split). */
  resized: Size;
  whole: Size | undefined;
  /** Of tiles; 0 where the picture is one tile. */
  rows: number;
  columns: number;
  /** The whole included. */
  tiles: number;
}

/** _resize_output_size_rescale_to_max_len, then _resize_output_size_scale_below_upper_bound. */
function longestEdgeSize({ height, width }: Size, longest: number): Size {
  const ratio = width / height;
  const even = (side: number): number => Math.max(1, side + (side % 2));
  const first =
    width >= height
      ? { width: longest, height: even(Math.trunc(longest / ratio)) }
      : { height: longest, width: even(Math.trunc(longest * ratio)) };
  if (longest <= MOST_PIXELS) return first;
  const again = first.width / first.height;
  return first.width >= first.height
    ? { width: MOST_PIXELS, height: Math.max(1, Math.trunc(MOST_PIXELS / again)) }
    : { height: MOST_PIXELS, width: Math.max(1, Math.trunc(MOST_PIXELS * again)) };
}

/** resize_for_vision_encoder: both sides up to whole tiles, the shorter one after the picture's shape. */
function wholeTiles({ height, width }: Size, tile: number): Size {
  const up = (side: number): number => Math.ceil(side / tile) * tile;
  const ratio = width / height;
  return width >= height
    ? { width: up(width), height: up(Math.trunc(up(width) / ratio)) }
    : { height: up(height), width: up(Math.trunc(up(height) * ratio)) };
}

function splittingAt(size: Size, { tileSize, longestEdge, split }: SplittingSpec): Splitting {
  const resized = longestEdge === null ? size : longestEdgeSize(size, longestEdge);
  if (!split) return { resized, whole: undefined, rows: 0, columns: 0, tiles: 1 };
  const whole = wholeTiles(resized, tileSize);
  const [rows, columns] = [whole.height / tileSize, whole.width / tileSize];
  if (rows === 1 && columns === 1) return { resized, whole, rows: 0, columns: 0, tiles: 1 };
  return { resized, whole, rows, columns, tiles: rows * columns + 1 };
}

/** How a picture of this size is cut. */
export function splittingOf(size: Size, spec: SplittingSpec): Splitting {
  const most = spec.maxImageTiles ?? Number.POSITIVE_INFINITY;
  let found = splittingAt(size, spec);
  let longest = spec.longestEdge ?? Math.max(size.height, size.width);
  while (found.tiles > most) {
    longest = (Math.ceil(longest / spec.tileSize) - 1) * spec.tileSize;
    found = splittingAt(size, longest > 0 ? { ...spec, longestEdge: longest } : { ...spec, split: false });
  }
  return found;
}

const FAKE = "<fake_token_around_image>";
const GLOBAL = `${FAKE}<global-img>`;

type Placeholder = ReturnType<PictureFormat["placeholder"]>;

/** `slots` of each tile. Rows of tiles end in a line break, and another stands before the whole. */
function placeholderOf({ rows, columns }: Splitting, slots: number): Placeholder {
  const parts: (string | { slots: number })[] = [];
  for (let row = 1; row <= rows; row++)
    for (let column = 1; column <= columns; column++) {
      const lineBreak = row > 1 && column === 1 ? "\n" : "";
      parts.push(`${lineBreak}${FAKE}<row_${row}_col_${column}>`, { slots });
    }
  return [...parts, rows > 0 ? `\n\n${GLOBAL}` : GLOBAL, { slots }, FAKE];
}

/** A mark of the text is no more tokens than it has characters. */
const lengthOf = (parts: Placeholder): number =>
  parts.reduce((sum, part) => sum + (typeof part === "string" ? part.length : part.slots), 0);

export function idefics3Pictures(given: PictureFiles): PictureFormat {
  const { spec, normalisation } = readSettings(given);
  const { tileSize } = spec;
  const slots = featuresPerTile(given.config);
  // A square takes most tiles of all shapes with this longer side; pictures that stay as they are have no limit but their own.
  const side = spec.longestEdge ?? MOST_PIXELS;
  const most = splittingOf({ height: side, width: side }, spec);
  return {
    tileSize,
    mostTiles: most.tiles,
    mostSlots: lengthOf(placeholderOf(most, slots)),
    prepare(image) {
      const { width, height } = image;
      const splitting = splittingOf(image, spec);
      return {
        pixels: tilesOf(image, splitting, tileSize),
        tiles: splitting.tiles,
        height,
        width,
        tokens: splitting.tiles * slots,
      };
    },
    firstTile(image) {
      const { rows, columns } = splittingOf(image, spec);
      return [0, 0, 1 / Math.max(1, columns), 1 / Math.max(1, rows)];
    },
    normalise: (pixels, tiles) => normaliseTiles(pixels, tiles, normalisation),
    placeholder: (image) => placeholderOf(splittingOf(image, spec), slots),
    featureRows: ({ tokens }: ExampleImage, firstTile) =>
      Int32Array.from({ length: tokens }, (_, i) => firstTile * slots + i),
  };
}

/** transformers knows no cap on tiles: a longest edge at which even a square stays within it is written in its place. */
export function idefics3Written(given: PictureFiles): WrittenSettings {
  const { spec } = readSettings(given);
  const { maxImageTiles: most, tileSize } = spec;
  const square = { height: spec.longestEdge ?? MOST_PIXELS, width: spec.longestEdge ?? MOST_PIXELS };
  const caps = most !== null && splittingOf(square, { ...spec, maxImageTiles: null }).tiles > most;
  const longest = caps ? tileSize * Math.max(1, Math.floor(Math.sqrt(most - 1))) : given.imageLongestEdge;
  return {
    processor: {
      ...(given.doImageSplitting === null ? {} : { do_image_splitting: given.doImageSplitting }),
      ...(longest === null ? {} : { do_resize: true, size: { longest_edge: longest } }),
    },
    config: {},
    ...(caps && most > 1
      ? {
          note: `max_image_tiles ${most} is written as a longest edge of ${longest} pixels: no picture has more tiles, and one that is not square may have fewer than in training.`,
        }
      : {}),
  };
}

/** llama.cpp always shows tiles and the whole, and knows a longest edge but no cap on tiles. */
export function idefics3Vision(given: PictureFiles): VisionForm {
  const { spec, normalisation } = readSettings(given);
  const written = idefics3Written(given);
  const size = written.processor.size as { longest_edge: number } | undefined;
  const longest = size?.longest_edge ?? spec.longestEdge;
  const never = !spec.split || spec.maxImageTiles === 1;
  return {
    projector: "idefics3",
    ...{ mean: normalisation.mean, std: normalisation.std },
    fields: {
      "clip.vision.projector.scale_factor": { u32: given.config.connector.shuffle },
      // One tile is as near as it gets to the whole alone.
      "clip.vision.preproc_image_size": { u32: never || longest === null ? spec.tileSize : longest },
    },
    notes: [
      ...(never
        ? [
            "Training showed each picture whole, in one tile; llama.cpp shows it twice, as a grid of tiles and whole, so answers to pictures may differ. Train with do_image_splitting for llama.cpp.",
          ]
        : []),
      ...(spec.longestEdge === null && !never
        ? [
            "Training left pictures at their size (do_resize is false); llama.cpp shows a grid of tiles as if each fitted one.",
          ]
        : []),
      ...(written.note ? [written.note] : []),
    ],
  };
}

/** Of the image processor's file and the recipe. Throws TabTuneError "unsupported-model". */
function readSettings({ processorJson, ...recipe }: PictureFiles): {
  spec: SplittingSpec;
  normalisation: Normalisation;
} {
  const file = readProcessorFile(
    fileSchema,
    processorJson,
    "Use a checkpoint whose pictures are prepared as by Idefics3ImageProcessor, with longest_edge for its sizes.",
  );
  const own = file.do_resize ? file.size.longest_edge : null;
  return {
    spec: {
      tileSize: file.max_image_size.longest_edge,
      longestEdge: recipe.imageLongestEdge ?? own,
      split: recipe.doImageSplitting ?? file.do_image_splitting,
      maxImageTiles: recipe.maxImageTiles,
    },
    normalisation: {
      ...{ doRescale: file.do_rescale, rescaleFactor: file.rescale_factor, rescaleInDouble: true },
      ...{ doNormalize: file.do_normalize, mean: file.image_mean, std: file.image_std },
    },
  };
}

/** [tiles, S, S, 3], the whole last. */
function tilesOf(image: DecodedImage, { resized, whole, rows, columns, tiles }: Splitting, tile: number): Uint8Array {
  const first = resizedTo(image, resized);
  const second = whole ? resizedTo(first, whole) : first;
  const bytes = tile * tile * 3;
  const out = new Uint8Array(tiles * bytes);
  for (let n = 0; n < rows * columns; n++) {
    const [top, left] = [Math.floor(n / columns) * tile, (n % columns) * tile];
    for (let y = 0; y < tile; y++) {
      const from = (top + y) * second.width + left;
      for (let x = 0, at = n * bytes + y * tile * 3; x < tile; x++, at += 3) {
        const pixel = second.rgbx[from + x]!;
        out[at] = pixel;
        out[at + 1] = pixel >> 8;
        out[at + 2] = pixel >> 16;
      }
    }
  }
  out.set(resizeLanczos(second, { height: tile, width: tile }), (tiles - 1) * bytes);
  return out;
}

const resizedTo = (image: DecodedImage, to: Size): DecodedImage =>
  image.width === to.width && image.height === to.height ? image : fromRgb(resizeLanczos(image, to), to);
