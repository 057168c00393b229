/** The columns of one record by what they mean, under the names of column-names.ts. What is known of the names alone is found out once for a table. */
import { COLUMNS, type ColumnKind, NEAR, NUMBERED, OPTION_COLUMN } from "./column-names.ts";
import { quoted } from "./column-words.ts";
import { type ColumnMapping, FOLDED, foldedName, nearNames, sidesAmong } from "./columns.ts";
import type { Tell } from "./remarks.ts";
import { isPresent, own } from "./values.ts";

/** A column that was found. */
export interface Field {
  name: string;
  value: unknown;
}

const isFilled = (value: unknown): boolean => isPresent(value) && !(typeof value === "string" && value.trim() === "");

/** Names of columns, by what they mean: worked out once for all records that have the same. */
class Heading {
  readonly names: readonly string[];
  readonly #byFolded = new Map<string, string>();
  readonly #found = new Map<string, readonly string[]>();
  #sides: { found: ReturnType<typeof sidesAmong> } | undefined;

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

  /** The columns of a box's sides. */
  sides(): ReturnType<typeof sidesAmong> {
    this.#sides ??= { found: sidesAmong(this.names) };
    return this.#sides.found;
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

  /** The sides of one box, from four columns of numbers, with the names of these. */
  sides(): Field | undefined {
    const sides = this.#heading.sides();
    if (!sides?.every(([, name]) => isFilled(own(this.#record, name)))) return undefined;
    const value = Object.fromEntries(sides.map(([side, name]) => [side, own(this.#record, name)]));
    return { name: sides.map(([, name]) => name).join(", "), value };
  }

  /** The column of a kind that holds a list of nothing: it says that there is nothing. */
  emptyList(kind: ColumnKind): string | undefined {
    const mapped = kind in this.#mapping ? this.#mapping[kind as keyof ColumnMapping] : undefined;
    const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
    return (mapped === undefined ? this.#heading.of(kind) : [mapped]).find((name) => isEmpty(own(this.#record, name)));
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
      remark: `the column ${quoted(field.name)} is taken for ${known}, which is spelt almost so`,
    };
  }
}
