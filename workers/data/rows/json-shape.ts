/**
 * What a JSON file that is one object holds: a row, a list of rows under a key, splits, the captions or questions of COCO, a table by columns,
 * or rows under the names of their pictures. The first items decide; the file is read again for the rows.
 */
import { listed } from "../../words.ts";
import { decodeLoosely } from "./bytes.ts";
import { quoted } from "./column-words.ts";
import { isColumnOf } from "./columns.ts";
import { type HeldOutSplit, MEASURED_BY, ONE_IS_ENOUGH, separated, splitOf } from "./folders.ts";
import { jsonMembersOf, NotOneObject } from "./json-members.ts";
import { parseLoosely } from "./loose-json.ts";
import { PICTURE_EXTENSIONS } from "./sidecar.ts";
import { isRecord, own } from "./values.ts";

/** What a member is: a list with its first item, or a value. */
export interface Outline {
  isList: boolean;
  count: number;
  /** The value, or the list's first item; undefined where it is too long or broken. */
  first: unknown;
}

export type JsonShape =
  /** Values one after the other, or one row. */
  | { kind: "values" }
  /** The items of these lists; those of `heldOut` belong to a split that is not trained on. */
  | { kind: "lists"; keys: string[]; heldOut?: { split: HeldOutSplit; keys: string[] } }
  /** Annotations, whose pictures are in the list of images: a caption each, or the boxes of a picture together. */
  | { kind: "coco"; boxes: boolean }
  /** VQA's questions, or the answers to those of another file. */
  | { kind: "questions"; subset: string; joined: boolean }
  | { kind: "answers" }
  /** A list, or an object by row number, for each column. */
  | { kind: "columns" }
  /** pandas' "split": the names of the columns, and a list of cells for each row. */
  | { kind: "split" }
  /** A row for each member, under the picture's name or a number. */
  | { kind: "by-name" };

export interface Read {
  shape: JsonShape;
  /** What is left aside, a sentence each, the file's path in front. */
  notes: string[];
}

/** So much of a first item is looked at, and so many members. */
const ITEM_BYTES = 2 ** 18;
const MEMBERS = 1000;

/** The outline of a file that is one object; undefined for others. */
async function outlineOf(stream: ReadableStream<Uint8Array>): Promise<Map<string, Outline> | undefined> {
  const members = new Map<string, Outline>();
  try {
    for await (const { key, item, bytes, tooLong, broken } of jsonMembersOf(stream, ITEM_BYTES)) {
      if (broken !== undefined && item === undefined) break;
      if (item === undefined || item === 0) members.set(key, { isList: item === 0, count: 0, first: undefined });
      const member = members.get(key)!;
      member.count = item ?? 0;
      if ((item === undefined || item === 1) && !tooLong) member.first = parsed(bytes);
      if (members.size > MEMBERS) break;
    }
  } catch (error) {
    if (error instanceof NotOneObject) return undefined;
    // What breaks the file breaks it again when its rows are read, and is told then.
  }
  return members;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseLoosely(decodeLoosely(bytes));
  } catch {
    return undefined;
  }
}

/** Names of lists that hold the rows, best first. */
const ROWS = [
  "data",
  "rows",
  "examples",
  "samples",
  "items",
  "records",
  "annotations",
  "questions",
  "dataset",
  "entries",
];
const PICTURE_NAME = new RegExp(`\\.(${PICTURE_EXTENSIONS.join("|")})$`, "i");

