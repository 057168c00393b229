/** The column names of tables: those that are known, and those that the user picks. */
import { letterDistance } from "../../letter-distance.ts";

/** Column names that the user picked; they override what would be found. */
export interface ColumnMapping {
  messages?: string;
  images?: string;
  question?: string;
  answer?: string;
  /** A class: its name is the answer. */
  label?: string;
  /** Boxes of things: where no other column is the answer, they are. */
  boxes?: string;
  system?: string;
}

/** Names under which each thing is looked for, in this order; case, spaces, "_", "-" and "." in them do not matter. */
export const COLUMNS = {
  messages: [
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "dialogs",
    "dialogues",
    "chat",
    "turns",
    "qa_pairs",
    "qa",
    "qas",
    "texts",
  ],
  images: [
    "images",
    "image",
    "image_path",
    "file_name",
    "file_names",
    "image_file_name",
    "image_file_names",
    "images_file_names",
    "image_paths",
    "image_name",
    "image_file",
    "image_filename",
    "img",
    "imgs",
    "img_path",
    "img_paths",
    "img_name",
    "img_file",
    "picture",
    "pictures",
    "photo",
    "photos",
    "image_url",
    "image_urls",
  ],
  /** A picture by its name without an extension, where no column above is there (TextVQA, GQA, tables of Kaggle). */
  imageId: ["image_id", "img_id"],
  question: [
    "question",
    "prompt",
    "query",
    "instruction",
    "prefix",
    "problem",
    "user_prompt",
    "input",
    "questions",
    "queries",
  ],
  answer: [
    "answer",
    "response",
    "completion",
    "output",
    "suffix",
    "multiple_choice_answer",
    "correct_answer",
    "gt_answer",
    "gold_answer",
    "answers",
    "target",
    "ground_truth",
    "direct_answers",
    "responses",
    "solution",
    "reply",
    "chosen",
    "assistant",
    "gpt",
  ],
  caption: [
    "text",
    "caption",
    "captions",
    "texts",
    "sentences",
    "sentence",
    "description",
    "descriptions",
    "comment",
    "comments",
    "alt_text",
    "raw",
  ],
  label: ["label", "labels", "class", "class_name", "category", "category_name"],
  boxes: [
    "bboxes",
    "bbox",
    "boxes",
    "box",
    "bbox_2d",
    "box_2d",
    "bounding_boxes",
    "bounding_box",
    "objects",
    "annotations",
    "detections",
    "shapes",
  ],
  /** How they are written, and in a picture of which size. */
  boxFormat: ["bbox_format", "box_format", "bbox_mode"],
  width: ["width", "image_width"],
  height: ["height", "image_height"],
  system: ["system", "system_prompt"],
  choices: ["choices", "options", "multiple_choices", "answer_choices", "candidates"],
  /** The right option, where the answer column is not what says it. */
  choice: [
    "answer_index",
    "answer_idx",
    "correct_choice_idx",
    "correct_option",
    "answer_key",
    "correct_index",
    "label",
  ],
  history: ["history", "chat_history", "conversation_history"],
  /** What belongs to an `instruction`. */
  input: ["input"],
  /** Parts of a record about its conversation that are not trained on. */
  aside: [
    "rejected",
    "rejected_response",
    "rejected_messages",
    "rejected_images",
    "hint",
    "lecture",
    "context",
    "passage",
    "rationale",
    "explanation",
    "tools",
  ],
  /** Which split a row is of. */
  split: ["split", "data_split"],
  /** Whether an answer is a good one, in preference data of KTO. */
  liked: ["kto_tag", "label"],
  /** The better answer to a conversation that ends with a question. */
  chosen: ["chosen"],
} as const;

export type ColumnKind = keyof typeof COLUMNS;

/** A name as it is compared. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, "");

/** The same names as they are compared. */
export const FOLDED = Object.fromEntries(
  Object.entries(COLUMNS).map(([kind, names]) => [kind, names.map(foldName)]),
) as Record<ColumnKind, string[]>;

