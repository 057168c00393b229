/**
 * Parquet by hyparquet: one row group at a time, only the columns that matter, by range reads from the Blob.
 * Hugging Face keeps picture bytes inside the file (`image: struct<bytes, path>`, `images: list<…>`); a row gets a way to
 * them, not the bytes, and one row group is kept: the one read last.
 * hyparquet trusts its input (one flipped byte can make it spin), so the footer is checked here and a watchdog stands outside.
 */
import {
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { type ColumnMapping, isColumnOf, isKnownColumn } from "./columns.ts";
import type { Entry } from "./entry.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { type EmbeddedPicture, isEmbedded } from "./picture-source.ts";
import { excerptOf, RowProblem, wordsOf } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import { isRecord, jsonText } from "./values.ts";

type Cells = Record<string, unknown>;
type Key = string | number;
/** Columns that a row could be made of, or all that there are, for a person to choose from. */
export type ReadColumns = "useful" | "every";

/** The part of hyparquet's AsyncBuffer that reads a Blob. Throws at once on ranges that a damaged footer asks for. */
function rangeReader(blob: Blob, limits: DatasetLimits) {
  return {
    byteLength: blob.size,
    slice(start: number, end = blob.size): Promise<ArrayBuffer> {
      const fits =
        Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= blob.size;
      if (!fits) throw new Error(`it refers to bytes ${start} to ${end} of ${blob.size}`);
      if (end - start > limits.rowGroupBytes) throw new Error(`a part of it has ${formatBytes(end - start)}`);
      return blob.slice(start, end).arrayBuffer();
    },
  };
}

/** Every decompressor checks the size that the page claims before it allocates. */
function boundedCompressors(limits: DatasetLimits): typeof compressors {
  return Object.fromEntries(
    Object.entries(compressors).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, length: number) => {
        if (!(length >= 0 && length <= limits.rowGroupBytes)) throw new Error(`a page claims ${length} bytes`);
        return decompress(input, length);
      },
    ]),
  );
}

/** Throws when the footer contradicts itself or the file; sizes come as bigint from thrift. */
function checkFooter(metadata: FileMetaData, size: number, limits: DatasetLimits): void {
  const sum = metadata.row_groups.reduce((rows, group) => rows + Number(group.num_rows), 0);
  if (!(Number(metadata.num_rows) === sum && sum >= 0)) throw new Error("its footer counts rows in two ways");
  if (sum > limits.rows) throw new Error(`it has ${sum} rows; at most ${limits.rows} are read`);
  for (const group of metadata.row_groups) {
    if (!(group.num_rows >= 0n)) throw new Error("a row group has a negative number of rows");
    for (const { meta_data: column } of group.columns) {
      if (column === undefined) throw new Error("a column has no description");
      const start = Number(column.dictionary_page_offset || column.data_page_offset);
      const end = start + Number(column.total_compressed_size);
      if (!(start >= 4 && end >= start && end <= size))
        throw new Error(`column ${column.path_in_schema.join(".")} lies outside of the file`);
    }
  }
}

