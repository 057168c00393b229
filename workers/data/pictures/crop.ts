/**
 * CLIPImageProcessor: shortest edge to S by Pillow bicubic, centre crop, then (on the model's side of the shards) rescale and
 * normalise; SiglipImageProcessor: stretched to S x S. Source: transformers, models/clip/image_processing_clip.py,
 * models/siglip/image_processing_siglip.py and image_transforms.py (get_resize_output_image_size, center_crop).
 */
import * as v from "valibot";
import type { Part } from "./format.ts";
import type { DecodedImage, Size } from "./pixels.ts";
import { readProcessorFile, unsupportedProcessor } from "./processor-file.ts";
import { resizeBicubic } from "./resize.ts";

/** From bytes to what a tower takes. */
export interface Normalisation {
  doRescale: boolean;
  rescaleFactor: number;
  /** Whether the product with it is taken in float64 and then rounded, as in transformers' `rescale`; else in float32. */
  rescaleInDouble?: boolean;
  doNormalize: boolean;
  /** [3] RGB */
  mean: number[];
  std: number[];
}

export interface PreprocessorConfig extends Normalisation {
  doResize: boolean;
  /** The shorter side after resizing … */
  shortestEdge?: number;
  /** … or both sides, stretched. Exactly one of the two is set. */
  resizeTo?: { height: number; width: number };
  doCenterCrop: boolean;
  cropSize: { height: number; width: number };
  /** LLaVA-NeXT only: (height, width) pairs. */
  gridPinpoints?: [number, number][];
}

const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096));
const sides = v.object({ height: side, width: side });
const triple = v.pipe(v.array(v.number()), v.length(3));
/** Missing fields take the defaults of their class, as in transformers; those of CLIPImageProcessor stand here. */
const fileSchema = v.object({
  image_processor_type: v.optional(v.string(), "CLIPImageProcessor"),
  do_resize: v.nullish(v.boolean(), true),
  size: v.nullish(v.union([side, v.object({ shortest_edge: side }), sides])),
  resample: v.nullish(v.number(), 3),
  do_center_crop: v.nullish(v.boolean()),
  crop_size: v.nullish(v.union([side, sides]), 224),
  do_rescale: v.nullish(v.boolean(), true),
  rescale_factor: v.nullish(v.number(), 1 / 255),
  do_normalize: v.nullish(v.boolean(), true),
  do_pad: v.nullish(v.boolean(), false),
  image_mean: v.nullish(triple),
  image_std: v.nullish(triple),
  image_grid_pinpoints: v.nullish(v.array(v.tuple([side, side]))),
});

interface ClassDefaults {
  /** Whether a size is a square that pictures are stretched to. */
  stretches: boolean;
  size: number;
  /** What `do_center_crop` means where the file leaves it out; null: the class has no such step, whatever the file says. */
  centerCrop: boolean | null;
  mean: number[];
  std: number[];
}

