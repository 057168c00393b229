/**
 * Rows -> one Parquet file in the schema of `HuggingFaceH4/llava-instruct-mix-vsft`, which `datasets` loads with its pictures decoded:
 * `messages` as lists of parts, `images` as the encoded bytes that were dropped. Written by hyparquet-writer, a row group at a time.
 */
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { isRowFault, type TabTuneError } from "../../errors.ts";
import { type InputFile, type ReadOptions, readRows } from "./read-rows.ts";
import type { Row } from "./row.ts";

/** A row group ends at whichever comes first; Hugging Face writes 100 rows where there are pictures. */
const GROUP_ROWS = 100;
const GROUP_BYTES = 64 * 2 ** 20;

const list = (name: string): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
];
const struct = (name: string, children: number): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  num_children: children,
});
const leaf = (name: string, type: Pick<SchemaElement, "type" | "converted_type">): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  ...type,
});
const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;

const schema: SchemaElement[] = [
  { name: "schema", num_children: 2 },
  ...list("messages"),
  struct("element", 2),
  ...list("content"),
  struct("element", 3),
  leaf("index", { type: "INT64" }),
  leaf("text", TEXT),
  leaf("type", TEXT),
  leaf("role", TEXT),
  ...list("images"),
  struct("element", 2),
  leaf("bytes", { type: "BYTE_ARRAY" }),
  leaf("path", TEXT),
];

const value = (dtype: string) => ({ dtype, _type: "Value" });
/** What tells `datasets` that the structs of `images` are pictures. */
const features = {
  messages: [
    { content: [{ index: value("int64"), text: value("string"), type: value("string") }], role: value("string") },
  ],
  images: { feature: { _type: "Image" }, _type: "Sequence" },
};

/** What is written goes into a Blob, which the browser may keep on disk: no more than a row group is in memory. */
class BlobWriter extends ByteWriter {
  readonly parts: Blob[] = [];

  /** Called after each row group. */
  flush(): void {
    if (this.index === 0) return;
    this.parts.push(new Blob([new Uint8Array(this.buffer, 0, this.index)]));
    this.index = 0;
  }
}

interface Record {
  messages: { role: string; content: { index: bigint | null; text: string | null; type: string }[] }[];
  images: { bytes: Uint8Array; path: string }[];
}

async function recordOf({ messages, images }: Row): Promise<Record> {
  let next = 0n;
  return {
    messages: messages.map(({ role, content }) => ({
      role,
      content: content.map((part) =>
        part.type === "image"
          ? { index: next++, text: null, type: "image" }
          : { index: null, text: part.text, type: "text" },
      ),
    })),
    images: await Promise.all(
      images.map(async (image) => ({
        bytes: await image.bytes(),
        path: (image.file ?? "").split("/").at(-1) ?? "",
      })),
    ),
  };
}

/** A file to which rows are added one by one. */
export interface ParquetDataSet {
  /** The fault of a picture whose bytes cannot be read: nothing of that row is written. Undefined when it is in the file. */
  add(row: Row): Promise<TabTuneError | undefined>;
  /** Of what is in the file so far, pictures at least. */
  readonly bytes: number;
  /** The whole file. */
  finish(): Blob;
}

export function parquetDataSet(): ParquetDataSet {
  const writer = new BlobWriter();
  const info = JSON.stringify({ info: { features } });
  const file = new ParquetWriter({
    writer,
    schema,
    statistics: false,
    kvMetadata: [{ key: "huggingface", value: info }],
    createdBy: "TabTune",
  });
  let group: Record[] = [];
  let bytes = 0;
  let all = 0;
  const writeGroup = (): void => {
    if (group.length === 0) return;
    const columnData = [
      { name: "messages", data: group.map((record) => record.messages) },
      // Pictures are compressed already, and no two of them are the same. By statistics readers know that all are there.
      {
        name: "images",
        data: group.map((record) => record.images),
        codec: "UNCOMPRESSED",
        encoding: "PLAIN",
        statistics: true,
      } as const,
    ];
    void file.write({ columnData, rowGroupSize: group.length });
    group = [];
    bytes = 0;
  };
  return {
    get bytes() {
      return all;
    },
    async add(row) {
      let record: Record;
      try {
        record = await recordOf(row);
      } catch (error) {
        if (isRowFault(error)) return error;
        throw error;
      }
      group.push(record);
      const own = record.images.reduce((sum, image) => sum + image.bytes.length, 0);
      bytes += own;
      all += own;
      if (group.length >= GROUP_ROWS || bytes >= GROUP_BYTES) writeGroup();
      return undefined;
    },
    finish() {
      writeGroup();
      void file.finish();
      writer.flush();
      return new Blob(writer.parts, { type: "application/vnd.apache.parquet" });
    },
  };
}

export interface WrittenDataSet {
  file: Blob;
  rows: number;
  /** Rows and files that could not be read. */
  leftOut: number;
}

/**
 * Every row of `files` that can be read; `onRow` is called after each one. `current` gives a row as it is now, by its position among those
 * that were read: corrected, or undefined where it was left out. Throws as `readRows` does.
 */
export async function writtenDataSet(
  files: readonly InputFile[],
  options: ReadOptions,
  onRow: (rows: number, place: string) => void,
  current: (row: Row, position: number) => Row | undefined = (row) => row,
): Promise<WrittenDataSet> {
  const dataSet = parquetDataSet();
  let rows = 0;
  let leftOut = 0;
  let position = 0;
  for await (const event of readRows(files, options)) {
    if (event.type === "format") continue;
    if (event.type === "skipped") {
      leftOut += 1;
      onRow(rows, event.skipped.source);
      continue;
    }
    const row = current(event.row, position++);
    if (row === undefined) continue;
    if (await dataSet.add(row)) leftOut += 1;
    else rows += 1;
    onRow(rows, row.source);
  }
  return { file: dataSet.finish(), rows, leftOut };
}
