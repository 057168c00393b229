import { parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { noChanges } from "../data/index/changes.ts";
import type { IndexedRows } from "../data/shards/supply.ts";
import { TabTuneError } from "../errors.ts";
import { rowsFiles } from "./rows-file.ts";

const rows: IndexedRows = {
  rows: 6,
  row: async (position) => ({
    index: position,
    source: `row ${position}`,
    messages: [{ role: "user", content: [{ type: "image" }, { type: "text", text: `q${position}` }] }],
    images: [
      {
        path: "p",
        bytes: async () => {
          if (position === 3) throw new TabTuneError("bad-image", "row 3: broken.", "Mend it.");
          return new Uint8Array(100).fill(position);
        },
      },
    ],
  }),
  all: () => expect.unreachable(),
};

async function written(positions: number[], changes = noChanges, fileBytes = 1e9) {
  const faults: string[] = [];
  const seen: number[] = [];
  const found: { path: string; rows: Record<string, unknown>[] }[] = [];
  const tell = { onRow: (n: number) => seen.push(n), onFault: (source: string) => faults.push(source) };
  for await (const { path, data } of rowsFiles("data/train", rows, positions, { changes, fileBytes, ...tell }))
    found.push({ path, rows: await parquetReadObjects({ file: await data.arrayBuffer(), utf8: false }) });
  return { faults, seen, found };
}
const texts = (all: Record<string, unknown>[]) =>
  all.map(({ messages }) =>
    (messages as { content: { text: string }[] }[]).map(({ content }) => content.at(-1)!.text).join(),
  );

test("rows stand in the order that is asked for, as a person corrected them", async () => {
  const edited = [
    { position: 1, messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "mine" }] }] },
  ];
  const { found, seen } = await written([5, 0, 1], { leftOut: [], edited });
  expect(found.map(({ path }) => path)).toEqual(["data/train-00000.parquet"]);
  expect(texts(found[0]!.rows)).toEqual(["q5", "q0", "mine"]);
  expect(seen).toEqual([1, 2, 3]);
});

test("an empty row holds the place of one whose picture cannot be read, and that is told", async () => {
  const { found, faults } = await written([2, 3, 4]);
  expect(texts(found[0]!.rows)).toEqual(["q2", "", "q4"]);
  expect(found[0]!.rows[1]).toEqual({ messages: [], images: [] });
  expect(faults).toEqual(["row 3"]);
});

test("files end when they are large enough, and none is empty but the only one", async () => {
  const { found } = await written([0, 1, 2, 4, 5], noChanges, 200);
  expect(found.map(({ path, rows: own }) => [path, texts(own)])).toEqual([
    ["data/train-00000.parquet", ["q0", "q1"]],
    ["data/train-00001.parquet", ["q2", "q4"]],
    ["data/train-00002.parquet", ["q5"]],
  ]);
});
