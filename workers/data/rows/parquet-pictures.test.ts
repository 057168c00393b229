/** Rows are read without their pictures: the same rows as with them, far fewer bytes, and each picture from its own place. */
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { expect, test } from "vitest";
import { readAll, said } from "../../testing/rows.ts";
import { blobEntry } from "./entry.ts";
import { defaultLimits } from "./limits.ts";
import { parquetRecords } from "./parquet.ts";
import { parquetPicture } from "./parquet-pictures.ts";
import type { ReadRecord } from "./raw.ts";
import type { Row } from "./row.ts";

let state = 1;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;

type Repetition = "OPTIONAL" | "REQUIRED";
const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const leaf = (name: string, type: Partial<SchemaElement>, repetition: Repetition = "OPTIONAL"): SchemaElement => ({
  name,
  repetition_type: repetition,
  ...type,
});
const group = (name: string, ...children: SchemaElement[][]): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: children.length },
  ...children.flat(),
];
const list = (name: string, element: SchemaElement[]): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element,
];
const binary = (name: string, repetition?: Repetition) => [leaf(name, { type: "BYTE_ARRAY" }, repetition)];
const picture = (name: string, repetition?: Repetition) =>
  group(name, binary("bytes", repetition), [leaf("path", TEXT)]);
const text = (name: string) => [leaf(name, TEXT)];
const part = group("element", [leaf("index", { type: "INT64" })], text("text"), text("type"));
const turns = list("messages", group("element", list("content", part), text("role")));

interface Column {
  elements: SchemaElement[];
  data: unknown[];
}
interface Writing {
  statistics: boolean;
  codec?: "SNAPPY" | "UNCOMPRESSED" | "GZIP" | "BROTLI";
  rowGroupSize?: number;
  pageSize?: number;
  encoding?: "PLAIN";
}

const compressors = { GZIP: gzipSync, BROTLI: brotliCompressSync };

function written(columns: readonly Column[], how: Writing): Uint8Array {
  const writer = new ByteWriter();
  const { statistics, codec = "SNAPPY", rowGroupSize = 3, pageSize, encoding } = how;
  const features = { info: { features: { label: { names: ["cat", "dog"], _type: "ClassLabel" } } } };
  const file = new ParquetWriter({
    writer,
    schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap(({ elements }) => elements)],
    statistics,
    codec,
    compressors,
    kvMetadata: [{ key: "huggingface", value: JSON.stringify(features) }],
  });
  const columnData = columns.map(({ elements, data }) => ({
    name: elements[0]!.name,
    data,
    ...(encoding ? { encoding } : {}),
  }));
  void file.write({ columnData, rowGroupSize, ...(pageSize ? { pageSize } : {}) });
  void file.finish();
  return writer.getBytes();
}

/** A Blob that counts what is read of it. */
class Counted extends Blob {
  read = 0;
  override slice(start?: number, end?: number): Blob {
    this.read += (end ?? this.size) - (start ?? 0);
    return super.slice(start, end);
  }
}

let pictures = 0;
/** No two are alike. */
const bytesOf = (size: number): Uint8Array => {
  pictures += 1;
  return Uint8Array.from({ length: size }, (_, i) => (i < 3 ? pictures >> (8 * i) : random(256)));
};
const imageOf = (nulls: boolean) =>
  nulls && random(3) === 0
    ? pick([null, { bytes: null, path: "a.png" }])
    : { bytes: bytesOf(5), path: pick(["p", null]) };

/** Columns of a table with pictures in one of the ways in which people keep them. */
function table(rows: number, nulls: boolean, required: Repetition): Column[] {
  const each = <T>(make: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => make(row));
  const maybe = <T>(value: T): T | null => (nulls && random(5) === 0 ? null : value);
  const listOf = () => maybe(Array.from({ length: nulls ? random(4) : 1 + random(2) }, () => imageOf(nulls)));
  const columns: Column[] = [];
  const shape = random(6);
  if (shape === 0 || shape === 3)
    columns.push({ elements: picture("image", required), data: each(() => imageOf(nulls)) });
  if (shape === 1 || shape === 3)
    columns.push({ elements: list("images", picture("element", required)), data: each(listOf) });
  if (shape === 2)
    columns.push({
      elements: binary("image", required),
      data: each(() => (nulls && required === "OPTIONAL" ? maybe(bytesOf(4)) : bytesOf(4))),
    });
  if (shape === 4)
    columns.push({ elements: list("images", binary("element")), data: each(() => maybe([maybe(bytesOf(4))])) });
  if (shape === 5) columns.push({ elements: picture("photo", required), data: each(() => imageOf(nulls)) });
  if (shape === 1 && random(2) === 0) {
    const places = (row: number) => (columns[0]!.data[row] as unknown[] | null) ?? [];
    const content = (row: number) => [
      ...places(row).map((_, index) => ({ index: BigInt(index), text: null, type: "image" })),
      { index: null, text: `Q${row}`, type: "text" },
    ];
    const answer = (row: number) => [{ index: null, text: maybe(`A${row}`), type: "text" }];
    columns.push({
      elements: turns,
      data: each((row) =>
        maybe([
          { role: "user", content: content(row) },
          { role: "assistant", content: maybe(answer(row)) },
        ]),
      ),
    });
  } else if (random(3) === 0) {
    columns.push({ elements: [leaf("label", { type: "INT64" })], data: each(() => BigInt(random(2))) });
  } else {
    columns.push({ elements: text("question"), data: each((row) => maybe(`Q${row}`)) });
    columns.push({ elements: text("answer"), data: each((row) => `A${row}`) });
  }
  columns.push({ elements: [leaf("width", { type: "INT32" })], data: each((row) => row) });
  return random(2) === 0 ? columns : columns.toReversed();
}

