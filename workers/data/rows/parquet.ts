/** Parquet by hyparquet: one row group at a time, only the columns that matter, pictures only when they are asked for. */
import type { RowGroup, SchemaTree } from "hyparquet";
import { TabTuneError } from "../../errors.ts";
import { quotedList, SHOWN_PICTURES } from "./column-words.ts";
import { type ColumnMapping, isKnownColumn, isPictureColumn } from "./columns.ts";
import type { Entry } from "./entry.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { classNames, named } from "./parquet-classes.ts";
import { type Cells, leafName, openParquet } from "./parquet-file.ts";
import { allPresent, hasPages, keepGroup, type PictureColumn, pictureAt, pictureColumn } from "./parquet-pictures.ts";
import { decimalText, scaleOf } from "./parquet-texts.ts";
import { type CellPlace, type EmbeddedPicture, isEmbedded } from "./picture-source.ts";
import { excerptOf, RowProblem, wordsOf } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import { isRecord, jsonText } from "./values.ts";

type Key = string | number;
/** Columns that a row could be made of, or all that there are, for a person to choose from. */
export type ReadColumns = "useful" | "every";

/** A text, a struct with bytes (as Hugging Face writes pictures), or bytes under a name that speaks of pictures. */
function couldBePicture({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.some((child) => child.element.name === "bytes");
  if (element.type !== "BYTE_ARRAY") return false;
  const isText = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
  return isText || /im(age|g)|pic|photo/i.test(element.name);
}

/** A struct with bytes and a path, as Hugging Face writes pictures, or a list of them. */
function holdsPictures({ children }: SchemaTree): boolean {
  const names = children.map((child) => child.element.name);
  return (names.includes("bytes") && names.includes("path")) || (children.length === 1 && holdsPictures(children[0]!));
}

/** Unpacked, of a row group that is read before its rows are asked for. */
const AHEAD_BYTES = 4 * 2 ** 20;

/** How the rows of one row group are read. */
interface GroupPlan {
  /** Columns that are read, all of their leaves but those of `without`. */
  columns: string[];
  without: Set<string>;
  /** Columns whose pictures are known to be there without being read. */
  pictures: PictureColumn[];
  /** Unpacked, of all that is read at a time. */
  bytes: number;
  /** Unpacked, of what is read now. */
  now: number;
}

function planOf(group: RowGroup, columns: readonly string[], pictureColumns: readonly PictureColumn[]): GroupPlan {
  const pictures = pictureColumns.filter((column) => allPresent(group, column));
  const alone = pictures.filter(({ shape }) => shape === "bytes").map(({ name }) => name);
  const inPages = new Set(pictures.filter((column) => hasPages(group, column)).map(({ path }) => leafName(path)));
  const without = new Set(pictures.map(({ path }) => leafName(path)));
  const bytesBut = (left: ReadonlySet<string>): number =>
    group.columns
      .map(({ meta_data: chunk }) => chunk!)
      .filter(({ path_in_schema: path }) => columns.includes(path[0]!) && !left.has(leafName(path)))
      .reduce(
        (sum, chunk) => sum + Math.max(Number(chunk.total_uncompressed_size), Number(chunk.total_compressed_size)),
        0,
      );
  return {
    columns: columns.filter((name) => !alone.includes(name)),
    ...{ without, pictures, bytes: bytesBut(inPages), now: bytesBut(without) },
  };
}

/**
 * Rows of a Parquet file in file order; `place` is "row 7" (from 1). The bytes of pictures stay in the file where its footer proves that
 * they are there; otherwise a row group is read whole to know it. The rows of a row group that cannot be read come as records whose
 * `parse` throws "broken-part". Throws when the footer, or every row group, cannot be read.
 */
export async function* parquetRecords(
  entry: Entry,
  limits: DatasetLimits,
  mapping: ColumnMapping,
  which: ReadColumns = "useful",
  say: (sentence: string) => void = () => {},
): AsyncGenerator<ReadRecord> {
  const file = await openParquet(entry, limits);
  const groups = file.metadata.row_groups;
  const mapped = new Set<string>(Object.values(mapping));
  const isKnown = (name: string) => mapped.has(name) || isKnownColumn(name);
  const present = file.columns.map((child) => child.element.name);
  if (which === "useful" && !present.some(isKnown))
    throw new Error(`none of its columns (${present.slice(0, 12).join(", ")}) is known`);
  // Without a column of pictures the others are read as well, where they could hold or name one: their rows are about it.
  const pictured = present.some((name) => name === mapping.images || isPictureColumn(name));
  const wanted = file.columns.filter(
    (child) =>
      child.element.name !== "__proto__" &&
      (which === "every" || isKnown(child.element.name) || (!pictured && couldBePicture(child))),
  );
  const columns = wanted.map((child) => child.element.name);
  const others = file.columns.filter((child) => !wanted.includes(child) && holdsPictures(child));
  if (others.length > 0) {
    const names = quotedList(others.map((child) => child.element.name));
    const are = others.length === 1 ? "holds pictures and is" : "hold pictures and are";
    say(`${entry.path}: ${names} ${are} not used; ${SHOWN_PICTURES}.`);
  }
  const pictureColumns = wanted.map(pictureColumn).filter((column) => column !== undefined);
  const withBytes = wanted.filter(mayHoldBytes).map((child) => child.element.name);
  const classes = classNames(file.metadata);
  const decimals = wanted.flatMap((child) => {
    const scale = scaleOf(child);
    return scale === undefined ? [] : [{ name: child.element.name, scale }];
  });

  async function readGroup(index: number): Promise<{ rows: Cells[]; plan: GroupPlan }> {
    const plan = planOf(groups[index]!, columns, pictureColumns);
    if (!(plan.bytes <= limits.rowGroupBytes)) {
      throw new Error(
        `row group ${index + 1} has ${formatBytes(plan.bytes)}; write the file again with smaller row groups (row_group_size=100)`,
      );
    }
    const rows = await file.read(index, plan);
    const left = plan.pictures.map(({ name }) => name);
    const whole = withBytes.filter((name) => !left.includes(name));
    keepGroup(file, index, whole, rows);
    return { rows, plan };
  }

  type Group = Awaited<ReturnType<typeof readGroup>>;
  /** Of a file on this machine, the texts of the next group are read while this one's are looked at. */
  let ahead: Promise<Group> | undefined;
  function readAhead(index: number): Promise<Group> | undefined {
    const group = groups[index];
    if (!file.isLocal || !group || planOf(group, columns, pictureColumns).now > AHEAD_BYTES) return undefined;
    const next = readGroup(index);
    next.catch(() => undefined); // told when its turn comes
    return next;
  }

  let row = 0;
  let anyRead = groups.length === 0;
  let firstError: unknown;
  let lost: ReadRecord[] = [];
  for (let index = 0; index < groups.length; index++) {
    let group: Group;
    try {
      group = await (ahead ?? readGroup(index));
      ahead = readAhead(index + 1);
    } catch (error) {
      if (error instanceof TabTuneError) throw error;
      firstError ??= error;
      ahead = undefined;
      const numRows = Number(groups[index]!.num_rows);
      for (let i = 1; i <= numRows; i++) lost.push({ ...lostRow(++row, index, error), ...endOf(i, numRows) });
      continue;
    }
    anyRead = true;
    yield* lost;
    lost = [];
    const { rows, plan } = group;
    const lifts = columns.map((name) => ({ name, lift: liftOf(name, plan.pictures, withBytes) }));
    for (let i = 0; i < rows.length; i++) {
      row += 1;
      const path = `${entry.path} row ${row}`;
      const picture = (keys: Key[], size?: number): EmbeddedPicture => {
        const at: CellPlace = { file: entry.path, group: index, row: i, keys };
        return { path, ...(size === undefined ? {} : { size }), at, bytes: () => pictureAt(file, at) };
      };
      const cells = named(rows[i]!, classes) as Cells;
      const record: Cells = {};
      for (const { name, lift } of lifts) record[name] = lift(cells[name], picture);
      for (const { name, scale } of decimals) record[name] = decimalText(record[name], scale);
      yield { ...rowRecord(`row ${row}`, record, limits), columns: present, ...endOf(i + 1, rows.length) };
    }
  }
  if (!anyRead) throw firstError;
  yield* lost;
}

const endOf = (row: number, rows: number): { endsGroup?: true } => (row === rows ? { endsGroup: true } : {});

function lostRow(row: number, group: number, error: unknown): ReadRecord {
  const message = `Row group ${group + 1} cannot be read: ${wordsOf(error)}.`;
  return {
    place: `row ${row}`,
    excerpt: () => "",
    parse: () => {
      throw new RowProblem("broken-part", message);
    },
  };
}

function rowRecord(place: string, record: unknown, limits: DatasetLimits): ReadRecord {
  return {
    place,
    excerpt: () => excerptOf(jsonText(record)),
    parse: () => {
      if (textLength(record) > limits.lineBytes)
        throw new RowProblem("too-long-line", `The row's texts have more than ${formatBytes(limits.lineBytes)}.`);
      return record;
    },
  };
}

type Lift = (value: unknown, picture: (keys: Key[], size?: number) => EmbeddedPicture) => unknown;

/** What makes pictures, to be read later, of a column's value: of every run of bytes, and every struct that holds one as `bytes`. */
function liftOf(name: string, pictures: readonly PictureColumn[], withBytes: readonly string[]): Lift {
  const column = pictures.find((column) => column.name === name);
  if (column?.shape === "bytes") return (_, picture) => picture([name]);
  if (column?.shape === "struct") return (value, picture) => (isRecord(value) ? picture([name, "bytes"]) : value);
  if (column)
    return (value, picture) =>
      Array.isArray(value)
        ? value.map((item: unknown, i) => (isRecord(item) ? picture([name, i, "bytes"]) : item))
        : value;
  return withBytes.includes(name) ? (value, picture) => liftBytes(value, [name], picture) : (value) => value;
}

function liftBytes(value: unknown, keys: Key[], picture: (keys: Key[], size?: number) => EmbeddedPicture): unknown {
  if (value instanceof Uint8Array) return picture(keys, value.length);
  if (Array.isArray(value)) return value.map((item: unknown, i) => liftBytes(item, [...keys, i], picture));
  if (!isRecord(value) || value instanceof Date) return value;
  if (value.bytes instanceof Uint8Array) return picture([...keys, "bytes"], value.bytes.length);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, liftBytes(item, [...keys, key], picture)]),
  );
}

/** False for columns of texts and numbers, whose values stay as they are. */
function mayHoldBytes({ element, children }: SchemaTree): boolean {
  if (element.name === "__proto__" || element.logical_type?.type === "VARIANT") return true;
  if (children.length > 0) return children.some(mayHoldBytes);
  const isText = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
  return /BYTE_ARRAY/.test(element.type ?? "") && !isText;
}

function textLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || isEmbedded(value)) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + textLength(item), 0);
}
