/** The column names of tables: those that are known, and those that the user picks. */

import type { Tell } from "./remarks.ts";
import { isPresent, own } from "./values.ts";

/** Column names that the user picked; they override what would be found. */
export interface ColumnMapping {
  messages?: string;
  images?: string;
  question?: string;
  answer?: string;
  /** A class: its name is the answer. */
  label?: string;
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
  images: ["images", "image", "image_path", "file_name"],
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
  aside: ["rejected", "hint", "lecture", "context", "passage", "rationale", "explanation", "tools"],
} as const;

export type ColumnKind = keyof typeof COLUMNS;

/** A name as it is compared. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, "");

const FOLDED = Object.fromEntries(
  Object.entries(COLUMNS).map(([kind, names]) => [kind, names.map(foldName)]),
) as Record<ColumnKind, string[]>;

/** Columns of options: A, B, C …, option_a, choice 1. */
export const OPTION_COLUMN = /^(?:(?:option|choice)s?[\s_.-]*)?([a-h])$|^(?:option|choice)s?[\s_.-]*([1-9])$/i;

/** caption_0, answer 1: one of several. */
const NUMBERED = /^(.*?)[\s_.-]*(\d{1,3})$/;

/** True for names that `Fields` finds without a mapping, numbered ones and near misses included. */
export function isKnownColumn(name: string): boolean {
  const folded = foldName(name);
  const kinds = Object.keys(FOLDED) as ColumnKind[];
  const plain = NUMBERED.exec(folded)?.[1] ?? folded;
  return (
    OPTION_COLUMN.test(name) ||
    kinds.some((kind) => FOLDED[kind].includes(folded)) ||
    [...FOLDED.caption, ...FOLDED.answer].includes(plain) ||
    Object.keys(nearNames(name)).length > 0
  );
}

/** True for names of one of the kinds. */
export function isColumnOf(name: string, ...kinds: ColumnKind[]): boolean {
  return kinds.some((kind) => FOLDED[kind].includes(foldName(name)));
}

/** A column that was found. */
export interface Field {
  name: string;
  value: unknown;
}

const isFilled = (value: unknown): boolean => isPresent(value) && !(typeof value === "string" && value.trim() === "");

/** Kinds whose names may be misspelt: long names that say one thing. */
const NEAR: ColumnKind[] = ["messages", "question", "answer", "caption"];

/** Names of columns, by what they mean: worked out once for all records that have the same. */
class Heading {
  readonly names: readonly string[];
  readonly #byFolded = new Map<string, string>();
  readonly #found = new Map<string, readonly string[]>();

  constructor(names: readonly string[]) {
    this.names = names;
    for (const name of names) {
      const folded = foldedName(name);
      if (!this.#byFolded.has(folded)) this.#byFolded.set(folded, name);
    }
  }

  #once(key: string, find: () => readonly string[]): readonly string[] {
    const before = this.#found.get(key);
    if (before) return before;
    const found = find();
    this.#found.set(key, found);
    return found;
  }

  /** True where a column is called so, whatever its spelling. */
  has(kind: ColumnKind): boolean {
    return FOLDED[kind].some((name) => this.#byFolded.has(name));
  }

  /** The columns of a kind, best first. */
  of(kind: ColumnKind): readonly string[] {
    return this.#once(kind, () => {
      const names = new Set(this.names);
      const found = COLUMNS[kind].flatMap((name, i) => {
        const own = names.has(name) ? name : this.#byFolded.get(FOLDED[kind][i]!);
        return own === undefined ? [] : [own];
      });
      return [...new Set(found)];
    });
  }

  /** The columns caption_0, caption_1 … of a kind, by number. */
  numbered(kind: ColumnKind): readonly string[] {
    return this.#once(`${kind} numbered`, () => {
      const found = this.names.flatMap((name) => {
        const match = NUMBERED.exec(foldedName(name));
        return match && FOLDED[kind].includes(match[1]!) ? [{ name, number: Number(match[2]) }] : [];
      });
      return found.toSorted((a, b) => a.number - b.number).map(({ name }) => name);
    });
  }

  /** Columns A, B, C … or option_a …, from the first on. */
  options(): readonly string[] {
    return this.#once("options", () => {
      const found = new Map<number, string>();
      for (const name of this.names) {
        const match = OPTION_COLUMN.exec(name.trim());
        if (!match) continue;
        const at = match[1] ? match[1].toUpperCase().charCodeAt(0) - 65 : Number(match[2]) - 1;
        if (!found.has(at)) found.set(at, name);
      }
      const names: string[] = [];
      for (let at = 0; found.has(at); at++) names.push(found.get(at)!);
      return names;
    });
  }

  /** The columns whose names are a slip of the pen away from one of the kind. */
  near(kind: ColumnKind): readonly string[] {
    return this.#once(`${kind} near`, () => this.names.filter((name) => nearNames(name)[kind] !== undefined));
  }
}

