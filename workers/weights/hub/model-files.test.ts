import { describe, expect, test } from "vitest";
import { type Dtype, f32ToF16 } from "../formats/dtype.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { openCheckpoint } from "./model-files.ts";
import { filesFromBlobs } from "./source.ts";

type Entry = { name: string; dtype: Dtype; shape: number[]; data: ArrayBufferView };
const counting = Float32Array.from({ length: 12 }, (_, i) => i);
const a: Entry = { name: "a", dtype: "F32", shape: [4, 3], data: counting };
const b: Entry = { name: "b", dtype: "F16", shape: [12], data: f32ToF16(counting) };
const shard1 = "model-00001-of-00002.safetensors";
const shard2 = "model-00002-of-00002.safetensors";

function folder(files: Record<string, Uint8Array | string>) {
  return filesFromBlobs(
    Object.entries(files).map(([name, content]) => ({ path: `llava/${name}`, blob: new Blob([content as string]) })),
  );
}
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const index = (weight_map: unknown) => JSON.stringify({ metadata: { total_size: 1 }, weight_map });

describe.each([
  ["one file", { "model.safetensors": writeSafetensors([a, b]) }],
  [
    "shards",
    {
      "model.safetensors.index.json": index({ a: shard1, b: shard2 }),
      [shard1]: writeSafetensors([a]),
      [shard2]: writeSafetensors([b]),
    },
  ],
])("a checkpoint of %s", (_, files) => {
  test("reads tensors, raw and as f32", async () => {
    const checkpoint = await openCheckpoint(folder(files));
    expect([...checkpoint.tensors.keys()].sort()).toEqual(["a", "b"]);
    expect(checkpoint.label).toBe("llava");
    expect(await checkpoint.readF32("a")).toEqual(counting);
    expect(await checkpoint.readF32("b")).toEqual(counting);
    const { dtype, shape, bytes } = await checkpoint.read("b");
    expect([dtype, shape, bytes.length]).toEqual(["F16", [12], 24]);
    await expect(checkpoint.read("c")).rejects.toMatchObject({
      code: "missing-tensor",
      message: 'The tensor "c" is not in llava.',
    });
  });

  test("reads in chunks of whole rows", async () => {
    const checkpoint = await openCheckpoint(folder(files));
    const rowsFor = async (name: string, maxBytes: number) => {
      const chunks = await collect(checkpoint.chunks(name, maxBytes));
      expect(Buffer.concat(chunks.map((chunk) => chunk.bytes)).equals((await checkpoint.read(name)).bytes)).toBe(true);
      return chunks.map(({ firstRow, rows, bytes }) => [firstRow, rows, bytes.length]);
    };
    expect(await rowsFor("a", 25)).toEqual([
      [0, 2, 24],
      [2, 2, 24],
    ]);
    expect(await rowsFor("a", 47)).toHaveLength(2);
    expect(await rowsFor("a", 48)).toHaveLength(1);
    expect(await rowsFor("a", 1)).toHaveLength(4);
    expect((await rowsFor("b", 10)).map(([, rows]) => rows)).toEqual([5, 5, 2]);
  });
});

test("the single file wins over an index, as in transformers", async () => {
  const files = folder({
    "model.safetensors": writeSafetensors([a]),
    "model.safetensors.index.json": index({ z: shard1 }),
  });
  expect([...(await openCheckpoint(files)).tensors.keys()]).toEqual(["a"]);
});

test("a scalar is one chunk", async () => {
  const scalar: Entry = { name: "s", dtype: "F32", shape: [], data: Float32Array.of(3) };
  const checkpoint = await openCheckpoint(folder({ "model.safetensors": writeSafetensors([scalar]) }));
  expect((await collect(checkpoint.chunks("s", 100))).map(({ rows, bytes }) => [rows, bytes.length])).toEqual([[1, 4]]);
});

test.each<[string, Record<string, Uint8Array | string>, { code: string; message: unknown }]>([
  ["no weights", { "config.json": "{}" }, { code: "missing-file", message: "model.safetensors is missing in llava." }],
  [
    "weights in pickles",
    { "pytorch_model-00001-of-00003.bin": "" },
    {
      code: "missing-file",
      message: expect.stringContaining("pytorch_model-00001-of-00003.bin, a format that can run code"),
    },
  ],
  [
    "a missing shard",
    { "model.safetensors.index.json": index({ a: shard1, b: shard2 }), [shard1]: writeSafetensors([a]) },
    {
      code: "missing-file",
      message: `${shard2} is missing in llava, which has 1 of the 2 files of its weights.`,
    },
  ],
  [
    "a tensor that is not in its shard",
    { "model.safetensors.index.json": index({ a: shard1, b: shard1 }), [shard1]: writeSafetensors([a]) },
    { code: "missing-tensor", message: `The tensor "b" is not in ${shard1}.` },
  ],
  [
    "an index without a map",
    { "model.safetensors.index.json": "[]" },
    { code: "bad-safetensors", message: expect.stringContaining("has no weight_map") },
  ],
  [
    "an index that is null",
    { "model.safetensors.index.json": "null" },
    { code: "bad-safetensors", message: expect.stringContaining("has no weight_map") },
  ],
  ...["../evil.safetensors", "/etc/x.safetensors", "a\\b.safetensors", "x.bin", 7].map(
    (shard): [string, Record<string, string>, { code: string; message: unknown }] => [
      `the shard name ${shard}`,
      { "model.safetensors.index.json": index({ a: shard }) },
      { code: "bad-safetensors", message: expect.stringContaining(`puts "a" into ${JSON.stringify(shard)}`) },
    ],
  ),
  [
    "a damaged shard",
    { "model.safetensors.index.json": index({ a: shard1 }), [shard1]: writeSafetensors([a]).slice(0, -1) },
    {
      code: "bad-safetensors",
      message: expect.stringMatching(new RegExp(`^${shard1} is not a sound safetensors file`)),
    },
  ],
])("refuses %s", async (_, files, expected) => {
  await expect(openCheckpoint(folder(files))).rejects.toMatchObject(expected);
});