/** Columns of options: A, B, C …, option_a, choice 1. */
export const OPTION_COLUMN = /^(?:(?:option|choice)s?[\s_.-]*)?([a-h])$|^(?:option|choice)s?[\s_.-]*([1-9])$/i;

/** caption_0, answer 1, image_2: one of several. */
export const NUMBERED = /^(.*?)[\s_.-]*(\d{1,3})$/;

/** Columns that hold the sides of one box, one number each. */
const SIDES = [
  ["xmin", "ymin", "xmax", "ymax"],
  ["x1", "y1", "x2", "y2"],
  ["left", "top", "right", "bottom"],
  ["x", "y", "w", "h"],
  ["cx", "cy", "w", "h"],
] as const;

/** The columns of a box's sides, each with the side that it holds; undefined where there are none. */
export function sidesAmong(names: readonly string[]): [side: string, name: string][] | undefined {
  const byFolded = new Map(names.map((name) => [foldName(name), name]));
  const sides = SIDES.find((four) => four.every((side) => byFolded.has(side)));
  return sides?.map((side) => [side, byFolded.get(side)!]);
}

/** True for names that `Fields` finds without a mapping, numbered ones and near misses included. */
export function isKnownColumn(name: string): boolean {
  const folded = foldName(name);
  const kinds = Object.keys(FOLDED) as ColumnKind[];
  const plain = NUMBERED.exec(folded)?.[1] ?? folded;
  return (
    OPTION_COLUMN.test(name) ||
    SIDES.some((four) => four.some((side) => side === folded)) ||
    kinds.some((kind) => FOLDED[kind].includes(folded)) ||
    [...FOLDED.caption, ...FOLDED.answer, ...FOLDED.images].includes(plain) ||
    Object.keys(nearNames(name)).length > 0
  );
}

/** True for columns of pictures, numbered ones included. */
export function isPictureColumn(name: string): boolean {
  const folded = foldName(name);
  return FOLDED.images.includes(folded) || FOLDED.images.includes(NUMBERED.exec(folded)?.[1] ?? "");
}

/** True for names of one of the kinds. */
export function isColumnOf(name: string, ...kinds: ColumnKind[]): boolean {
  const folded = foldedName(name);
  return kinds.some((kind) => FOLDED[kind].includes(folded));
}

/** Kinds whose names may be misspelt: long names that say one thing. */
export const NEAR: ColumnKind[] = ["messages", "question", "answer", "caption"];

/** The records of a table have the same names again and again: what is found out about so many is remembered. */
const REMEMBERED = 1000;
const remembered = new Map<string, Partial<Record<ColumnKind, string>>>();
const folds = new Map<string, string>();

/** `foldName`, remembered. */
export function foldedName(name: string): string {
  const before = folds.get(name);
  if (before !== undefined) return before;
  const folded = foldName(name);
  if (folds.size < REMEMBERED && name.length <= 200) folds.set(name, folded);
  return folded;
}

/** The known names that `name` may be a slip of, by kind; none where it is known itself. */
export function nearNames(name: string): Partial<Record<ColumnKind, string>> {
  const before = remembered.get(name);
  if (before) return before;
  const folded = foldName(name);
  const isKnown = Object.values(FOLDED).some((names) => names.includes(folded));
  const near = Object.fromEntries(
    NEAR.flatMap((kind) => {
      const at = isKnown ? -1 : FOLDED[kind].findIndex((known) => isNear(known, folded));
      return at < 0 ? [] : [[kind, COLUMNS[kind][at]!]];
    }),
  );
  if (remembered.size < REMEMBERED && name.length <= 200) remembered.set(name, near);
  return near;
}

/** A slip of one letter in a name of 6 to 40, of two in one of 10 or more: left out, added, another one, or two changed about. */
function isNear(known: string, name: string): boolean {
  if (
    known.length < 6 ||
    name.length > 40 ||
    known === name ||
    Math.abs(known.length - name.length) > 2 ||
    /\d/.test(name)
  )
    return false;
  return letterDistance(known, name) <= (known.length >= 10 ? 2 : 1);
}