let lastHeading = new Heading([]);

/** The heading of these names; that of the record before where it had the same, as those of a table have. */
function headingOf(names: readonly string[]): Heading {
  const { names: before } = lastHeading;
  const isSame = before.length === names.length && names.every((name, i) => name === before[i]);
  if (!isSame) lastHeading = new Heading(names);
  return lastHeading;
}

/** The columns of one record, by what they mean. What was not found under its own name is told. */
export class Fields {
  readonly names: readonly string[];
  readonly #heading: Heading;
  readonly #record: Record<string, unknown>;
  readonly #mapping: ColumnMapping;
  readonly #tell: Tell;

  constructor(record: Record<string, unknown>, mapping: ColumnMapping, tell: Tell) {
    this.#record = record;
    this.#mapping = mapping;
    this.#tell = tell;
    this.names = Object.keys(record);
    this.#heading = headingOf(this.names);
  }

  /** Every column of a kind that has a value, best first; those that hold a text of white space last. */
  all(kind: ColumnKind): Field[] {
    const mapped = kind in this.#mapping ? this.#mapping[kind as keyof ColumnMapping] : undefined;
    if (mapped !== undefined) return this.#fields([mapped]);
    const fields = this.#fields(this.#heading.of(kind));
    if (fields.length < 2) return fields;
    return [...fields.filter(({ value }) => isFilled(value)), ...fields.filter(({ value }) => !isFilled(value))];
  }

  /** The column of a kind, under one of its names or, for some kinds, nearly so. */
  first(kind: ColumnKind): Field | undefined {
    const [found] = this.all(kind);
    if (found !== undefined || this.has(kind)) return found;
    const near = this.nearly(kind);
    if (near) this.#tell(near.remark);
    return near;
  }

  /** True where a column of this kind is there, be it empty. */
  has(kind: ColumnKind): boolean {
    return this.#heading.has(kind);
  }

  /** The filled columns caption_0, caption_1 … of a kind, by number. */
  numbered(kind: ColumnKind): Field[] {
    return this.#fields(this.#heading.numbered(kind)).filter(({ value }) => isFilled(value));
  }

  /** Columns A, B, C … or option_a … with a text, at least two, from the first on. */
  options(): Field[] {
    const filled = this.#fields(this.#heading.options());
    const end = filled.findIndex(({ value }) => !isFilled(value));
    return filled.length < 2 ? [] : end < 0 ? filled : filled.slice(0, end);
  }

  #fields(names: readonly string[]): Field[] {
    return names.map((name) => ({ name, value: own(this.#record, name) })).filter(({ value }) => isPresent(value));
  }

  /** The column whose name is a slip of the pen away from one of the kind, for kinds of long names; and the words that tell it. */
  nearly(kind: ColumnKind): (Field & { remark: string }) | undefined {
    if (!NEAR.includes(kind) || this.#mapping[kind as keyof ColumnMapping] !== undefined) return undefined;
    const [field] = this.#fields(this.#heading.near(kind));
    if (field === undefined) return undefined;
    const known = nearNames(field.name)[kind];
    return {
      ...field,
      remark: `the column "${field.name.slice(0, 60)}" is taken for ${known}, which is spelt almost so`,
    };
  }
}

/** The records of a table have the same names again and again: what is found out about so many is remembered. */
const REMEMBERED = 1000;
const remembered = new Map<string, Partial<Record<ColumnKind, string>>>();
const folds = new Map<string, string>();

function foldedName(name: string): string {
  const before = folds.get(name);
  if (before !== undefined) return before;
  const folded = foldName(name);
  if (folds.size < REMEMBERED && name.length <= 200) folds.set(name, folded);
  return folded;
}

/** The known names that `name` may be a slip of, by kind; none where it is known itself. */
function nearNames(name: string): Partial<Record<ColumnKind, string>> {
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
export function isNear(known: string, name: string): boolean {
  if (
    known.length < 6 ||
    name.length > 40 ||
    known === name ||
    Math.abs(known.length - name.length) > 2 ||
    /\d/.test(name)
  )
    return false;
  return distance(known, name) <= (known.length >= 10 ? 2 : 1);
}

/** Optimal string alignment distance of two short names. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(changed, rows[i - 1]![j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
