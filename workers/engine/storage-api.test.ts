/** What the page is told of the browser's storage. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openRanges } from "../data/hub/kept-ranges.ts";
import { writeManifest } from "../data/shards/manifest.ts";
import { memoryStore } from "../storage/memory.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";
import { fakeLocks } from "../testing/fake-locks.ts";
import { fakeOpfs } from "../testing/fake-opfs.ts";
import { createEngine } from "./engine.ts";
import { type EngineState, newEngineState } from "./state.ts";
import { storageApi } from "./storage-api.ts";

let store: Store;
let state: EngineState;
beforeEach(() => {
  vi.stubGlobal("navigator", {
    locks: fakeLocks(),
    storage: { estimate: async () => ({ usage: 1, quota: 2 }), persisted: async () => true },
  });
  store = memoryStore();
  const { root } = fakeOpfs();
  const cache = openOpfsCache("weights", root);
  const ranges = openOpfsCache("ranges", root);
  state = { ...newEngineState(), store: async () => store, weightCache: () => cache, rangeCache: () => ranges };
});
afterEach(() => vi.unstubAllGlobals());

test("an engine that starts removes what a killed preparation left", async () => {
  await store.set([["dataset/a/shard/0", Uint8Array.of(1)]], "relaxed");
  createEngine(state);
  await expect.poll(() => store.keys("")).toEqual([]);
});

test("what a killed preparation left goes, and is reported until the page is closed", async () => {
  const api = storageApi(state);
  expect(await api.listStored()).toEqual({ items: [], usage: 1, quota: 2, persisted: true, swept: "" });
  await store.set([["dataset/a/shard/0", Uint8Array.of(1)]], "relaxed");
  const swept = "What was left of 1 preparation of data that did not end was removed.";
  expect(await api.listStored()).toMatchObject({ items: [], swept });
  expect(await store.keys("")).toEqual([]);
  expect(await api.listStored()).toMatchObject({ swept });
});

test("what was fetched of a data set is in the list, and goes", async () => {
  const api = storageApi(state);
  const folder = await openRanges(await state.rangeCache(), ["https://hub.example", "a/b", "c0ffee"], "a/b");
  await (await folder.rangesOf("train.parquet")).keep({ start: 0, end: 1000 }, new Uint8Array(1000));
  const { items } = await api.listStored();
  expect(items).toMatchObject([
    { kind: "ranges", label: "a/b as fetched from the hub", detail: expect.stringContaining("at most 4 GB") },
  ]);
  expect(items[0]!.bytes).toBeGreaterThan(1000);
  await api.deleteStored("ranges", items[0]!.key);
  expect((await api.listStored()).items).toEqual([]);
});

test("rows that were prepared on demand count to their data set, and go with it", async () => {
  const index = {
    blocks: [{ rows: 9, bytes: 50, sha256: "" }],
    rows: 9,
    bytes: 50,
    most: { textBytes: 1, messages: 2, pictures: 0 },
  };
  const rows = { rows: 9, bytes: 50, tokens: 0, longest: 99, shards: [], index };
  await writeManifest(store, { id: "a", label: "many", ...rows, facts: null });
  const row = new Uint8Array(300);
  await store.set(
    [
      ["dataset/a/row/3", row],
      ["dataset/a/row/7", row],
    ],
    "relaxed",
  );
  const api = storageApi(state);
  const { items } = await api.listStored();
  expect(items).toMatchObject([{ kind: "data", label: "many", bytes: 650 }]);
  expect(items[0]!.detail).toMatch(/^9 rows, 2 of them prepared, from /);
  await api.deleteStored("data", "a");
  expect(await store.keys("")).toEqual([]);
});
