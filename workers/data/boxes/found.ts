/**
 * The boxes of a record, in the forms in which people write them: lists of four numbers, objects with a box and a label (COCO, Qwen,
 * Gemini), lists side by side (Hugging Face), sides by name (Pascal VOC), points (LabelMe), a centre (CreateML). Nothing is converted
 * here: the numbers are as the data has them.
 */
import { isJsonObject } from "../../json.ts";
import { type BoxForm, formNamed } from "./forms.ts";

/** A box as the data has it. */
export interface FoundBox {
  numbers: number[];
  label?: string;
  /** What the data says of its form; the rest has to be guessed. */
  form: Partial<BoxForm>;
}

/** Why an object of a record gives no box. */
export type Aside = "crowd" | "not four numbers" | "without a name" | "other shapes";

export interface FoundBoxes {
  boxes: FoundBox[];
  aside: Partial<Record<Aside, number>>;
  /** What was made rectangles of: outlines and lines of points. */
  outlines: number;
  /** What the things are called, where a conversation has marks in place of their names (ms-swift). */
  refs?: string[];
}

type Json = Record<string, unknown>;

const own = (record: Json, name: string): unknown => (Object.hasOwn(record, name) ? record[name] : undefined);
const firstOf = (record: Json, names: readonly string[]): unknown =>
  names.map((name) => own(record, name)).find((value) => value !== undefined && value !== null);

/** Names of the box in an object; Gemini's has y in front and counts to 1000. */
const BOX_KEYS = ["bbox", "bbox_2d", "box", "bounding_box", "boundingBox", "bndbox", "xyxy", "xywh", "cxcywh"];
const GEMINI = "box_2d";

/** What a name says of the boxes under it. */
const formUnder = (name: string): Partial<BoxForm> =>
  name === GEMINI ? { order: "yxyx", unit: 1000 } : (formNamed(name) ?? {});

const LABEL_KEYS = [
  "label",
  "category",
  "class",
  "name",
  "category_name",
  "class_name",
  "labels",
  "categories",
  "ref",
  "text",
];
/** Classes by their numbers. */
const NUMBER_KEYS = ["category_id", "class_id", "label_id", "cls"];

/** Sides of a box by name, each list one form. */
const SIDES: { names: [string, string, string, string]; form: Partial<BoxForm> }[] = [
  ...[
    ["xmin", "ymin", "xmax", "ymax"],
    ["x_min", "y_min", "x_max", "y_max"],
    ["x1", "y1", "x2", "y2"],
    ["left", "top", "right", "bottom"],
  ].map((names) => ({ names: names as [string, string, string, string], form: { order: "xyxy" as const } })),
  ...[
    ["left", "top", "width", "height"],
    ["x", "y", "width", "height"],
    ["x", "y", "w", "h"],
  ].map((names) => ({ names: names as [string, string, string, string], form: { order: "xywh" as const } })),
  ...[
    ["cx", "cy", "w", "h"],
    ["cx", "cy", "width", "height"],
    ["x_center", "y_center", "width", "height"],
  ].map((names) => ({ names: names as [string, string, string, string], form: { order: "cxcywh" as const } })),
];

/** A number, or one that is written as a text; NaN for all else. */
export const numberOf = (value: unknown): number => {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return typeof value === "number" ? value : Number.NaN;
};

/** Four finite numbers, of a list of them or of two corners. */
function fourNumbers(value: unknown): number[] | undefined {
  const flat = value instanceof Float32Array || value instanceof Float64Array ? [...value] : value;
  if (!Array.isArray(flat)) return undefined;
  const corners = flat.length === 2 && flat.every((corner) => Array.isArray(corner) && corner.length === 2);
  const numbers = (corners ? (flat as unknown[][]).flat() : flat).map(numberOf);
  return numbers.length === 4 && numbers.every(Number.isFinite) ? numbers : undefined;
}

function bySides(value: Json): { numbers: number[]; form: Partial<BoxForm> } | undefined {
  for (const { names, form } of SIDES) {
    const numbers = names.map((name) => numberOf(own(value, name)));
    if (numbers.every(Number.isFinite)) return { numbers, form };
  }
  return undefined;
}

/** The rectangle around points; of one point none. */
export function aroundPoints(points: readonly (readonly number[])[]): number[] | undefined {
  const [xs, ys] = [points.map(([x]) => x!), points.map(([, y]) => y!)];
  if (points.length < 2 || ![...xs, ...ys].every(Number.isFinite)) return undefined;
  const low = (values: number[]): number => values.reduce((a, b) => Math.min(a, b));
  const high = (values: number[]): number => values.reduce((a, b) => Math.max(a, b));
  return [low(xs), low(ys), high(xs), high(ys)];
}

/** LabelMe's shapes: two corners, or points around the thing. */
function byPoints(value: Json): { numbers: number[]; outline: boolean } | undefined {
  const points = own(value, "points");
  if (!Array.isArray(points) || !points.every(Array.isArray)) return undefined;
  const numbers = aroundPoints((points as unknown[][]).map((point) => point.map(numberOf)));
  return numbers && { numbers, outline: points.length > 2 };
}

/** What the names of classes are looked up in, where the data has numbers. */
export type ClassNames = readonly string[] | undefined;

