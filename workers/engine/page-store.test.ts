/** Two layouts in two tabs: the newer page waits for work of the older one, and never writes beside it. */
import { IDBFactory as Factory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeLocks } from "../testing/fake-locks.ts";
import { openPageStore } from "./page-store.ts";
import { jobLock, runLock, STORE_NAME } from "./storage-names.ts";

let locks: ReturnType<typeof fakeLocks>;
beforeEach(() => {
  locks = fakeLocks();
  vi.stubGlobal("navigator", { locks });
  vi.stubGlobal("indexedDB", new Factory());
});
afterEach(() => vi.unstubAllGlobals());

async function olderTab(): Promise<IDBDatabase> {
  const request = indexedDB.open(STORE_NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("values");
  await new Promise((resolve) => request.addEventListener("success", resolve));
  request.result.onversionchange = () => request.result.close();
  return request.result;
}

test.each([runLock("a"), jobLock("b")])("while an older tab holds %s its storage is left alone", async (name) => {
  const old = await olderTab();
  let end = (): void => {};
  const work = locks.request(
    name,
    {},
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  await expect(openPageStore()).rejects.toMatchObject({
    code: "run-locked",
    message: "A run or a job is going on in another tab, with an older version of this page.",
  });
  // The run still saves.
  old.transaction("values", "readwrite").objectStore("values").put(Uint8Array.of(1), "run/a/info");
  await vi.waitFor(() => expect(end).toBeTypeOf("function"));
  end();
  await work;
  const store = await openPageStore();
  expect(await store.keys("")).toEqual(["run/a/info"]);
  expect(() => old.transaction("values", "readwrite")).toThrow();
});

test("a run of another tab of the same layout is in nobody's way", async () => {
  (await openPageStore()).close();
  void locks.request(runLock("a"), {}, () => new Promise(() => undefined));
  await expect(openPageStore()).resolves.toBeDefined();
});
