/** Label files of YOLO: a line a thing, its class by number and its box as shares of the picture; or the outline around it. */
import { aroundPoints } from "./found.ts";

/** A class and its coordinates. Each word is looked at by itself: one pattern over all lines would try every way to share out their numbers. */
const CLASS = /^\d+$/;
const COORDINATE = /^(-?\d*\.\d+(e-?\d+)?|[01])$/i;

const NUMBER = /^-?(\d+|\d*\.\d+)(e-?\d+)?$/i;

/** Whether all lines have a class and at least four coordinates: no text that anybody wrote. */
export function isYolo(text: string): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (
    lines.length > 0 &&
    lines.every((line) => {
      const [category, ...numbers] = line.trim().split(/\s+/);
      return CLASS.test(category!) && numbers.length >= 4 && numbers.every((number) => COORDINATE.test(number));
    })
  );
}

/** Whether all lines are a class and numbers: also of poses, or in pixels, which are no captions and are not read as boxes. */
export function isNumbers(text: string): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isLine = ([category, ...numbers]: string[]): boolean =>
    CLASS.test(category!) && numbers.length >= 4 && numbers.every((number) => NUMBER.test(number));
  return lines.length > 0 && lines.every((line) => isLine(line.trim().split(/\s+/)));
}

/**
 * A label file as a record's fields. Four numbers are centre and sides, a fifth is how sure a detector was; six and more are points, in
 * pairs. What cannot be either is an object without a box, which is counted where boxes are read.
 */
export function yoloRecord(text: string): { objects: object[]; bbox_format: "yolo" } {
  const objects = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): object => {
      const [category, ...numbers] = line.trim().split(/\s+/).map(Number);
      if (numbers.length === 4 || numbers.length === 5) return { class_id: category, bbox: numbers.slice(0, 4) };
      const pairs = numbers.length % 2 === 0 ? numbers.length / 2 : 0;
      const points = Array.from({ length: pairs }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!]);
      const [left, top, right, bottom] = aroundPoints(points) ?? [];
      if (left === undefined) return { class_id: category, bbox: null };
      const [width, height] = [right! - left, bottom! - top!];
      return { class_id: category, bbox: [left + width / 2, top! + height / 2, width, height], outline: true };
    });
  return { objects, bbox_format: "yolo" };
}