/** What the JSON file at `path` holds. Reads it once, at most. */
export async function shapeOf(path: string, stream: ReadableStream<Uint8Array>): Promise<Read> {
  const members = await outlineOf(stream);
  if (members === undefined || members.size === 0) return { shape: { kind: "values" }, notes: [] };
  const aside = (keys: readonly string[], why: string) =>
    keys.length === 0
      ? []
      : [
          `${path}: ${listed(keys.map((key) => `${quoted(key)} (${members.get(key)!.count})`))} ${keys.length === 1 ? "is" : "are"} left aside: ${why}.`,
        ];
  const lists = [...members].filter(([, { isList, first }]) => isList && isRecord(first)).map(([key]) => key);
  const first = (key: string) => members.get(key)?.first;
  const has = (key: string, name: string) => {
    const item = first(key);
    return isRecord(item) && Object.hasOwn(item, name);
  };

  if (lists.includes("images") && lists.includes("annotations")) {
    const boxes = has("annotations", "bbox") && !has("annotations", "caption");
    return { shape: { kind: "coco", boxes }, notes: [] };
  }
  const splits = lists.filter((key) => splitOf(key) !== undefined);
  if (splits.length > 0 && splits.length === lists.length) {
    const { kept: keys, heldOut, aside: others } = separated(splits, (key) => key);
    const measured = heldOut && { split: heldOut.split, keys: heldOut.members };
    return {
      shape: { kind: "lists", keys, ...(measured ? { heldOut: measured } : {}) },
      notes: [...aside(heldOut?.members ?? [], MEASURED_BY), ...aside(others, ONE_IS_ENOUGH)],
    };
  }
  const isListOf = (key: string, test: (item: unknown) => boolean) =>
    members.get(key)?.isList === true && test(first(key));
  if (isListOf("columns", (name) => typeof name === "string") && isListOf("data", Array.isArray)) {
    return { shape: { kind: "split" }, notes: [] };
  }
  if (isByColumns(members)) return { shape: { kind: "columns" }, notes: [] };
  const pictured = [...members].some(([key, { first: value }]) => isColumnOf(key, "images") && !isRecord(value));
  // Pairs of question and answer are turns, unless each has a picture or a conversation of its own.
  const isTable = (key: string) =>
    Object.keys(first(key) as object).some((name) => isColumnOf(name, "images", "messages"));
  const speaks = lists.some(
    (key) => has(key, "role") || has(key, "from") || (isColumnOf(key, "messages") && !isTable(key)),
  );
  if (pictured || speaks) return { shape: { kind: "values" }, notes: [] };
  if (has("questions", "question_id") && has("questions", "image_id")) {
    const subset = first("data_subtype");
    const joined = lists.includes("annotations");
    return { shape: { kind: "questions", subset: typeof subset === "string" ? subset : "", joined }, notes: [] };
  }
  if (has("annotations", "question_id") && !has("annotations", "question"))
    return { shape: { kind: "answers" }, notes: [] };
  const [best] = [...ROWS.filter((key) => lists.includes(key)), ...(lists.length === 1 ? lists : [])];
  if (best !== undefined) {
    const others = lists.filter((key) => key !== best);
    return { shape: { kind: "lists", keys: [best] }, notes: aside(others, `the rows are taken from "${best}"`) };
  }
  return { shape: { kind: isByName(members) ? "by-name" : "values" }, notes: [] };
}

/** pandas and `datasets` by columns: lists of one length, or objects by row number. */
function isByColumns(members: ReadonlyMap<string, Outline>): boolean {
  const all = [...members];
  const known = all.some(([key]) => isColumnOf(key, "messages", "question", "answer", "caption", "label"));
  if (all.length < 2 || !known) return false;
  if (
    all.every(
      ([, { isList, first }]) =>
        !isList &&
        isRecord(first) &&
        Object.keys(first).length > 0 &&
        Object.keys(first).every((key) => /^\d+$/.test(key)),
    )
  )
    return true;
  const [, { count }] = all[0]!;
  // The turns of one conversation are a list of objects, and so are its pictures' names one of texts: that is a row.
  return (
    count > 0 &&
    all.every(
      ([key, { isList, count: own, first }]) =>
        isList && own === count && (!isRecord(first) || isColumnOf(key, "images")),
    )
  );
}

/** {"a.jpg": "A cat.", …}, or objects that are rows by themselves. */
function isByName(members: ReadonlyMap<string, Outline>): boolean {
  const all = [...members];
  if (all.every(([key]) => PICTURE_NAME.test(key))) return true;
  const isRow = (value: unknown) =>
    isRecord(value) &&
    Object.keys(value).some((name) => isColumnOf(name, "messages", "question", "answer", "caption", "images"));
  return all.every(
    ([key, { isList, first }]) =>
      !isList && isRow(first) && !isColumnOf(key, "messages", "question", "answer", "caption"),
  );
}

/** A member of a file by name as a record: its picture's name is the key where it names none. */
export function namedRecord(key: string, value: unknown): unknown {
  if (!PICTURE_NAME.test(key)) return value;
  if (!isRecord(value))
    return Array.isArray(value) && value.every(isRecord)
      ? { image: key, conversations: value }
      : { image: key, caption: value };
  const pictured = Object.keys(value).some((name) => isColumnOf(name, "images"));
  return pictured ? value : { ...value, image: key };
}

/** The rows of a table by columns. */
export function rowsByColumns(table: Record<string, unknown>): Record<string, unknown>[] {
  const columns = Object.entries(table).filter(([, cells]) => typeof cells === "object" && cells !== null);
  const keys = Object.keys((columns[0]?.[1] as object | undefined) ?? {});
  return keys.map((key) => Object.fromEntries(columns.map(([name, cells]) => [name, own(cells as object, key)])));
}
