/** Pages that hyparquet would spin on, or read as other rows than they are: refused; and the oddities of writers: taken. */
import type { ColumnMetaData, PageHeader, SchemaTree } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { expect, test } from "vitest";
import { corpus } from "../../testing/fuzz/corpus.ts";
import { fixture } from "../../testing/row-fixtures.ts";
import { file, readAll, said } from "../../testing/rows.ts";
import { checkPages } from "./parquet-pages.ts";

const node = (name: string, element: Partial<SchemaTree["element"]>): SchemaTree => ({
  count: 1,
  children: [],
  path: [name],
  element: { name, ...element },
});
const path = [node("schema", {}), node("text", { type: "BYTE_ARRAY", repetition_type: "OPTIONAL" })];

function chunkOf(numValues: number, type: ColumnMetaData["type"] = "BYTE_ARRAY"): ColumnMetaData {
  const sizes = { total_compressed_size: 0n, total_uncompressed_size: 0n, data_page_offset: 4n };
  return {
    type,
    codec: "UNCOMPRESSED",
    encodings: [],
    path_in_schema: ["text"],
    num_values: BigInt(numValues),
    ...sizes,
  };
}

const text = (...words: string[]): number[] => words.flatMap((word) => [word.length, 0, 0, 0, ...Buffer.from(word)]);
/** A section of levels with its length in front, as in pages of version 1. */
const levels = (...bytes: number[]): number[] => [bytes.length, 0, 0, 0, ...bytes];
const run = (times: number, value: number): number[] => [times * 2, value];

function page(type: PageHeader["type"], header: Partial<PageHeader>, body: number[], size = body.length): Uint8Array {
  const writer = new ByteWriter();
  writePageHeader(writer, { type, uncompressed_page_size: body.length, compressed_page_size: size, ...header });
  writer.appendBytes(Uint8Array.from(body));
  return writer.getBytes();
}

type DataHeader = NonNullable<PageHeader["data_page_header"]>;
const v1 = (count: number, body: number[], encoding: DataHeader["encoding"] = "PLAIN", size?: number): Uint8Array => {
  const rest = { definition_level_encoding: "RLE", repetition_level_encoding: "RLE" } as const;
  return page("DATA_PAGE", { data_page_header: { num_values: count, encoding, ...rest } }, body, size);
};
const v2 = (count: number, nulls: number, defined: number[], values: number[]): Uint8Array =>
  page(
    "DATA_PAGE_V2",
    {
      data_page_header_v2: {
        num_values: count,
        num_nulls: nulls,
        num_rows: count,
        encoding: "PLAIN",
        definition_levels_byte_length: defined.length,
        repetition_levels_byte_length: 0,
        is_compressed: true,
      },
    },
    [...defined, ...values],
  );
const dictionary = (count: number, body: number[]): Uint8Array =>
  page("DICTIONARY_PAGE", { dictionary_page_header: { num_values: count, encoding: "PLAIN" } }, body);

const check = (values: number, ...pages: Uint8Array[]): void =>
  checkPages(Buffer.concat(pages), { chunk: chunkOf(values), path }, true, (_, input) => input);

test.each<[string, number, Uint8Array[]]>([
  ["values one after the other", 2, [v1(2, [...levels(...run(2, 1)), ...text("a", "bc")])]],
  ["a null", 3, [v1(3, [...levels(3, 0b101), ...text("a", "bc")])]],
  ["version 2", 3, [v2(3, 1, [3, 0b101], text("a", "bc"))]],
  ["two pages", 2, [v1(1, [...levels(...run(1, 1)), ...text("a")]), v1(1, [...levels(...run(1, 0))])]],
  ["a dictionary", 3, [dictionary(2, text("a", "b")), v1(3, [...levels(...run(3, 1)), 1, 3, 0b010], "RLE_DICTIONARY")]],
  [
    "eight zeros behind the values (fastparquet)",
    1,
    [v1(1, [...levels(...run(1, 1)), ...text("a"), ...Array(8).fill(0)])],
  ],
  ["256 levels for one (DuckDB)", 1, [v1(1, [...levels(65, 1, ...Array(31).fill(0)), ...text("a")])]],
])("takes %s", (_, values, pages) => {
  expect(() => check(values, ...pages)).not.toThrow();
});