/** A text, a struct with bytes (as Hugging Face writes pictures), or bytes under a name that speaks of pictures. */
function couldBePicture({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.some((child) => child.element.name === "bytes");
  if (element.type !== "BYTE_ARRAY") return false;
  const isText = element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
  return isText || /im(age|g)|pic|photo/i.test(element.name);
}

function unpackedBytes(group: RowGroup, columns: readonly string[]): number {
  return group.columns
    .filter(({ meta_data: column }) => columns.includes(column!.path_in_schema[0]!))
    .reduce(
      (sum, { meta_data: column }) =>
        sum + Math.max(Number(column!.total_uncompressed_size), Number(column!.total_compressed_size)),
      0,
    );
}

/**
 * Rows of a Parquet file in file order; `place` is "row 7" (from 1). The rows of a row group that cannot be read come as
 * records whose `parse` throws "broken-part". Throws when the footer, or every row group, cannot be read.
 */
export async function* parquetRecords(
  entry: Entry,
  limits: DatasetLimits,
  mapping: ColumnMapping,
  which: ReadColumns = "useful",
): AsyncGenerator<ReadRecord> {
  const file = rangeReader(await entry.blob(), limits);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false }).catch((error: unknown) => {
    throw new Error(`its footer is damaged or missing (${wordsOf(error)})`, { cause: error });
  });
  checkFooter(metadata, file.byteLength, limits);
  const mapped = new Set<string>(Object.values(mapping));
  const isKnown = (name: string) => mapped.has(name) || isKnownColumn(name);
  const { children } = parquetSchema(metadata);
  const present = children.map((child) => child.element.name);
  if (which === "useful" && !present.some(isKnown))
    throw new Error(`none of its columns (${present.slice(0, 12).join(", ")}) is known`);
  // Without a column of pictures the others are read as well, where they could hold or name one: their rows are about it.
  const pictured = present.some((name) => name === mapping.images || isColumnOf(name, "images"));
  const columns = children
    .filter((child) => which === "every" || isKnown(child.element.name) || (!pictured && couldBePicture(child)))
    .map((child) => child.element.name);
  const bounded = boundedCompressors(limits);
  const classes = classNames(metadata);

  async function readGroup(index: number): Promise<Cells[]> {
    const group = metadata.row_groups[index]!;
    const bytes = unpackedBytes(group, columns);
    if (!(bytes <= limits.rowGroupBytes)) {
      throw new Error(
        `row group ${index + 1} has ${formatBytes(bytes)}; write the file again with smaller row groups (row_group_size=100)`,
      );
    }
    let rows: Cells[] = [];
    await parquetRead({
      file,
      metadata: { ...metadata, row_groups: [group], num_rows: group.num_rows },
      columns,
      rowFormat: "object",
      utf8: false, // picture bytes must stay bytes
      geoparquet: false,
      compressors: bounded,
      onComplete: (read) => {
        rows = read;
      },
    });
    if (rows.length !== Number(group.num_rows))
      throw new Error(`row group ${index + 1} has ${rows.length} rows, not ${group.num_rows}`);
    return rows;
  }

  let kept: { index: number; rows: Promise<Cells[]> } | undefined;
  const groupRows = (index: number): Promise<Cells[]> => {
    if (kept?.index !== index) kept = { index, rows: readGroup(index) };
    return kept.rows;
  };

  let row = 0;
  let anyRead = metadata.row_groups.length === 0;
  let firstError: unknown;
  let lost: ReadRecord[] = [];
  for (let index = 0; index < metadata.row_groups.length; index++) {
    let count = 0;
    try {
      count = (await groupRows(index)).length;
    } catch (error) {
      firstError ??= error;
      const numRows = Number(metadata.row_groups[index]!.num_rows);
      for (let i = 0; i < numRows; i++) lost.push(lostRow(++row, index, error));
      continue;
    }
    anyRead = true;
    yield* lost;
    lost = [];
    for (let i = 0; i < count; i++) {
      row += 1;
      const cells = (await groupRows(index))[i]!;
      const read = async (keys: Key[]) =>
        copyBytes(keys.reduce<unknown>((value, key) => (value as Cells)[key], (await groupRows(index))[i]));
      const lifted = liftPictures(named(cells, classes), [], `${entry.path} row ${row}`, read);
      yield { ...rowRecord(`row ${row}`, lifted, limits), columns: present };
    }
  }
  if (!anyRead) throw firstError;
  yield* lost;
}

/** The names of the classes that `datasets` keeps as numbers (ClassLabel), by column; what is damaged there is as if not there. */
function classNames(metadata: FileMetaData): Map<string, string[]> {
  const classes = new Map<string, string[]>();
  const described = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  try {
    const json = JSON.parse(described ?? "{}") as { info?: { features?: Record<string, { names?: unknown }> } };
    for (const [column, feature] of Object.entries(json.info?.features ?? {})) {
      const names: unknown = feature?.names;
      if (Array.isArray(names) && names.every((name) => typeof name === "string")) classes.set(column, names);
    }
  } catch {
    // not what `datasets` writes
  }
  return classes;
}

/** Cells with the names of their classes in place of numbers. */
function named(cells: Cells, classes: ReadonlyMap<string, string[]>): Cells {
  if (classes.size === 0) return cells;
  return Object.fromEntries(
    Object.entries(cells).map(([column, cell]) => {
      const isNumber = typeof cell === "number" || typeof cell === "bigint";
      return [column, (isNumber ? classes.get(column)?.[Number(cell)] : undefined) ?? cell];
    }),
  );
}

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

/** A copy: the value is a view into the whole page, which must not be kept alive by one picture. */
function copyBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error("the file changed while it was read");
  return value.slice();
}

/** The same cells with every run of bytes, and every struct that holds one as `bytes`, made a picture to be read later. */
function liftPictures(value: unknown, keys: Key[], path: string, read: (keys: Key[]) => Promise<Uint8Array>): unknown {
  const picture = (size: number, at: Key[]): EmbeddedPicture => ({ path, size, bytes: () => read(at) });
  if (value instanceof Uint8Array) return picture(value.length, keys);
  if (Array.isArray(value)) return value.map((item: unknown, i) => liftPictures(item, [...keys, i], path, read));
  if (!isRecord(value) || value instanceof Date) return value;
  if (value.bytes instanceof Uint8Array) return picture(value.bytes.length, [...keys, "bytes"]);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, liftPictures(item, [...keys, key], path, read)]),
  );
}

function textLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || isEmbedded(value)) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + textLength(item), 0);
}
