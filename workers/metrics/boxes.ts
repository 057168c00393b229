/** Boxes in answers: read from the forms that models and data sets write, and compared by the area that they share. */
import { meanOf } from "./averages.ts";
import type { Metric } from "./metric.ts";
import { answerKey } from "./vqa.ts";

/** Corners: left, top, right, bottom, in whatever unit the answer has. */
export type Box = [x1: number, y1: number, x2: number, y2: number];

const N = "(-?\\d+(?:\\.\\d+)?)";
const pairOf = (open: string, close: string): string => `${open}\\s*${N}\\s*,\\s*${N}\\s*${close}`;

/** Forms by the order of their numbers. They are tried at each place, longer ones first. */
const FORMS: { pattern: string; yFirst?: true }[] = [
  // PaliGemma: four digits, y before x. Florence-2: <loc_123>, x before y.
  { pattern: "<loc(\\d+)>".repeat(4), yFirst: true },
  { pattern: "<loc_(\\d+)>".repeat(4) },
  // Gemini's key for y before x; every other key has x first.
  { pattern: `"box_2d"\\s*:\\s*\\[${Array(4).fill(`\\s*${N}\\s*`).join(",")}\\]`, yFirst: true },
  // Two corners: Qwen-VL's (x, y),(x, y), and lists of lists.
  { pattern: `${pairOf("\\(", "\\)")}\\s*,?\\s*${pairOf("\\(", "\\)")}` },
  { pattern: `${pairOf("\\[", "\\]")}\\s*,?\\s*${pairOf("\\[", "\\]")}` },
  { pattern: `[[(]${Array(4).fill(`\\s*${N}\\s*`).join("(?:,|\\s)")}[\\])]` },
];
const ANY = new RegExp(FORMS.map(({ pattern }) => pattern).join("|"), "g");
/** An answer that is four numbers and nothing else. */
const BARE = new RegExp(`^\\s*${Array(4).fill(N).join("\\s*[,\\s]\\s*")}\\s*$`);

/** A box with what an answer calls it. */
export interface NamedBox {
  box: Box;
  label?: string;
}

/** The boxes of an answer, in their order. Four numbers that are no corners (right of left, below of top) are no box. */
export const boxesIn = (answer: string): Box[] => namedBoxesIn(answer).map(({ box }) => box);

export const hasBoxes = (answer: string): boolean => boxesIn(answer).length > 0;

/** The boxes of an answer, each with its label where the answer's form has one: a field of the object around it, or the words beside marks of a model. */
export function namedBoxesIn(answer: string): NamedBox[] {
  const bare = BARE.exec(answer);
  const matches = bare ? [] : [...answer.matchAll(ANY)];
  const found: { numbers: string[]; yFirst: boolean; label: string | undefined }[] = bare
    ? [{ numbers: bare.slice(1), yFirst: false, label: undefined }]
    : [];
  for (const [i, match] of matches.entries()) {
    const form = FORMS.findIndex((_, f) => match[4 * f + 1] !== undefined);
    const before = matches[i - 1];
    const between = {
      before: answer.slice(before ? before.index + before[0].length : 0, match.index),
      after: answer.slice(match.index + match[0].length, matches[i + 1]?.index),
    };
    const yFirst = FORMS[form]!.yFirst === true;
    found.push({ numbers: match.slice(4 * form + 1, 4 * form + 5), yFirst, label: labelBeside(between, form) });
  }
  return found.flatMap(({ numbers, yFirst, label }) => {
    const [a, b, c, d] = numbers.map(Number) as Box;
    const box: Box = yFirst ? [b, a, d, c] : [a, b, c, d];
    return box[2] > box[0] && box[3] > box[1] ? [{ box, ...(label ? { label } : {}) }] : [];
  });
}

/** A field that says what a box is of. */
const LABEL = /"(?:label|category|class|name|category_name|class_name)"\s*:\s*("(?:[^"\\]|\\.)*")/;
/** Qwen-VL's words for what a box is of. */
const REFERRED =
  /(?:<\|object_ref_start\|>(.*?)<\|object_ref_end\|>|<ref>(.*?)<\/ref>)\s*(?:<\|box_start\|>|<box>)?\s*$/s;

