/** A JSON file of any shape -> its records. Joins (COCO's pictures, VQA's answers) hold what they look up, and no more than `limits.rows` of it. */
import { counted } from "../../words.ts";
import type { ClassNames } from "../boxes/found.ts";
import { votesIn } from "./answers.ts";
import { decodeText } from "./bytes.ts";
import { cocoBoxRecords } from "./coco-boxes.ts";
import { baseName, type Entry, grouped } from "./entry.ts";
import type { HeldOutSplit } from "./folders.ts";
import { jsonItemsOf } from "./json-items.ts";
import { jsonMembersOf, type Member } from "./json-members.ts";
import { namedRecord, type Read, rowsByColumns, shapeOf } from "./json-shape.ts";
import { objectIn, parseJson } from "./json-text.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { RowProblem } from "./problem.ts";
import { type RawRecord, type ReadRecord, readRecord } from "./raw.ts";
import type { Remarks } from "./remarks.ts";
import { isPicture } from "./sidecar.ts";
import { isRecord, keyText, own } from "./values.ts";

/** What a table may look up outside of itself. */
export interface Surroundings {
  /** The JSON tables of the drop. */
  tables: readonly Entry[];
  /** All files of the drop. */
  entries: readonly Entry[];
  remarks: Remarks;
  /** Pictures without a text are records too. */
  toAnswer?: boolean;
  /** Names of classes that boxes have by number. */
  classes?: ClassNames;
}

/** A table of rows is not wider. */
const MOST_COLUMNS = 1000;

const shapes = new WeakMap<Entry, Promise<Read>>();

/** The shape of a file, found once. */
function shape(entry: Entry): Promise<Read> {
  const known = shapes.get(entry) ?? shapeOf(entry.path, entry.stream());
  shapes.set(entry, known);
  return known;
}

/** The split inside of a JSON file that is not trained on. */
export async function splitInside(entry: Entry): Promise<HeldOutSplit | undefined> {
  const { shape: found } = await shape(entry);
  return found.kind === "lists" ? found.heldOut?.split : undefined;
}

/** Records of a JSON file by its structure; with `inside` those of its `splitInside`. */
export async function* jsonRecords(
  entry: Entry,
  limits: DatasetLimits,
  around: Surroundings,
  inside = false,
): AsyncGenerator<ReadRecord> {
  const { shape: found, notes } = await shape(entry);
  for (const note of notes) around.remarks.say(note);
  const members = () => jsonMembersOf(entry.stream(), limits.lineBytes);
  const items = (keys: readonly string[]) => itemsOf(members(), keys);
  const json = (raw: RawRecord, make: (value: unknown) => unknown = (value) => value) =>
    readRecord(raw, limits, "bad-json", (text) => make(parseJson(text)));
  if (found.kind === "values") {
    for await (const raw of jsonItemsOf(entry.stream(), limits.lineBytes)) yield json(raw);
  } else if (found.kind === "lists") {
    const keys = inside ? (found.heldOut?.keys ?? []) : found.keys;
    for await (const raw of items(keys)) yield json(raw, withoutEnvelope);
  } else if (found.kind === "by-name") {
    for await (const member of members()) {
      if (member.item === undefined) yield json(rawOf(member, "key"), (value) => namedRecord(member.key, value));
      else if (member.item > 0) yield json(rawOf(member, "key"), (value) => namedRecord(member.key, value));
    }
  } else if (found.kind === "split") {
    const names: string[] = [];
    for await (const { bytes } of items(["columns"])) {
      names.push(keyText(parseJson(decodeText(bytes))) ?? "");
      if (names.length > MOST_COLUMNS) throw new Error(`it has more than ${MOST_COLUMNS} columns`);
    }
    const byName = (cells: unknown) =>
      Array.isArray(cells) ? Object.fromEntries(names.map((name, i) => [name, cells[i]])) : cells;
    for await (const raw of items(["data"])) yield json(raw, byName);
  } else if (found.kind === "columns") {
    yield* columnRecords(entry, limits);
  } else if (found.kind === "coco" && found.boxes) {
    yield* cocoBoxRecords(entry.path, items, limits, (sentence) => around.remarks.say(sentence));
  } else if (found.kind === "coco") {
    const pictures = await lookUp(items(["images"]), limits, (image) => [
      own(image, "id"),
      own(image, "file_name") ?? own(image, "path"),
    ]);
    const byNumber = pictureNumbers(around.entries);
    for await (const raw of items(["annotations"]))
      yield json(raw, (value) => withPicture(value, (id) => pictures.get(id) ?? byNumber(id, ""), entry.path));
  } else if (found.kind === "questions") {
    const answers = await answersFor(entry, found.joined, limits, around);
    const byNumber = pictureNumbers(around.entries);
    for await (const raw of items(["questions"])) {
      yield json(raw, (value) => {
        const record = withPicture(value, (id) => byNumber(id, found.subset), entry.path);
        const answered = isRecord(value) ? answers?.get(keyText(own(value, "question_id")) ?? "") : undefined;
        return { ...record, ...answered };
      });
    }
  } else if (!(await questionsAround(entry, around))) {
    for await (const raw of items(["annotations"])) yield json(raw);
  }
}

/** Rows of the Hugging Face viewer's API are each in an envelope. */
function withoutEnvelope(value: unknown): unknown {
  if (!isRecord(value) || !Object.hasOwn(value, "row_idx")) return value;
  const row = own(value, "row");
  return isRecord(row) ? row : value;
}

