/** What the page is told of the browser's storage. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
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
  const cache = openOpfsCache("weights", fakeOpfs().root);
  state = { ...newEngineState(), store: async () => store, weightCache: () => cache };
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
