import { beforeEach, expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import type { Store } from "../../storage/store.ts";
import type { Example } from "../example.ts";
import { openDataset } from "./dataset.ts";
import { datasetIdOf, deleteDataset, listDatasets, readManifest, writeManifest } from "./manifest.ts";
import { createShardWriter, openShards } from "./shards.ts";

const exampleOf = (row: number, pixelBytes = 12): Example => ({
  row,
  inputIds: Int32Array.from({ length: 3 + (row % 5) }, (_, t) => row * 10 + t),
  kinds: new Uint8Array(3 + (row % 5)).fill(2),
  images: [{ height: 2, width: 2, tiles: 1, tokens: 1 }],
  pixels: new Uint8Array(pixelBytes).fill(row),
});

let store: Store;
beforeEach(() => {
  store = memoryStore();
});

async function write(id: string, rows: number, limits = { shardRows: 4 }) {
  const writer = createShardWriter(store, id, limits);
  for (let row = 0; row < rows; row++) await writer.append(exampleOf(row), `${row}.jpg`);
  const facts = { skipped: [{ index: 9, reason: "broken-picture" }] };
  return writeManifest(store, { id, label: `set ${id}`, ...(await writer.finish()), facts });
}

test("what is written is read back, in any order", async () => {
  const manifest = await write("a", 10);
  expect(manifest.shards.map((shard) => shard.rows)).toEqual([4, 4, 2]);
  expect(manifest).toMatchObject({ rows: 10, tokens: 50, longest: 7, label: "set a" });
  const dataset = (await openDataset(store, "a"))!;
  expect(dataset.manifest).toEqual(manifest);
  expect(dataset.manifest.facts).toEqual({ skipped: [{ index: 9, reason: "broken-picture" }] });
  for (const row of [9, 0, 4, 3, 8, 7, 0]) expect(await dataset.read(row)).toEqual(exampleOf(row));
  await expect(dataset.read(10)).rejects.toMatchObject({ code: "bad-argument" });
});

test("rows know where they came from; a list of names that is lost or damaged costs no row", async () => {
  await write("a", 10);
  const dataset = (await openDataset(store, "a"))!;
  expect(await Promise.all([0, 3, 4, 9].map((i) => dataset.sourceOf(i)))).toEqual(["0.jpg", "3.jpg", "4.jpg", "9.jpg"]);
  const key = "dataset/a/sources/1";
  const bytes = (await store.get(key))!;
  await store.set([[key, bytes.with(9, bytes[9]! ^ 1)]], "relaxed");
  expect(await dataset.sourceOf(4)).toBeUndefined();
  await store.delete([key]);
  expect(await dataset.sourceOf(4)).toBeUndefined();
  expect((await dataset.read(4)).row).toBe(4);
});

test("a shard ends when it has enough bytes", async () => {
  const writer = createShardWriter(store, "big", { shardBytes: 1000 });
  for (let row = 0; row < 5; row++) await writer.append(exampleOf(row, 600), "");
  const { shards } = await writer.finish();
  expect(shards.map((shard) => shard.rows)).toEqual([2, 2, 1]);
});

test("readers keep the last used shards and share a read", async () => {
  await write("a", 16);
  const gets: string[] = [];
  const get = (key: string) => {
    gets.push(key);
    return store.get(key);
  };
  const dataset = openShards({ ...store, get }, (await readManifest(store, "a"))!, 2);
  await Promise.all([dataset.read(0), dataset.read(1), dataset.read(2)]);
  expect(gets).toEqual(["dataset/a/shard/0"]);
  await dataset.read(4);
  await dataset.read(0);
  await dataset.read(8);
  await dataset.read(1);
  expect(gets.length).toBe(3);
  await dataset.read(5);
  expect(gets.at(-1)).toBe("dataset/a/shard/1");
  expect(gets.length).toBe(4);
});

test("a flipped byte anywhere in a shard is refused by name, other shards stay readable", async () => {
  await write("a", 8);
  const key = "dataset/a/shard/1";
  const bytes = (await store.get(key))!;
  for (let at = 0; at < bytes.length; at += 7) {
    await store.set([[key, bytes.with(at, bytes[at]! ^ 1)]], "relaxed");
    const dataset = (await openDataset(store, "a"))!;
    const message = 'Shard 1 of 2 of the data set "set a" is damaged: its hash differs.';
    await expect(dataset.read(5)).rejects.toMatchObject({ code: "bad-dataset", message });
    expect((await dataset.read(3)).row).toBe(3);
  }
});

test("a missing shard and a damaged manifest are refused", async () => {
  await write("a", 8);
  await store.delete(["dataset/a/shard/0"]);
  await expect((await openDataset(store, "a"))!.read(0)).rejects.toMatchObject({ code: "bad-dataset" });
  const manifest = (await store.get("dataset/a/manifest"))!;
  for (let at = 0; at < manifest.length; at += 31) {
    await store.set([["dataset/a/manifest", manifest.with(at, manifest[at]! ^ 4)]], "relaxed");
    await expect(openDataset(store, "a")).rejects.toMatchObject({ code: "bad-dataset" });
  }
});

test("an interrupted writer leaves no data set", async () => {
  await write("whole", 8);
  const writer = createShardWriter(store, "half", { shardRows: 2 });
  for (let row = 0; row < 5; row++) await writer.append(exampleOf(row), `${row}.jpg`);
  expect(await openDataset(store, "half")).toBeUndefined();
  expect((await listDatasets(store)).map((manifest) => manifest.id)).toEqual(["whole"]);
});

test("no room: the writer fails with the store's words, and what it took can be freed", async () => {
  store = memoryStore({ quotaBytes: 400 });
  const writer = createShardWriter(store, "a", { shardRows: 2 });
  const writing = (async () => {
    for (let row = 0; row < 50; row++) await writer.append(exampleOf(row), `${row}.jpg`);
  })();
  await expect(writing).rejects.toMatchObject({ code: "storage-full" });
  await deleteDataset(store, "a");
  expect(await store.keys("")).toEqual([]);
});

test("delete removes one data set and no other with a longer name", async () => {
  await write("a", 3);
  await write("ab", 3);
  await deleteDataset(store, "a");
  expect((await listDatasets(store)).map((manifest) => manifest.id)).toEqual(["ab"]);
  expect(await store.keys("dataset/a/")).toEqual([]);
});

test("the id depends on every part and on where one ends", async () => {
  const ids = await Promise.all([["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""]].map(datasetIdOf));
  expect(new Set(ids).size).toBe(4);
  expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
});