/** A label as a text. A number is looked up; undefined where it stands for nothing. */
export function labelOf(value: unknown, classes: ClassNames): string | undefined {
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof one === "string" && !/^\s*\d+\s*$/.test(one)) return one.trim() === "" ? undefined : one.trim();
  const number = numberOf(one);
  return Number.isInteger(number) ? classes?.[number] || undefined : undefined;
}

const count = (found: FoundBoxes, why: Aside): void => {
  found.aside[why] = (found.aside[why] ?? 0) + 1;
};

function add(found: FoundBoxes, numbers: number[], form: Partial<BoxForm>, label: unknown, classes: ClassNames): void {
  const named = labelOf(label, classes);
  const isNameless = named === undefined && label !== undefined && label !== null && label !== "";
  if (isNameless) count(found, "without a name");
  else found.boxes.push({ numbers, form, ...(named === undefined ? {} : { label: named }) });
}

/** An object of a list; false where it is nothing with a box. */
function addObject(found: FoundBoxes, item: Json, classes: ClassNames): boolean {
  const label = firstOf(item, LABEL_KEYS) ?? firstOf(item, NUMBER_KEYS);
  const gemini = fourNumbers(own(item, GEMINI));
  if (gemini) {
    add(found, gemini, formUnder(GEMINI), label, classes);
    return true;
  }
  const shape = byPoints(item);
  if (Object.hasOwn(item, "points")) {
    const kind = own(item, "shape_type");
    if (!shape || (typeof kind === "string" && /^(point|circle)$/.test(kind))) count(found, "other shapes");
    else {
      if (shape.outline) found.outlines += 1;
      add(found, shape.numbers, { order: "xyxy", unit: "pixels" }, label, classes);
    }
    return true;
  }
  const coordinates = own(item, "coordinates");
  const createMl = isJsonObject(coordinates) ? bySides(coordinates) : undefined;
  if (createMl) {
    add(found, createMl.numbers, { order: "cxcywh", unit: "pixels" }, label, classes);
    return true;
  }
  const key = BOX_KEYS.find((name) => own(item, name) !== undefined);
  const value = key === undefined ? item : own(item, key);
  const sides = isJsonObject(value) ? bySides(value) : undefined;
  const numbers = fourNumbers(value) ?? sides?.numbers;
  if (key === undefined && !numbers) return false;
  if (numberOf(own(item, "iscrowd")) === 1) count(found, "crowd");
  else if (!numbers) count(found, "not four numbers");
  else {
    if (own(item, "outline") === true) found.outlines += 1;
    add(found, numbers, sides?.form ?? formUnder(key ?? ""), label, classes);
  }
  return true;
}

/** Lists side by side: {bbox: [[…], …], category: […]}. */
function addColumns(found: FoundBoxes, value: Json, classes: ClassNames): boolean {
  const key = [...BOX_KEYS, "bboxes", "boxes"].find((name) => isListOfBoxes(own(value, name)));
  if (key === undefined) return false;
  const labels = firstOf(value, LABEL_KEYS) ?? firstOf(value, NUMBER_KEYS);
  const crowd = own(value, "iscrowd");
  const refs = own(value, "ref");
  if (Array.isArray(refs) && refs.every((ref) => typeof ref === "string")) found.refs = refs;
  addList(found, own(value, key) as unknown[], formUnder(key), { labels, crowd }, classes);
  return true;
}

/** Boxes as lists of numbers, with what stands beside them in their order; a label that is no list is that of each. */
function addList(
  found: FoundBoxes,
  boxes: readonly unknown[],
  form: Partial<BoxForm>,
  { labels, crowd }: { labels: unknown; crowd?: unknown },
  classes: ClassNames,
): void {
  for (const [i, box] of boxes.entries()) {
    const numbers = fourNumbers(box);
    if (Array.isArray(crowd) && numberOf(crowd[i]) === 1) count(found, "crowd");
    else if (!numbers) count(found, "not four numbers");
    else add(found, numbers, form, Array.isArray(labels) ? labels[i] : labels, classes);
  }
}

/** A list that is empty, or of lists of which one is a box. */
const isListOfBoxes = (value: unknown): value is unknown[] =>
  Array.isArray(value) && (value.length === 0 || value.some((box) => fourNumbers(box) !== undefined));

/**
 * The boxes in a column's value; `labels` is what another column of the record says of them. Undefined where it holds no boxes; an empty
 * list holds none and says so.
 */
export function boxesInValue(
  value: unknown,
  name: string,
  labels: unknown,
  classes: ClassNames,
): FoundBoxes | undefined {
  const found: FoundBoxes = { boxes: [], aside: {}, outlines: 0 };
  const form = formUnder(name);
  if (fourNumbers(value)) addList(found, [value], form, { labels }, classes);
  else if (isListOfBoxes(value)) addList(found, value, form, { labels }, classes);
  else if (Array.isArray(value)) {
    if (!value.every(isJsonObject)) return undefined;
    const known = value.map((item) => addObject(found, item, classes));
    if (!known.includes(true)) return undefined;
    for (const one of known) if (!one) count(found, "not four numbers");
  } else if (isJsonObject(value)) {
    if (!addColumns(found, value, classes) && !addObject(found, value, classes)) return undefined;
  } else return undefined;
  return found;
}
