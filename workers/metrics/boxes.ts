/** Boxes in answers: read from the forms that models and data sets write, and compared by the area that they share. */
import { meanOf } from "./averages.ts";
import type { Metric } from "./metric.ts";

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

/** The boxes of an answer, in their order. Four numbers that are no corners (right of left, below of top) are no box. */
export function boxesIn(answer: string): Box[] {
  const bare = BARE.exec(answer);
  const found = bare ? [{ numbers: bare.slice(1), yFirst: false }] : [...answer.matchAll(ANY)].map(numbersOf);
  return found.flatMap(({ numbers, yFirst }) => {
    const [a, b, c, d] = numbers.map(Number) as Box;
    const box: Box = yFirst ? [b, a, d, c] : [a, b, c, d];
    return box[2] > box[0] && box[3] > box[1] ? [box] : [];
  });
}

function numbersOf(match: RegExpExecArray): { numbers: string[]; yFirst: boolean } {
  const groups = match.slice(1);
  const form = FORMS.findIndex((_, i) => groups[4 * i] !== undefined);
  return { numbers: groups.slice(4 * form, 4 * form + 4), yFirst: FORMS[form]!.yFirst === true };
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

/** IoU of each pair: those that share most are paired first. Boxes that are left over have no pair. */
function pairsOf(given: readonly Box[], right: readonly Box[]): number[] {
  const all = given.flatMap((a, i) => right.map((b, j) => ({ i, j, value: iou(a, b) })));
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

/** Mean IoU, and the share of IoU 0.5 and more, over the boxes of the longer side: one without a pair counts 0. Of several right answers, the better. */
export function overlap(given: string, right: readonly string[]): { mean: number; half: number } {
  const boxes = boxesIn(given);
  const best = { mean: 0, half: 0 };
  for (const one of right) {
    const wanted = boxesIn(one);
    const most = Math.max(boxes.length, wanted.length);
    const pairs = pairsOf(boxes, wanted);
    const sum = most === 0 ? 1 : pairs.reduce((total, value) => total + value, 0) / most;
    const half = most === 0 ? 1 : pairs.filter((value) => value >= 0.5).length / most;
    if (sum > best.mean) Object.assign(best, { mean: sum, half });
  }
  return best;
}

export const boxIou: Metric = {
  name: "box_iou",
  words:
    "the area that given and right boxes share (IoU), a missing or additional box counting 0; iou_50 is the share of boxes with an IoU of 0.5 and more",
  score: (given, right) => overlap(given, right).mean,
  figures: ["box_iou", "iou_50"],
  aggregate: (rows, scores) => ({
    box_iou: meanOf(scores),
    iou_50: meanOf(rows.map(({ given, right }) => overlap(given, right).half)),
  }),
};
