/**
 * Pictures inside a Parquet file, as Hugging Face keeps them (`image: struct<bytes, path>`, `images: list<…>`) or plain bytes. Rows are
 * read without them where the footer proves that each one is there; `parquetPicture` reads one by its place, and what it had to unpack
 * for that is kept for the next ones.
 */
import { type ColumnChunk, type RowGroup, readOffsetIndex, type SchemaTree } from "hyparquet";
import type { Entry } from "./entry.ts";
import type { DatasetLimits } from "./limits.ts";
import { type Cells, leafName, openParquet, type ParquetFile, type Selection } from "./parquet-file.ts";
import type { CellPlace } from "./picture-source.ts";
import { own } from "./values.ts";

/** How the values of a column hold a picture whose bytes are not read. */
export type Shape = "bytes" | "struct" | "list of structs";

/** A column whose pictures can be left where they are. */
export interface PictureColumn {
  name: string;
  shape: Shape;
  /** The leaf of the bytes. */
  path: readonly string[];
  /** Its values are there wherever what holds them is. */
  required: boolean;
}

const isOnce = ({ element }: SchemaTree) => element.repetition_type !== "REPEATED";
const isPlain = ({ element }: SchemaTree) =>
  isOnce({ element } as SchemaTree) && element.converted_type === undefined && element.logical_type === undefined;
const isBytes = (node: SchemaTree) => isPlain(node) && node.children.length === 0 && node.element.type === "BYTE_ARRAY";

/** The bytes in a struct of which something else remains; what hyparquet makes of the struct does not depend on them then. */
function bytesIn(struct: SchemaTree): SchemaTree | undefined {
  const bytes = struct.children.filter(({ element }) => element.name === "bytes");
  const others = struct.children.filter(
    (child) => child.children.length === 0 && isOnce(child) && !bytes.includes(child),
  );
  return isPlain(struct) && bytes.length === 1 && isBytes(bytes[0]!) && others.length > 0 ? bytes[0] : undefined;
}

/** The column as one whose pictures can stay in the file; undefined for every other shape. */
export function pictureColumn(column: SchemaTree): PictureColumn | undefined {
  const { name } = column.element;
  const of = (shape: Shape, leaf: SchemaTree | undefined): PictureColumn | undefined =>
    leaf && { name, shape, path: leaf.path, required: leaf.element.repetition_type === "REQUIRED" };
  if (isBytes(column)) return of("bytes", column);
  const [list] = column.children;
  const isList =
    column.element.converted_type === "LIST" &&
    isOnce(column) &&
    column.children.length === 1 &&
    list!.element.repetition_type === "REPEATED" &&
    list!.children.length === 1;
  return isList ? of("list of structs", bytesIn(list!.children[0]!)) : of("struct", bytesIn(column));
}

/** The one chunk of a leaf in a row group. */
function chunkOf(group: RowGroup, path: readonly string[]): ColumnChunk | undefined {
  const name = leafName(path);
  const same = group.columns.filter(({ meta_data: chunk }) => leafName(chunk!.path_in_schema) === name);
  return same.length === 1 ? same[0] : undefined;
}

/** True where no bytes of the column are missing in this row group, by its schema or its statistics: then nothing has to be read to know that a picture is there. */
export function allPresent(group: RowGroup, { path, required }: PictureColumn): boolean {
  const chunk = chunkOf(group, path);
  return chunk !== undefined && (required || chunk.meta_data!.statistics?.null_count === 0n);
}

const isIndexed = ({ offset_index_offset: start, offset_index_length: length }: ColumnChunk) =>
  Boolean(start && length);

/** True where single pages of the column's bytes can be read. */
export function hasPages(group: RowGroup, { path }: PictureColumn): boolean {
  const chunk = chunkOf(group, path);
  return chunk !== undefined && isIndexed(chunk);
}

/** Values of one column from a row of a row group on. */
interface Unit {
  first: number;
  values: Promise<unknown[]>;
  bytes: number;
}

/** Unpacked bytes of pictures that are kept, over all files; a larger unit stays alone until the next one is read. */
const KEPT_BYTES = 48 * 2 ** 20;
/** The one used last stands last. */
const units = new Map<string, Unit>();

const unitKey = (file: ParquetFile, column: string, group: number, part: number | "all") =>
  `${file.id} ${group} ${part} ${column}`;

function kept(key: string): Unit | undefined {
  const unit = units.get(key);
  if (unit === undefined) return undefined;
  units.delete(key);
  units.set(key, unit);
  return unit;
}

function keep(key: string, first: number, values: Promise<unknown[]>): Unit {
  const unit: Unit = { first, values, bytes: 0 };
  units.set(key, unit);
  values.then(
    (read) => {
      unit.bytes = sizeOf(read);
      let sum = 0;
      for (const [other, { bytes }] of [...units].reverse()) {
        sum += bytes;
        if (sum > KEPT_BYTES && other !== key) units.delete(other);
      }
    },
    () => units.delete(key),
  );
  return unit;
}

function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + sizeOf(item), 0);
}

