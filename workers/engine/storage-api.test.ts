/** What the page is told of the browser's storage. */
import { afterEach, expect, test, vi } from "vitest";
import { memoryStore } from "../storage/memory.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import { fakeLocks } from "../testing/fake-locks.ts";
import { fakeOpfs } from "../testing/fake-opfs.ts";
import { newEngineState } from "./state.ts";
import { storageApi } from "./storage-api.ts";

afterEach(() => vi.unstubAllGlobals());

test("what a killed preparation left goes, and is reported until the page is closed", async () => {
  vi.stubGlobal("navigator", {
    locks: fakeLocks(),
    storage: { estimate: async () => ({ usage: 1, quota: 2 }), persisted: async () => true },
  });
  const store = memoryStore();
  const state = {
    ...newEngineState(),
    store: async () => store,
    weightCache: () => openOpfsCache("weights", fakeOpfs().root),
  };
  const api = storageApi(state);
  expect(await api.listStored()).toEqual({ items: [], usage: 1, quota: 2, persisted: true, swept: "" });
  await store.set([["dataset/a/shard/0", Uint8Array.of(1)]], "relaxed");
  const swept = "What was left of 1 preparation of data that did not end was removed.";
  expect(await api.listStored()).toMatchObject({ items: [], swept });
  expect(await store.keys("")).toEqual([]);
  expect(await api.listStored()).toMatchObject({ swept });
});
