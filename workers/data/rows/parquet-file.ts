/**
 * One Parquet file, opened: its footer, checked, and rows of a row group by range reads from the Blob.
 * hyparquet trusts its input (one flipped byte can make it spin or give rows that are not there), so the footer is checked before, what
 * was decoded is counted after, and a watchdog stands outside.
 */
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { getTreePath } from "hyparquet/src/schema.js";
import { compressors } from "hyparquet-compressors";
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import type { Entry } from "./entry.ts";
import { type DatasetLimits, FOOTER_BYTES, formatBytes } from "./limits.ts";
import { checkPages } from "./parquet-pages.ts";
import { TEXT_PARSERS } from "./parquet-texts.ts";
import { wordsOf } from "./problem.ts";

export type Cells = Record<string, unknown>;

/** What is read of a row group. */
export interface Selection {
  /** Top-level columns. */
  columns: readonly string[];
  /** Leaves of them, by `leafName`, that are left where they are. */
  without?: ReadonlySet<string>;
  /** Rows of the group from the first up to the second: those of whole pages, which the file's offset index says. All without it. */
  rows?: readonly [number, number];
}

export interface ParquetFile {
  /** Another one for each file that is opened. */
  id: number;
  path: string;
  /** Its bytes are at hand: what is read of it and not used costs nobody a transfer. */
  isLocal: boolean;
  metadata: FileMetaData;
  /** Top-level columns in their order. */
  columns: readonly SchemaTree[];
  /** Throws when the bytes are not what the footer says. */
  read(group: number, selection: Selection): Promise<Cells[]>;
  /** Bytes of the file, for what lies beside the columns. */
  slice(start: number, end: number): Promise<ArrayBuffer>;
}

export const leafName = (path: readonly string[]): string => path.join("\0");

/** The part of hyparquet's AsyncBuffer that reads a Blob. Throws at once on ranges that a damaged footer asks for. */
function rangeReader(blob: ByteSource, limits: DatasetLimits) {
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
        // A page without any value: not every decompressor takes the little that is left of it.
        return length === 0 ? new Uint8Array(0) : decompress(input, length);
      },
    ]),
  );
}

