/** Boxes of an answer on the picture that is shown with it. */
import { namedBoxesIn } from "../../metrics/boxes.ts";
import type { Part } from "../pictures/format.ts";
import type { Size } from "../pictures/pixels.ts";

/** Which part of which picture is shown. */
export interface Shown {
  part: Part;
  /** The picture's upright size, and the one that it is resized to for the model. */
  size: Size;
  resized?: Size | undefined;
}

/** A box as shares of what is shown. */
export interface PlacedBox {
  label: string | undefined;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What one side is counted to, in a unit by its name (`unitName`); undefined where that is not known. */
function extentOf(unit: string | undefined, { size, resized }: Shown): Size | undefined {
  if (unit === "pixels") return size;
  if (unit === "resized-pixels") return resized;
  const scale = Number(/^0-(\d+)$/.exec(unit ?? "")?.[1]);
  return scale > 0 ? { width: scale, height: scale } : undefined;
}

/** A number by which a box may reach beyond its unit and still be meant in it. */
const SLACK = 1.02;

/**
 * The boxes of `answer` that lie in what is shown, clipped at its edges. `unit` is that of the data or the model; numbers up to 1 are
 * shares without a word about it. Of numbers that the unit cannot be nothing is placed: a box in a wrong place is worse than none.
 */
export function placedBoxes(answer: string, unit: string | undefined, shown: Shown): PlacedBox[] {
  const boxes = namedBoxesIn(answer);
  const fits = (extent: Size): boolean =>
    boxes.every(({ box: [, , right, bottom] }) => right <= extent.width * SLACK && bottom <= extent.height * SLACK);
  const shares = { width: 1, height: 1 };
  const extent = fits(shares) ? shares : extentOf(unit, shown);
  if (!extent || !fits(extent)) return [];
  const [partLeft, partTop, partRight, partBottom] = shown.part;
  const along = (value: number, length: number, from: number, to: number): number =>
    Math.min(1, Math.max(0, (value / length - from) / (to - from)));
  return boxes.flatMap(({ box: [x1, y1, x2, y2], label }) => {
    const [left, right] = [x1, x2].map((x) => along(x, extent.width, partLeft, partRight)) as [number, number];
    const [top, bottom] = [y1, y2].map((y) => along(y, extent.height, partTop, partBottom)) as [number, number];
    return right > left && bottom > top ? [{ label, left, top, right, bottom }] : [];
  });
}