/** All that a person sees of a file, the pictures with it. */
async function seen(bytes: Uint8Array) {
  const { rows, ...rest } = await readAll([
    { path: "d/x.parquet", blob: new Blob([bytes as BlobPart]) },
    { path: "d/a.png", blob: new Blob(["beside"]) },
  ]);
  const shown = async ({ index, source, messages, images }: Row) => ({
    index,
    source,
    messages,
    images: await Promise.all(images.map(async ({ path, file, bytes }) => ({ path, file, bytes: await bytes() }))),
  });
  return { ...rest, error: rest.error?.message, rows: await Promise.all(rows.map(shown)) };
}

test("rows, skipped rows and notes are those of a reader that reads the pictures: 400 files", async () => {
  let rows = 0;
  let skipped = 0;
  for (let n = 0; n < 400; n++) {
    state = n;
    const nulls = random(2) === 0;
    const required = nulls ? "OPTIONAL" : pick<Repetition>(["OPTIONAL", "OPTIONAL", "REQUIRED"]);
    const count = 1 + random(9);
    const seed = state;
    const make = (repetition: Repetition) => {
      state = seed;
      pictures = 0;
      return table(count, nulls, repetition);
    };
    // Without statistics the footer proves nothing: every picture is read to know that it is there.
    const whole = await seen(written(make("OPTIONAL"), { statistics: false }));
    const without = await seen(
      written(make(required), {
        statistics: true,
        codec: pick(["SNAPPY", "UNCOMPRESSED", "GZIP", "BROTLI"]),
        ...(random(2) === 0 ? { pageSize: 1 + random(40), encoding: "PLAIN" } : {}),
      }),
    );
    expect(without, `file ${n}`).toEqual(whole);
    rows += whole.rows.length;
    skipped += whole.skipped.length;
  }
  expect(rows).toBeGreaterThan(500);
  expect(skipped).toBeGreaterThan(200);
});

const SIZE = 100_000;
/** Row groups of four rows with 400 kB of pictures each. */
function large(rows: number, how: Partial<Writing> = {}): { blob: Counted; bytes: Uint8Array[] } {
  const bytes = Array.from({ length: rows }, () => bytesOf(SIZE));
  const columns: Column[] = [
    { elements: list("images", picture("element")), data: bytes.map((bytes) => [{ bytes, path: null }]) },
    { elements: text("question"), data: bytes.map((_, i) => `Q${i}`) },
    { elements: text("answer"), data: bytes.map((_, i) => `A${i}`) },
  ];
  const file = written(columns, { statistics: true, rowGroupSize: 4, encoding: "PLAIN", ...how });
  return { blob: new Counted([file as BlobPart]), bytes };
}

/** `toEqual` takes a second for each of them. */
const isPicture = async (row: Row, bytes: Uint8Array) => Buffer.compare(await row.images[0]!.bytes(), bytes) === 0;

test("rows cost no bytes of pictures, and pictures at random cost each row group once", async () => {
  const { blob, bytes } = large(16, { pageSize: 2 ** 20 });
  const { rows } = await readAll([{ path: "x.parquet", blob }]);
  expect(rows.map(said).at(-1)).toBe("user: [image]Q15 | assistant: A15");
  const texts = blob.read;
  // hyparquet begins with the last 512 KiB, where the footer is.
  expect(texts).toBeLessThan(2 ** 19 + 10_000);
  for (let n = 0; n < 60; n++) {
    const i = n < 16 ? (n * 7) % 16 : random(16);
    expect(await isPicture(rows[i]!, bytes[i]!)).toBe(true);
  }
  expect(blob.read - texts).toBeGreaterThan(16 * SIZE);
  expect(blob.read - texts).toBeLessThan(16 * SIZE * 1.05);
});

