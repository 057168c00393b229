import { parquetMetadataAsync } from "hyparquet";
import { expect, test } from "vitest";
import { file, pixel, readAll } from "../../testing/rows.ts";
import { parquetDataSet, writtenDataSet } from "./parquet-data-set.ts";
import type { Row } from "./row.ts";

const other = new Uint8Array([...pixel, 7]);
const records = [
  { image: "a/1.png", question: "What is it?", answer: "Ein Würfel 🎲." },
  {
    images: ["a/1.png", "a/2.png"],
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "<image> against <image>: which is larger?" },
      { role: "assistant", content: "The second." },
      { role: "user", content: "Sure?" },
      { role: "assistant", content: "Yes." },
    ],
  },
  { question: "No picture?", answer: "None." },
];
const drop = [
  file("train.jsonl", records.map((record) => JSON.stringify(record)).join("\n")),
  file("a/1.png", pixel),
  file("a/2.png", other),
];

async function written(rows: readonly Row[]): Promise<Blob> {
  const dataSet = parquetDataSet();
  for (const row of rows) await dataSet.add(row);
  return dataSet.finish();
}
const plain = (rows: readonly Row[]) =>
  Promise.all(
    rows.map(async ({ messages, images }) => ({
      messages,
      bytes: await Promise.all(images.map((image) => image.bytes())),
    })),
  );

test("rows come back as they were: texts, order of parts, bytes of pictures", async () => {
  const { rows } = await readAll(drop);
  expect(rows).toHaveLength(3);
  const again = await readAll([{ path: "x.parquet", blob: await written(rows) }]);
  expect([again.error, again.skipped]).toEqual([undefined, []]);
  expect(await plain(again.rows)).toEqual(await plain(rows));
});

test("a row group has 100 rows, and the file says which column has pictures", async () => {
  const { rows } = await readAll(drop);
  const blob = await written(Array.from({ length: 230 }, (_, i) => rows[i % 3]!));
  const metadata = await parquetMetadataAsync(await blob.arrayBuffer());
  expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([100, 100, 30]);
  const info = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  expect(JSON.parse(info!)).toMatchObject({ info: { features: { images: { feature: { _type: "Image" } } } } });
});

test("no rows make a file with the columns", async () => {
  const metadata = await parquetMetadataAsync(await (await written([])).arrayBuffer());
  expect([Number(metadata.num_rows), metadata.schema[0]!.num_children]).toEqual([0, 2]);
});

test("a whole drop under its reading; what cannot be read is counted", async () => {
  const table = file("t.csv", "photo,kind\na/1.png,cup\na/gone.png,plate\n");
  const reading = { mapping: { images: "photo", answer: "kind" }, instruction: "What is this?" };
  const seen: [number, string][] = [];
  const broken = { path: "b.png", blob: new Blob([pixel]) };
  broken.blob.arrayBuffer = broken.blob.stream = () => {
    throw new Error("the file moved");
  };
  const files = [table, file("a/1.png", pixel), broken];
  const { file: blob, ...counts } = await writtenDataSet(files, reading, (...row) => seen.push(row));
  expect(counts).toEqual({ rows: 1, leftOut: 1 });
  expect(seen).toEqual([
    [1, "t.csv line 2"],
    [1, "t.csv line 3"],
  ]);
  expect((await readAll([{ path: "x.parquet", blob }])).rows[0]!.messages).toEqual([
    { role: "user", content: [{ type: "image" }, { type: "text", text: "What is this?" }] },
    { role: "assistant", content: [{ type: "text", text: "cup" }] },
  ]);
  const moved = file("m.jsonl", JSON.stringify({ image: "b.png", question: "What?", answer: "A dot." }));
  expect(await writtenDataSet([moved, broken], {}, () => {})).toMatchObject({ rows: 0, leftOut: 1 });
});