/** Keeps what a whole row group was read for: its pictures are wanted next. */
export function keepGroup(file: ParquetFile, group: number, columns: readonly string[], rows: readonly Cells[]): void {
  for (const column of columns) {
    const values = rows.map((cells) => cells[column]);
    keep(unitKey(file, column, group, "all"), 0, Promise.resolve(values));
  }
}

/** First rows of the pages of a chunk, ascending from 0, as its offset index says; only 0 where it has none that fits the chunk. */
async function pageStarts(file: ParquetFile, group: RowGroup, chunk: ColumnChunk): Promise<number[]> {
  const start = Number(chunk.offset_index_offset);
  const buffer = await file.slice(start, start + chunk.offset_index_length!);
  const { page_locations: pages } = readOffsetIndex({ view: new DataView(buffer), offset: 0 });
  const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: size } = chunk.meta_data!;
  const end = Number(dictionary || data) + Number(size);
  const starts = pages.map((page) => Number(page.first_row_index));
  const fits = pages.every((page, i) => {
    const next = pages[i + 1];
    const pageEnd = Number(page.offset) + page.compressed_page_size;
    return next === undefined
      ? pageEnd === end && starts[i]! < Number(group.num_rows)
      : pageEnd === Number(next.offset) && starts[i]! < starts[i + 1]!;
  });
  return starts[0] === 0 && fits ? starts : [0];
}

const starts = new WeakMap<ParquetFile, Map<string, Promise<number[]>>>();

/** The unit that has the row: the pages of the row where the file can tell them, its row group otherwise. */
async function unitOf(file: ParquetFile, { group: index, row, keys: [name] }: CellPlace): Promise<Unit> {
  const column = String(name);
  const all = kept(unitKey(file, column, index, "all"));
  if (all) return all;
  const tree = file.columns.find(({ element }) => element.name === column);
  if (tree === undefined) throw new Error("its column is gone: the file has changed");
  const group = file.metadata.row_groups[index]!;
  const { path } = pictureColumn(tree) ?? {};
  const chunk = path && chunkOf(group, path);
  const indexes = starts.get(file) ?? new Map<string, Promise<number[]>>();
  starts.set(file, indexes);
  const chunkKey = unitKey(file, column, index, "all");
  if (chunk && isIndexed(chunk) && !indexes.has(chunkKey)) indexes.set(chunkKey, pageStarts(file, group, chunk));
  const pages = (await indexes.get(chunkKey)) ?? [0];
  const first = pages.findLast((start) => start <= row)!;
  const end = pages.find((start) => start > row) ?? Number(group.num_rows);
  const key = unitKey(file, column, index, pages.length > 1 ? first : "all");
  const selection: Selection = {
    columns: [column],
    ...(path ? { without: leavesBut(tree, leafName(path)) } : {}),
    ...(pages.length > 1 ? { rows: [first, end] } : {}),
  };
  const read = async () => (await file.read(index, selection)).map((cells) => cells[column]);
  const bytes = (Number(chunk?.meta_data?.total_uncompressed_size ?? 0) * (end - first)) / Number(group.num_rows);
  return kept(key) ?? keep(key, first, bytes > LARGE_BYTES ? inTurn(read) : read());
}

/** What unpacks to more is read one after the other: its bytes are in memory twice until it is unpacked. */
const LARGE_BYTES = 4 * 2 ** 20;
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(read: () => Promise<T>): Promise<T> {
  const mine = turn.then(read);
  turn = mine.catch(() => undefined); // told to whoever asked
  return mine;
}

function leavesBut(node: SchemaTree, kept: string): Set<string> {
  if (node.children.length > 0) return new Set(node.children.flatMap((child) => [...leavesBut(child, kept)]));
  const name = leafName(node.path);
  return new Set(name === kept ? [] : [name]);
}

/** The bytes of a picture of an open file: a copy, because the whole page must not be kept alive by one picture. */
export async function pictureAt(file: ParquetFile, at: CellPlace): Promise<Uint8Array> {
  const rows = Number(file.metadata.row_groups[at.group]?.num_rows ?? 0);
  if (!(at.row >= 0 && at.row < rows)) throw new Error("its row is gone: the file has changed");
  const { first, values } = await unitOf(file, at);
  const value = at.keys
    .slice(1)
    .reduce<unknown>(
      (inside, key) => (typeof inside === "object" && inside !== null ? own(inside, String(key)) : undefined),
      (await values)[at.row - first],
    );
  if (!(value instanceof Uint8Array)) throw new Error("its bytes are not where the file says that they are");
  return value.slice();
}

/**
 * The bytes of a picture of a Parquet file, read by the place that its row had (`EmbeddedPicture.at`), also in another life of the
 * worker. Row groups that were unpacked for it are kept, 48 MiB in all. Throws an Error where the file is damaged or another one.
 */
export async function parquetPicture(entry: Entry, at: CellPlace, limits: DatasetLimits): Promise<Uint8Array> {
  return pictureAt(await openParquet(entry, limits), at);
}