/** `form`: which of FORMS the box has; texts on its two sides reach to the boxes beside it. */
function labelBeside({ before, after }: Record<"before" | "after", string>, form: number): string | undefined {
  // PaliGemma names a thing behind its box, Florence in front of it.
  if (form === 0) return /^[^;<]*/.exec(after)![0].trim();
  if (form === 1) return before.split(/[;>]/).at(-1)!.trim();
  const referred = REFERRED.exec(before);
  if (referred) return (referred[1] ?? referred[2])!.trim();
  // The object around the box: from its brace on this side to that on the other.
  const head = before.slice(before.lastIndexOf("{") + 1);
  const tail = after.split("}", 1)[0]!;
  if (!before.includes("{") || head.includes("}")) return undefined;
  const said = LABEL.exec(head) ?? LABEL.exec(tail);
  if (!said) return undefined;
  try {
    return JSON.parse(said[1]!) as string;
  } catch {
    // A text that is no JSON, such as one with a line break in it.
    return said[1]!.slice(1, -1);
  }
}

/** Shared area by the area of both together. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x1, y1, x2, y2]: Box): number => (x2 - x1) * (y2 - y1);
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

interface KeyedBox {
  box: Box;
  /** Names are alike as answers are; a box without one may be of anything. */
  key: string | undefined;
}

const keyedBoxesIn = (answer: string): KeyedBox[] =>
  namedBoxesIn(answer).map(({ box, label }) => ({ box, key: label === undefined ? undefined : answerKey(label) }));

const mayBeOne = (a: KeyedBox, b: KeyedBox): boolean => a.key === undefined || b.key === undefined || a.key === b.key;

/** IoU of each pair of one name: those that share most are paired first. Boxes that are left over have no pair. */
function pairsOf(given: readonly KeyedBox[], right: readonly KeyedBox[]): number[] {
  const all = given.flatMap((a, i) => right.map((b, j) => ({ i, j, value: mayBeOne(a, b) ? iou(a.box, b.box) : 0 })));
  const [taken, met] = [new Set<number>(), new Set<number>()];
  const pairs: number[] = [];
  for (const { i, j, value } of all.sort((x, y) => y.value - x.value)) {
    if (value === 0 || taken.has(i) || met.has(j)) continue;
    taken.add(i);
    met.add(j);
    pairs.push(value);
  }
  return pairs;
}

export interface Overlap {
  /** Mean IoU over the boxes of the longer side: one without a pair counts 0. */
  mean: number;
  /** The share of IoU 0.5 and more over the same. */
  half: number;
  /** Boxes, and pairs of IoU 0.5 and more. */
  given: number;
  right: number;
  found: number;
}

/** Of several right answers, the one that fits best. */
export function overlap(given: string, right: readonly string[]): Overlap {
  const boxes = keyedBoxesIn(given);
  let best: Overlap | undefined;
  for (const one of right) {
    const wanted = keyedBoxesIn(one);
    const most = Math.max(boxes.length, wanted.length);
    const pairs = pairsOf(boxes, wanted);
    const found = pairs.filter((value) => value >= 0.5).length;
    const mean = most === 0 ? 1 : pairs.reduce((total, value) => total + value, 0) / most;
    const here = { mean, half: most === 0 ? 1 : found / most, given: boxes.length, right: wanted.length, found };
    if (!best || here.mean > best.mean) best = here;
  }
  return best ?? { mean: 0, half: 0, given: boxes.length, right: 0, found: 0 };
}

/** Of no boxes on the one side: all is right where there are none on the other either, and nothing else. */
const shareOf = (part: number, all: number, others: number): number => (all > 0 ? part / all : others > 0 ? 0 : 1);

export const boxIou: Metric = {
  name: "box_iou",
  words:
    "the area that given and right boxes of one name share (IoU), a missing or additional box counting 0; iou_50 is the share of boxes with an IoU of 0.5 and more; over all rows precision_50 is their share of the given boxes, recall_50 of the right ones",
  score: (given, right) => overlap(given, right).mean,
  figures: ["box_iou", "iou_50", "precision_50", "recall_50"],
  aggregate(rows, scores) {
    const all = rows.map(({ given, right }) => overlap(given, right));
    const sum = (key: "given" | "right" | "found"): number => all.reduce((total, one) => total + one[key], 0);
    return {
      box_iou: meanOf(scores),
      iou_50: meanOf(all.map(({ half }) => half)),
      precision_50: shareOf(sum("found"), sum("given"), sum("right")),
      recall_50: shareOf(sum("found"), sum("right"), sum("given")),
    };
  },
};