const clip: ClassDefaults = {
  ...{ stretches: false, size: 224, centerCrop: true },
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
const half = [0.5, 0.5, 0.5];
/** Classes by the beginning of their names; "Fast" and "Pil" may follow. Any other is like CLIP's. */
const classes: [beginning: string, defaults: ClassDefaults][] = [
  ["SiglipImageProcessor", { stretches: true, size: 224, centerCrop: null, mean: half, std: half }],
  ["LlavaOnevisionImageProcessor", { ...clip, stretches: true, size: 384, centerCrop: false }],
];

const bicubicResample = 3;

/**
 * Checks the parsed JSON of preprocessor_config.json.
 * @throws TabTuneError "unsupported-model" naming the first field that is wrong or that we do not do
 */
export function parsePreprocessor(json: unknown): PreprocessorConfig {
  const file = readProcessorFile(fileSchema, json, remedy);
  if (file.resample !== bicubicResample) throw unsupported(`resample is ${file.resample}; only 3 (bicubic) is done`);
  // LlavaImageProcessor pads to a square in the mean colour; in LlavaNextImageProcessor the same field means batch padding.
  if (file.do_pad && /^LlavaImageProcessor/.test(file.image_processor_type)) {
    throw unsupported("do_pad is true; pictures are cropped here, not padded to a square");
  }
  const own = classes.find(([beginning]) => file.image_processor_type.startsWith(beginning))?.[1];
  const defaults = own ?? clip;
  const { centerCrop } = defaults;
  const config: PreprocessorConfig = {
    doResize: file.do_resize,
    doCenterCrop: centerCrop === null ? false : (file.do_center_crop ?? centerCrop),
    cropSize: typeof file.crop_size === "number" ? { height: file.crop_size, width: file.crop_size } : file.crop_size,
    doRescale: file.do_rescale,
    rescaleFactor: file.rescale_factor,
    // What CLIP's pictures are here is what saved runs trained on: a bit less exact.
    ...(own && { rescaleInDouble: true }),
    doNormalize: file.do_normalize,
    mean: file.image_mean ?? defaults.mean,
    std: file.image_std ?? defaults.std,
  };
  const size = file.size ?? defaults.size;
  if (typeof size === "object" && "height" in size) config.resizeTo = size;
  else if (typeof size === "object") config.shortestEdge = size.shortest_edge;
  else if (defaults.stretches) config.resizeTo = { height: size, width: size };
  else config.shortestEdge = size;
  if (file.image_grid_pinpoints) config.gridPinpoints = file.image_grid_pinpoints;
  return config;
}

const remedy = "Use a checkpoint whose pictures are prepared as by CLIPImageProcessor or SiglipImageProcessor.";
const unsupported = (what: string) => unsupportedProcessor(what, remedy);

/** What a picture is resized to, before it is cropped. */
const resizedSize = ({ width, height }: Size, { doResize, resizeTo, shortestEdge }: PreprocessorConfig): Size =>
  doResize ? (resizeTo ?? shortestEdgeSize(height, width, shortestEdge!)) : { width, height };

/** Where the crop begins; below 0 where it is larger. */
const cropOffset = (of: Size, crop: Size): { top: number; left: number } => ({
  top: Math.floor((of.height - crop.height) / 2),
  left: Math.floor((of.width - crop.width) / 2),
});

/**
 * Resize and centre crop, still 8 bits. Offsets as HF's center_crop takes them; where the picture is smaller than the crop, black
 * stands around it.
 * @returns [H, W, 3]; H and W are the crop size, or whatever the resize gives when the configuration does not crop
 */
export function resizeAndCrop(image: DecodedImage, config: PreprocessorConfig): Uint8Array {
  const to = resizedSize(image, config);
  if (!config.doCenterCrop) return resizeBicubic(image, to);

  const crop = config.cropSize;
  const { top, left } = cropOffset(to, crop);
  const window = {
    top: Math.max(0, top),
    left: Math.max(0, left),
    height: Math.min(to.height, crop.height),
    width: Math.min(to.width, crop.width),
  };
  const part = resizeBicubic(image, to, window);
  if (window.height === crop.height && window.width === crop.width) return part;
  const out = new Uint8Array(crop.height * crop.width * 3);
  for (let y = 0; y < window.height; y++) {
    const at = (y + window.top - top) * crop.width + window.left - left;
    out.set(part.subarray(y * window.width * 3, (y + 1) * window.width * 3), at * 3);
  }
  return out;
}

/** What of a picture `resizeAndCrop` leaves: beyond its edges, where it is smaller than the crop, lies black. */
export function croppedPart(image: Size, config: PreprocessorConfig): Part {
  if (!config.doCenterCrop) return [0, 0, 1, 1];
  const to = resizedSize(image, config);
  const { top, left } = cropOffset(to, config.cropSize);
  const [right, bottom] = [left + config.cropSize.width, top + config.cropSize.height];
  return [left / to.width, top / to.height, right / to.width, bottom / to.height];
}

/** Python's `int(size * long / short)` for the longer side. */
export function shortestEdgeSize(height: number, width: number, edge: number): { height: number; width: number } {
  if (width <= height) return { width: edge, height: Math.trunc((edge * height) / width) };
  return { width: Math.trunc((edge * width) / height), height: edge };
}

/** `normalise` of each of `tiles` tiles: [tiles, S, S, 3] -> [tiles, 3, S, S]. */
export function normaliseTiles(pixels: Uint8Array, tiles: number, config: Normalisation): Float32Array<ArrayBuffer> {
  const size = pixels.length / tiles;
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < tiles; i++) out.set(normalise(pixels.subarray(i * size, (i + 1) * size), config), i * size);
  return out;
}

/**
 * u8 pixels to what the vision tower takes, channels first.
 * @param pixelsU8 [S, S, 3], one tile
 * @returns [3, S, S], (u8 * rescale - mean) / std in float32 steps
 */
export function normalise(pixelsU8: Uint8Array, config: Normalisation): Float32Array<ArrayBuffer> {
  const plane = pixelsU8.length / 3;
  const out = new Float32Array(pixelsU8.length);
  const table = new Float32Array(256);
  for (let channel = 0; channel < 3; channel++) {
    for (let value = 0; value < 256; value++) {
      table[value] = value;
      const { rescaleFactor, rescaleInDouble } = config;
      if (config.doRescale) table[value]! *= rescaleInDouble ? rescaleFactor : Math.fround(rescaleFactor);
      if (config.doNormalize) {
        table[value]! -= Math.fround(config.mean[channel]!);
        table[value]! /= Math.fround(config.std[channel]!);
      }
    }
    for (let i = 0; i < plane; i++) out[channel * plane + i] = table[pixelsU8[i * 3 + channel]!]!;
  }
  return out;
}