/** The same, with what one call unpacked given to the next that asks for those very bytes: a page is checked, and then read. */
function unpackedOnce(bounded: typeof compressors): typeof compressors {
  const kept = new WeakMap<ArrayBufferLike, Map<string, Uint8Array>>();
  return Object.fromEntries(
    Object.entries(bounded).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, length: number) => {
        const pages = kept.get(input.buffer) ?? new Map<string, Uint8Array>();
        kept.set(input.buffer, pages);
        const page = `${codec} ${input.byteOffset} ${input.length} ${length}`;
        const before = pages.get(page);
        if (before) pages.delete(page);
        const unpacked = before ?? decompress(input, length);
        if (!before) pages.set(page, unpacked);
        return unpacked;
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

/** The same elements less the leaves of `without`. */
function schemaWithout(root: SchemaTree, without: ReadonlySet<string>): FileMetaData["schema"] {
  const elements: FileMetaData["schema"] = [];
  const add = (node: SchemaTree): void => {
    const children = node.children.filter((child) => !without.has(leafName(child.path)));
    const isGroup = node.children.length > 0;
    elements.push(isGroup ? { ...node.element, num_children: children.length } : node.element);
    children.forEach(add);
  };
  add(root);
  return elements;
}

const NONE: ReadonlySet<string> = new Set();
const opened = new WeakMap<Entry, { limits: DatasetLimits; file: Promise<ParquetFile> }>();
let files = 0;

/** The file of an entry, opened once as long as the entry lives. Throws where its footer is no footer or breaks a limit. */
export function openParquet(entry: Entry, limits: DatasetLimits): Promise<ParquetFile> {
  const before = opened.get(entry);
  if (before && before.limits.rows === limits.rows && before.limits.rowGroupBytes === limits.rowGroupBytes)
    return before.file;
  const file = openNow(entry, limits);
  opened.set(entry, { limits, file });
  file.catch(() => opened.delete(entry));
  return file;
}

async function openNow(entry: Entry, limits: DatasetLimits): Promise<ParquetFile> {
  const blob = await entry.blob();
  const file = rangeReader(blob, limits);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false, initialFetchSize: FOOTER_BYTES }).catch(
    (error: unknown) => {
      // Of where the file lies: nothing is said of the file.
      if (error instanceof TabTuneError) throw error;
      throw new Error(`its footer is damaged or missing (${wordsOf(error)})`, { cause: error });
    },
  );
  checkFooter(metadata, file.byteLength, limits);
  const root = parquetSchema(metadata);
  const bounded = boundedCompressors(limits);
  /** By the leaves that are left out: the same for most row groups of a file. */
  const schemas = new Map<string, FileMetaData["schema"]>();
  const schemaFor = (without: ReadonlySet<string>): FileMetaData["schema"] => {
    if (without.size === 0) return metadata.schema;
    const key = [...without].join("\n");
    const schema = schemas.get(key) ?? schemaWithout(root, without);
    schemas.set(key, schema);
    return schema;
  };

  async function read(index: number, { columns, without = NONE, rows: range }: Selection): Promise<Cells[]> {
    const whole = metadata.row_groups[index]!;
    const chunks = whole.columns.filter(({ meta_data: chunk }) => !without.has(leafName(chunk!.path_in_schema)));
    const group = { ...whole, columns: chunks };
    const wanted = chunks.flatMap(({ meta_data: chunk }) =>
      columns.includes(chunk!.path_in_schema[0]!) ? [chunk!] : [],
    );
    const checked = wanted.map((chunk) => {
      const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
      const path = getTreePath(root, chunk.path_in_schema);
      return { chunk, path, start, end: start + Number(chunk.total_compressed_size) };
    });
    const checking = {
      ...file,
      async slice(from: number, to = file.byteLength): Promise<ArrayBuffer> {
        const buffer = await file.slice(from, to);
        for (const { chunk, path, start, end } of checked) {
          const [first, last] = [Math.max(start, from), Math.min(end, to)];
          if (first >= last) continue;
          const bytes = new Uint8Array(buffer, first - from, last - first);
          checkPages(bytes, { chunk, path }, first === start && last === end, decompress);
        }
        return buffer;
      },
    };
    const once = unpackedOnce(bounded);
    const decompress = (codec: ColumnMetaData["codec"], input: Uint8Array, length: number): Uint8Array => {
      const known = once[codec];
      if (known === undefined) throw new Error(`its compression ${codec} is not known`);
      return known(input, length);
    };
    const [start, end] = range ?? [0, Number(whole.num_rows)];
    const decoded = new Map<string, number>();
    let rows: Cells[] = [];
    await parquetRead({
      file: checking,
      metadata: { ...metadata, schema: schemaFor(without), row_groups: [group], num_rows: whole.num_rows },
      columns: [...columns],
      rowStart: start,
      rowEnd: end,
      useOffsetIndex: range !== undefined,
      rowFormat: "object",
      utf8: false, // picture bytes must stay bytes
      parsers: TEXT_PARSERS,
      geoparquet: false,
      compressors: once,
      onPage: ({ pathInSchema, columnData }) => {
        const leaf = leafName(pathInSchema);
        decoded.set(leaf, (decoded.get(leaf) ?? 0) + columnData.length);
      },
      onComplete: (all) => {
        rows = all;
      },
    });
    // Rows that a page lacks or has too much would move what follows them to other rows.
    for (const { meta_data: chunk, offset_index_offset: indexed } of chunks) {
      const { path_in_schema: path } = chunk!;
      if (!wanted.includes(chunk!)) continue;
      const expected = range && indexed ? end - start : Number(whole.num_rows);
      const count = decoded.get(leafName(path)) ?? 0;
      if (count !== expected)
        throw new Error(`row group ${index + 1} has ${count} rows in ${path.join(".")}, not ${expected}`);
    }
    return rows;
  }
  files += 1;
  return {
    id: files,
    path: entry.path,
    isLocal: blob instanceof Blob,
    metadata,
    columns: root.children,
    read,
    slice: async (start, end) => file.slice(start, end),
  };
}
