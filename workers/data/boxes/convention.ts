/**
 * How a model family writes a box in an answer. Its publisher decided that when the model learned it: one who asks a model for boxes in
 * another convention trains against what it knows, and nobody sees it but by boxes that lie beside their things.
 */
import { TabTuneError } from "../../errors.ts";
import type { Part } from "../pictures/format.ts";
import type { Size } from "../pictures/pixels.ts";

export type BoxConvention =
  /** From 0 to `scale` of the picture's width and height, rounded to so many decimals. */
  | { scale: number; decimals: number }
  /** Whole pixels of the picture as it is stored, upright. */
  | "pixels"
  /** Whole pixels of the picture as it is resized for the model. */
  | "resized pixels";

/** The convention in which answers are written, and who said so. */
export interface BoxTarget {
  convention: BoxConvention;
  by: "model" | "person" | "nobody";
  /** The size that a picture has for the model; boxes in resized pixels need it. */
  resized?: ((size: Size) => Size) | undefined;
  /** What the model sees of a picture, where it may be less than all: left, top, right, bottom as shares. */
  seen?: ((size: Size) => Part) | undefined;
}

/** Units that a person may ask for, in place of the model's. */
export const BOX_UNITS = ["0-1000", "0-1", "pixels", "resized-pixels"] as const;
export type BoxUnit = (typeof BOX_UNITS)[number];

const CONVENTIONS: Record<BoxUnit, BoxConvention> = {
  "0-1000": { scale: 1000, decimals: 0 },
  "0-1": { scale: 1, decimals: 3 },
  pixels: "pixels",
  "resized-pixels": "resized pixels",
};

/** Of models whose publishers say nothing: shares are right at every size of picture. */
export const noConvention: BoxTarget = { convention: CONVENTIONS["0-1"], by: "nobody" };

/**
 * The convention of answers: what a person asked for, else the model's.
 * @throws TabTuneError "bad-argument" for resized pixels of a model that shows pictures cropped or in tiles
 */
export function targetOf(asked: BoxUnit | undefined, model: BoxTarget = noConvention): BoxTarget {
  const target: BoxTarget = asked ? { ...model, convention: CONVENTIONS[asked], by: "person" } : model;
  if (target.convention === "resized pixels" && !target.resized) {
    throw new TabTuneError(
      "bad-argument",
      "Boxes in pixels of the resized picture need a model that sees each picture whole, at a size that follows from its own.",
      `Ask for boxes in one of ${BOX_UNITS.filter((unit) => unit !== "resized-pixels").join(", ")}.`,
    );
  }
  return target;
}

/** A convention as a name that crosses borders and is kept. */
export function unitName(convention: BoxConvention): string {
  return typeof convention === "object" ? `0-${convention.scale}` : convention.replace(" ", "-");
}

/** Where the numbers of a box are counted, for the middle of a sentence. */
export function unitWords(convention: BoxConvention): string {
  if (convention === "pixels") return "in pixels of the picture";
  if (convention === "resized pixels") return "in pixels of the picture as it is resized for the model";
  return `from 0 to ${convention.scale} of the picture's width and height`;
}

/** Why answers have this convention. */
export const reasonWords: Record<BoxTarget["by"], string> = {
  model: "as this model's publisher writes them",
  person: "as was asked",
  nobody: "because no convention of a model is known",
};

/** Between two numbers of a convention that follow each other: a side is as long at least, so that a small box keeps an area. */
const stepOf = ({ decimals }: { decimals: number }): number => 10 ** -decimals;

/** What the numbers of a convention are counted to, by side; `size` is asked for where pixels are. */
export function extentOf({ convention, resized }: BoxTarget, size: Size | undefined): Size & { decimals: number } {
  if (typeof convention === "object")
    return { width: convention.scale, height: convention.scale, decimals: convention.decimals };
  if (!size) throw new Error("a box in pixels needs the size of its picture");
  const { width, height } = convention === "resized pixels" ? resized!(size) : size;
  return { width, height, decimals: 0 };
}

/** Four numbers as an answer has them; `thin` where a side had to be widened to one step to keep an area. */
export function writtenBox(
  [left, top, right, bottom]: Part,
  extent: ReturnType<typeof extentOf>,
): { numbers: [number, number, number, number]; thin: boolean } {
  const step = stepOf(extent);
  const round = (value: number): number => Number(value.toFixed(extent.decimals));
  const side = (from: number, to: number, length: number): [number, number, boolean] => {
    const [low, high] = [round(from * length), round(to * length)];
    if (high > low) return [low, high, false];
    return low + step <= length ? [low, round(low + step), true] : [round(high - step), high, true];
  };
  const [x1, x2, thinX] = side(left, right, extent.width);
  const [y1, y2, thinY] = side(top, bottom, extent.height);
  return { numbers: [x1, y1, x2, y2], thin: thinX || thinY };
}

/** Boxes as the answer to a question: JSON, in the form that Qwen's models and most tools read. */
export function boxesAnswer(boxes: readonly { numbers: readonly number[]; label?: string | undefined }[]): string {
  const items = boxes.map(({ numbers, label }) => {
    const said = label === undefined ? "" : `, "label": ${JSON.stringify(label)}`;
    return `{"bbox_2d": [${numbers.join(", ")}]${said}}`;
  });
  return `[${items.join(", ")}]`;
}