test("where the file has an index of its pages, a picture costs its page", async () => {
  const { blob, bytes } = large(16, { pageSize: SIZE, codec: "UNCOMPRESSED" });
  const { rows } = await readAll([{ path: "x.parquet", blob }]);
  const texts = blob.read;
  expect(await isPicture(rows[9]!, bytes[9]!)).toBe(true);
  expect(blob.read - texts).toBeLessThan(SIZE * 2.1);
  for (const i of [2, 3, 8, 15, 0]) expect(await isPicture(rows[i]!, bytes[i]!)).toBe(true);
});

test("48 MiB of pictures are kept, those used last", async () => {
  const size = 10 * 2 ** 20;
  const data = Array.from({ length: 6 }, (_, i) => ({ bytes: new Uint8Array(size).fill(i), path: null }));
  const columns: Column[] = [
    { elements: picture("image"), data },
    { elements: text("text"), data: data.map((_, i) => `caption ${i}`) },
  ];
  const how: Writing = { statistics: true, codec: "UNCOMPRESSED", rowGroupSize: 1, encoding: "PLAIN" };
  const blob = new Counted([written(columns, how) as BlobPart]);
  const { rows } = await readAll([{ path: "x.parquet", blob }]);
  const cost = async (i: number): Promise<number> => {
    const before = blob.read;
    expect((await rows[i]!.images[0]!.bytes())[7]).toBe(i);
    return Math.round((blob.read - before) / size);
  };
  const costs: number[] = [];
  for (const i of [0, 1, 2, 3, 0, 4, 0, 1, 4, 5]) costs.push(await cost(i));
  expect(costs).toEqual([1, 1, 1, 1, 0, 1, 0, 1, 0, 1]);
});

async function recordsOf(blob: Blob): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for await (const record of parquetRecords(blobEntry("d/x.parquet", blob), defaultLimits, {})) records.push(record);
  return records;
}

test("a picture is read again by its place alone, as JSON keeps it", async () => {
  const { blob, bytes } = large(6);
  const { rows } = await readAll([{ path: "d/x.parquet", blob }]);
  const places = JSON.stringify(rows.map((row) => row.images[0]!.at));
  expect(JSON.parse(places)[5]).toEqual({ file: "d/x.parquet", group: 1, row: 1, keys: ["images", 0, "bytes"] });
  const entry = blobEntry("d/x.parquet", blob);
  for (const [i, at] of JSON.parse(places).entries())
    expect(Buffer.compare(await parquetPicture(entry, at, defaultLimits), bytes[i]!)).toBe(0);
  const at = rows[0]!.images[0]!.at!;
  await expect(parquetPicture(entry, { ...at, group: 7 }, defaultLimits)).rejects.toThrow(/the file has changed/);
  await expect(parquetPicture(entry, { ...at, row: 4 }, defaultLimits)).rejects.toThrow(/the file has changed/);
  await expect(parquetPicture(entry, { ...at, keys: ["images", 3, "bytes"] }, defaultLimits)).rejects.toThrow(
    /its bytes are not where/,
  );
});

test("the last row of each row group is marked", async () => {
  const { blob } = large(10);
  const ends = (await recordsOf(blob)).map((record) => record.endsGroup === true);
  expect(ends.flatMap((end, i) => (end ? [i] : []))).toEqual([3, 7, 9]);
});

test("an empty picture and one that is too large cost their rows when they are read, in the words of the reader", async () => {
  const images = [bytesOf(5), new Uint8Array(0), bytesOf(9)].map((bytes) => ({ bytes, path: null }));
  const columns: Column[] = [
    { elements: picture("image"), data: images },
    { elements: text("question"), data: ["Q", "Q", "Q"] },
    { elements: text("answer"), data: ["A", "A", "A"] },
  ];
  const read = (statistics: boolean) => {
    const bytes = written(columns, { statistics });
    return readAll([{ path: "x.parquet", blob: new Blob([bytes as BlobPart]) }], { limits: { pictureBytes: 8 } });
  };
  const { rows, skipped } = await read(false);
  expect([rows.length, skipped.map(({ reason }) => reason)]).toEqual([1, ["broken-picture", "picture-too-large"]]);
  const later = await read(true);
  expect(later.skipped).toEqual([]);
  expect(await later.rows[0]!.images[0]!.bytes()).toEqual(images[0]!.bytes);
  const faults = await Promise.allSettled(later.rows.slice(1).map((row) => row.images[0]!.bytes()));
  expect(faults.map((fault) => fault.status === "rejected" && [fault.reason.code, fault.reason.message])).toEqual([
    ["bad-image", skipped[0]!.message],
    ["image-too-large", skipped[1]!.message],
  ]);
});