function rawOf({ key, item, bytes, tooLong, broken }: Member, place: "key" | "item"): RawRecord {
  const words = place === "key" ? `key ${JSON.stringify(key.slice(0, 80))}` : `${key.slice(0, 80)} ${item}`;
  return { place: words, bytes, tooLong, ...(broken === undefined ? {} : { broken }) };
}

async function* itemsOf(members: AsyncGenerator<Member>, keys: readonly string[]): AsyncGenerator<RawRecord> {
  for await (const member of members) {
    if (member.item !== 0 && member.item !== undefined && keys.includes(member.key)) yield rawOf(member, "item");
    else if (member.broken !== undefined) yield rawOf({ ...member, item: member.item ?? 1 }, "item");
  }
}

/** A table by columns is one value, and may be as long as one. */
async function* columnRecords(entry: Entry, limits: DatasetLimits): AsyncGenerator<ReadRecord> {
  for await (const raw of jsonItemsOf(entry.stream(), limits.lineBytes)) {
    if (raw.tooLong) {
      throw new Error(
        `it is a table by columns of more than ${formatBytes(limits.lineBytes)}; save it row by row, as JSON lines`,
      );
    }
    const table = parseJson(decodeText(raw.bytes));
    if (!isRecord(table)) return;
    for (const [i, row] of rowsByColumns(table).entries()) {
      const excerpt = () => JSON.stringify(row).slice(0, 200);
      yield { place: `row ${i + 1}`, excerpt, parse: () => row };
    }
  }
}

/** A map over the items of a list, by the texts of their keys. Broken items are passed over: what needs them says so. */
async function lookUp(
  items: AsyncGenerator<RawRecord>,
  limits: DatasetLimits,
  pick: (item: Record<string, unknown>) => [unknown, unknown],
): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for await (const raw of items) {
    const item = objectIn(raw);
    if (!item) continue;
    const [id, value] = pick(item);
    const key = keyText(id);
    if (key !== undefined && value !== undefined) found.set(key, value);
    if (found.size > limits.rows) throw new Error(`it has more than ${limits.rows} entries to look up`);
  }
  return found;
}

/** An annotation or question with its picture. Throws a RowProblem "missing-picture". */
function withPicture(value: unknown, find: (id: string) => unknown, path: string): Record<string, unknown> {
  if (!isRecord(value)) throw new RowProblem("bad-row", "The record is not an object with named fields.");
  const id = keyText(own(value, "image_id"));
  if (id === undefined)
    throw new RowProblem("missing-picture", `${path} does not say by an image_id which picture it means.`);
  const image = find(id);
  if (image === undefined) {
    throw new RowProblem(
      "missing-picture",
      `${path} names the picture by the number ${id.slice(0, 40)}, and no file of the drop has it; drop the pictures with it.`,
    );
  }
  return { ...value, image };
}

/** Finds pictures by the number at the end of their names (COCO_train2014_000000000009.jpg), where that is one file. */
function pictureNumbers(entries: readonly Entry[]): (id: string, subset: string) => string | undefined {
  const numberOf = (entry: Entry) => /(\d{1,15})\.\w+$/.exec(baseName(entry.path))?.[1];
  const numbered = entries.filter((entry) => isPicture(entry) && numberOf(entry) !== undefined);
  const byNumber = grouped(numbered, (entry) => String(Number(numberOf(entry))));
  return (id, subset) => {
    const all = byNumber.get(id) ?? [];
    const named = all.length > 1 && subset !== "" ? all.filter(({ path }) => path.includes(subset)) : all;
    return named.length === 1 ? named[0]!.path : undefined;
  };
}

/** The answers to a file's questions, as fields of their records: from itself, or from the other tables. */
async function answersFor(
  entry: Entry,
  joined: boolean,
  limits: DatasetLimits,
  { tables, remarks }: Surroundings,
): Promise<Map<string, object> | undefined> {
  const others: Entry[] = [];
  for (const table of tables) {
    if (table !== entry && (await shape(table)).shape.kind === "answers") others.push(table);
  }
  const from = joined ? [entry] : others;
  if (from.length === 0) return undefined;
  const answers = new Map<string, object>();
  for (const table of from) {
    const items = itemsOf(jsonMembersOf(table.stream(), limits.lineBytes), ["annotations"]);
    const found = await lookUp(items, limits, (item) => [own(item, "question_id"), answerOf(item)]);
    for (const [id, answer] of found) answers.set(id, answer as object);
  }
  if (!joined)
    remarks.say(
      `${entry.path} is joined with ${counted(answers.size, "answer")} of ${others.map(({ path }) => path).join(", ")} by question_id.`,
    );
  return answers;
}

/** The answer of an annotation, and what all people said beside it: as one text, because a join holds as many as there are questions. */
function answerOf(item: Record<string, unknown>): object | undefined {
  const [one, all] = [own(item, "multiple_choice_answer") ?? own(item, "answer"), own(item, "answers")];
  if (one === undefined) return all === undefined ? undefined : { answer: all };
  const votes = votesIn(all);
  return votes.length > 0 ? { answer: one, answers: JSON.stringify(votes) } : { answer: one };
}

/** True where another table has the questions of this one's answers: then its rows come from there. */
async function questionsAround(entry: Entry, { tables }: Surroundings): Promise<boolean> {
  for (const table of tables) {
    if (table === entry) continue;
    const { shape: other } = await shape(table);
    if (other.kind === "questions" && !other.joined) return true;
  }
  return false;
}
