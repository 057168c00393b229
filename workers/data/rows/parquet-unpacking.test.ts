/** A page is checked before it is read, and unpacked once for both: of photographs it is megabytes. */
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { expect, test, vi } from "vitest";

const unpacked: number[] = [];
vi.mock("hyparquet-compressors", async (original) => {
  const { compressors } = await original<typeof import("hyparquet-compressors")>();
  const counted = Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number) => {
      unpacked.push(length);
      return decompress(input, length);
    },
  ]);
  return { compressors: Object.fromEntries(counted) };
});
const { readRows } = await import("./read-rows.ts");

const picture = (n: number): Uint8Array =>
  Uint8Array.from({ length: 3000 }, (_, i) => (((i * i) >> (n % 5)) + n) & 255);
const ROWS = 60;

function file(): Blob {
  const writer = new ByteWriter();
  const schema = [
    { name: "root", num_children: 2 },
    { name: "image", type: "BYTE_ARRAY", repetition_type: "REQUIRED" },
    { name: "text", type: "BYTE_ARRAY", repetition_type: "REQUIRED", converted_type: "UTF8" },
  ] as const;
  const parquet = new ParquetWriter({ writer, schema: [...schema], codec: "SNAPPY" });
  const rows = Array.from({ length: ROWS }, (_, n) => n);
  const columnData = [
    { name: "image", data: rows.map(picture) },
    { name: "text", data: rows.map((n) => `Picture ${n}.`) },
  ];
  parquet.write({ columnData, rowGroupSize: ROWS });
  parquet.finish();
  return new Blob([new Uint8Array(writer.getBuffer())]);
}

test("the pages of pictures are unpacked once, and each picture is what it was", async () => {
  const rows = [];
  for await (const event of readRows([{ path: "a.parquet", blob: file() }]))
    if (event.type === "row") rows.push(event.row);
  expect(rows).toHaveLength(ROWS);
  unpacked.length = 0;
  for (const [n, row] of rows.entries()) expect(await row.images[0]!.bytes()).toEqual(picture(n));
  const bytes = unpacked.reduce((sum, length) => sum + length, 0);
  expect(bytes).toBeGreaterThan(ROWS * 3000);
  expect(bytes).toBeLessThan(1.1 * ROWS * 3000);
});