test.each<[string, number, Uint8Array[], RegExp]>([
  [
    "a run of 500 million levels",
    2,
    [v1(2, [...levels(0x80, 0x94, 0xeb, 0xdc, 0x03, 1), ...text("a", "b")])],
    /other numbers/,
  ],
  [
    "a page that claims 500 million values",
    2,
    [v1(5e8, [...levels(...run(2, 1)), ...text("a", "b")])],
    /claims 500000000/,
  ],
  [
    "a value that no row has: all behind it would move",
    3,
    [v1(3, [...levels(3, 0b100), ...text("a", "bc")])],
    /do not fill it/,
  ],
  ["a row whose value is not there", 3, [v1(3, [...levels(...run(3, 1)), ...text("a", "bc")])], /do not fill it/],
  ["fewer levels than values", 3, [v1(3, [...levels(...run(2, 1)), ...text("a", "bc")])], /other numbers/],
  ["other nulls than it says", 3, [v2(3, 1, [3, 0b100], text("a"))], /1 values in 3 rows, not 2 in 3/],
  [
    "a value behind the dictionary",
    1,
    [dictionary(1, text("a")), v1(1, [...levels(...run(1, 1)), 1, 3, 1], "RLE_DICTIONARY")],
    /value 1 of 1/,
  ],
  ["a page less than the footer says", 2, [v1(1, [...levels(...run(1, 1)), ...text("a")])], /1 values, not 2/],
  ["levels behind the end of their page", 1, [v1(1, [200, 0, 0, 0, 2, 1, ...text("a")])], /levels of 200 bytes/],
  [
    "a page behind the end of its chunk",
    1,
    [v1(1, [...levels(...run(1, 1)), ...text("a")], "PLAIN", 900)],
    /has 900 bytes/,
  ],
])("refuses %s", (_, values, pages, message) => {
  expect(() => check(values, ...pages)).toThrow(message);
});

test("no bit in front of a page's pictures, flipped, gives a row the picture of another", async () => {
  const { bytes: sound } = corpus().parquet.find(({ name }) => name === "struct-uncompressed.parquet")!;
  const before = await readAll([file("x.parquet", sound)]);
  const pictures = await Promise.all(before.rows.map((row) => row.images[0]!.bytes()));
  const from = Buffer.from(sound).indexOf(pictures[0]!);
  let refused = 0;
  for (let at = 4; at < from; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = sound.slice();
      bytes[at]! ^= 1 << bit;
      const { rows } = await readAll([file("x.parquet", bytes)]);
      for (const row of rows.slice(0, 4)) {
        const read = await row.images[0]!.bytes().catch(() => undefined);
        if (read === undefined) refused += 1;
        else
          expect([`${at}:${bit}`, pictures.findIndex((picture) => Buffer.compare(picture, read) === 0)]).toEqual([
            `${at}:${bit}`,
            row.index,
          ]);
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});

test("files of DuckDB and fastparquet, and an LZ4 page without any value", async () => {
  const duck = await readAll([file("x.parquet", fixture("chat-duckdb.parquet"))]);
  expect([duck.skipped, duck.rows.map(said)[0]]).toEqual([[], "user: [image]\nQuestion 0? ü | assistant: Answer 0."]);
  expect(await duck.rows[4]!.images[0]!.bytes()).toEqual(new Uint8Array([4, 1, 2, 251]));
  const fast = await readAll([file("x.parquet", fixture("answers-fastparquet.parquet"))]);
  expect(fast.rows.map(said)).toEqual(["user: [image]How many? | assistant: zero"]);
  expect(await fast.rows[0]!.images[0]!.bytes()).toEqual(new Uint8Array([0, 128, 255]));
  const empty = await readAll([
    file("x.parquet", fixture("empty-page-lz4.parquet")),
    ...[0, 1, 2].map((i) => file(`${i}.png`, `${i}`)),
  ]);
  expect(empty.rows.map((row) => row.images[0]!.file)).toEqual(["0.png", "1.png", "2.png"]);
});
