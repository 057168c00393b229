/** In which order and unit data has its boxes, where it does not say so: told by which reading fits its pictures. */
import type { Part } from "../pictures/format.ts";
import type { Size } from "../pictures/pixels.ts";

/** Corners; corner and sides; centre and sides; corners with y in front. */
export const BOX_ORDERS = ["xyxy", "xywh", "cxcywh", "yxyx"] as const;
export type BoxOrder = (typeof BOX_ORDERS)[number];

/** Pixels, or what the picture's sides are counted to. */
export type BoxUnitOfData = "pixels" | number;

export interface BoxForm {
  order: BoxOrder;
  unit: BoxUnitOfData;
}

/** Forms that a person may name; the first four by the names of Albumentations, which data sets of boxes use. */
export const BOX_FORMATS = {
  coco: { order: "xywh", unit: "pixels" },
  pascal_voc: { order: "xyxy", unit: "pixels" },
  yolo: { order: "cxcywh", unit: 1 },
  albumentations: { order: "xyxy", unit: 1 },
  "cxcywh-pixels": { order: "cxcywh", unit: "pixels" },
  "xywh-1": { order: "xywh", unit: 1 },
  "xyxy-1000": { order: "xyxy", unit: 1000 },
  "yxyx-1000": { order: "yxyx", unit: 1000 },
} as const satisfies Record<string, BoxForm>;
export type BoxFormat = keyof typeof BOX_FORMATS;
export const boxFormats = Object.keys(BOX_FORMATS) as BoxFormat[];

/** Other names for the same, as `bbox_format` and `bbox_mode` of records have them; an order alone leaves the unit open. */
export function formNamed(name: string): Partial<BoxForm> | undefined {
  const plain = name.trim().toLowerCase();
  const format = Object.hasOwn(BOX_FORMATS, plain) ? BOX_FORMATS[plain as BoxFormat] : undefined;
  if (format) return format;
  const order = /^(?:bbox_?)?(xyxy|xywh|cxcywh|yxyx)(?:_abs|_rel)?$/.exec(plain)?.[1] as BoxOrder | undefined;
  if (order === undefined) return undefined;
  return plain.endsWith("_abs") ? { order, unit: "pixels" } : plain.endsWith("_rel") ? { order, unit: 1 } : { order };
}

const ORDER_WORDS: Record<BoxOrder, string> = {
  xyxy: "left, top, right, bottom",
  xywh: "left, top, width, height",
  cxcywh: "centre x, centre y, width, height",
  yxyx: "top, left, bottom, right",
};

/** A form for the middle of a sentence. */
export const formWords = ({ order, unit }: BoxForm): string =>
  `${ORDER_WORDS[order]} ${unit === "pixels" ? "in pixels" : `from 0 to ${unit}`}`;

/** Four numbers in a form -> shares of the picture; `size` is asked for where they are pixels. */
export function sharesOf([a, b, c, d]: readonly number[], { order, unit }: BoxForm, size: Size | undefined): Part {
  const width = unit === "pixels" ? size!.width : unit;
  const height = unit === "pixels" ? size!.height : unit;
  const [p, q, r, s] = [a!, b!, c!, d!];
  const corners: Part =
    order === "xyxy"
      ? [p, q, r, s]
      : order === "yxyx"
        ? [q, p, s, r]
        : order === "xywh"
          ? [p, q, p + r, q + s]
          : [p - r / 2, q - s / 2, p + r / 2, q + s / 2];
  return [corners[0] / width, corners[1] / height, corners[2] / width, corners[3] / height];
}

/** A box that is looked at, and the size of its picture where that is known. */
export interface SampledBox {
  numbers: readonly number[];
  size: Size | undefined;
}

export interface Guess {
  form: BoxForm;
  /** Boxes that fit their pictures in it, of all that were looked at; and in the next best order. */
  fits: number;
  of: number;
  next: { order: BoxOrder; fits: number } | undefined;
}

/** A share of the picture by which a box may reach beyond it and still fit: annotators and rounding do that. */
const SLACK = 0.01;

function fits(box: SampledBox, form: BoxForm): boolean {
  if (form.unit === "pixels" && !box.size) return false;
  const [left, top, right, bottom] = sharesOf(box.numbers, form, box.size);
  const inside = (value: number): boolean => value >= -SLACK && value <= 1 + SLACK;
  return right > left && bottom > top && [left, top, right, bottom].every(inside);
}

/** Where so many boxes fit as pixels they are pixels: some always reach beyond their pictures, and would fit as thousandths. */
const MOST = 0.9;

/**
 * The form in which most of `boxes` lie inside of their pictures with an area; of equal ones corners go before sides, and these before a
 * centre. `known`: what the data says of it. Undefined where there is no box to tell by: numbers above 1 say nothing without a picture.
 */
export function guessForm(boxes: readonly SampledBox[], known: Partial<BoxForm> = {}): Guess | undefined {
  // Numbers up to 1 are shares: nobody has pictures of one pixel.
  const isShare = boxes.every(({ numbers }) => numbers.every((value) => value <= 1 + SLACK));
  const judged = isShare ? boxes : boxes.filter(({ size }) => size !== undefined);
  if (judged.length === 0) return undefined;
  const units: BoxUnitOfData[] = known.unit !== undefined ? [known.unit] : isShare ? [1] : ["pixels", 1000];
  const orders: BoxOrder[] = known.order !== undefined ? [known.order] : ["xyxy", "xywh", "cxcywh"];
  const tried = units.flatMap((unit) => orders.map((order) => ({ form: { order, unit }, fits: 0 })));
  for (const one of tried) one.fits = judged.filter((box) => fits(box, one.form)).length;
  const bestOf = (some: typeof tried): (typeof tried)[number] => some.reduce((a, b) => (b.fits > a.fits ? b : a));
  const inPixels = tried.filter(({ form }) => form.unit === "pixels");
  const pixels = inPixels.length > 0 ? bestOf(inPixels) : undefined;
  const best = pixels && pixels.fits >= MOST * judged.length ? pixels : bestOf(tried);
  const others = tried.filter(({ form }) => form.unit === best.form.unit && form.order !== best.form.order);
  const second = others.reduce<(typeof tried)[number] | undefined>(
    (a, b) => (a && a.fits >= b.fits ? a : b),
    undefined,
  );
  return { ...best, of: judged.length, next: second && { order: second.form.order, fits: second.fits } };
}
