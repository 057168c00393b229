import { IDBFactory as Factory, forceCloseDatabase } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, expect, test, vi } from "vitest";
import { openIdbStore } from "./idb.ts";
import { STORE_VERSION } from "./migrations.ts";

const entries: [string, Uint8Array][] = [
  ["a", Uint8Array.of(1)],
  ["b", Uint8Array.of(2)],
];
afterEach(() => {
  vi.restoreAllMocks();
});

/** A factory that also tells which database it opened last. */
function spiedFactory(): { factory: IDBFactory; database: () => IDBDatabase } {
  const factory = new Factory();
  const open = vi.spyOn(factory, "open");
  return { factory, database: () => (open.mock.results.at(-1)!.value as IDBOpenDBRequest).result };
}

test("durability reaches the transaction", async () => {
  const { factory, database } = spiedFactory();
  const store = await openIdbStore("d", factory);
  const transaction = vi.spyOn(database(), "transaction");
  await store.set(entries, "strict");
  await store.set(entries, "relaxed");
  expect(transaction.mock.calls.map((call) => call[2])).toEqual([{ durability: "strict" }, { durability: "relaxed" }]);
});

test.each([
  [
    "a put that throws",
    () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  ],
  [
    "a transaction that aborts after its puts succeeded",
    (request: IDBRequest) => {
      const transaction = request.transaction as unknown as { _abort(name: string): void };
      request.addEventListener("success", () => transaction._abort("QuotaExceededError"));
    },
  ],
])("%s for quota is storage-full, and nothing of the set stays", async (_, fail) => {
  const store = await openIdbStore("q", new Factory());
  await store.set([["a", Uint8Array.of(9)]], "strict");
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, value, key) {
    const request = put.call(this, value, key);
    if (key === "b") fail(request);
    return request;
  });
  await expect(store.set(entries, "strict")).rejects.toMatchObject({
    code: "storage-full",
    message: 'There is no room left to write "a" and 1 more (0.0 MB).',
    safe: "The last complete checkpoint is kept.",
  });
  vi.restoreAllMocks();
  expect(await store.keys("")).toEqual(["a"]);
  expect(await store.get("a")).toEqual(Uint8Array.of(9));
});

test("a value that cannot be stored leaves nothing of its set", async () => {
  const store = await openIdbStore("v", new Factory());
  const bad = (() => 0) as unknown as Uint8Array;
  await expect(store.set([entries[0]!, ["b", bad]], "strict")).rejects.toThrow();
  expect(await store.keys("")).toEqual([]);
});

test("after an eviction every call says so", async () => {
  const { factory, database } = spiedFactory();
  const store = await openIdbStore("e", factory);
  await store.set(entries, "strict");
  forceCloseDatabase(database() as never);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const expected = { code: "storage-gone", message: expect.stringContaining("evicted") };
  await expect(store.get("a")).rejects.toMatchObject(expected);
  await expect(store.set(entries, "relaxed")).rejects.toMatchObject(expected);
  await expect(store.keys("")).rejects.toMatchObject(expected);
  const again = await openIdbStore("e", factory);
  expect(await again.get("b")).toEqual(Uint8Array.of(2));
});

test("an upgrade from another tab is let through, and told", async () => {
  const factory = new Factory();
  const store = await openIdbStore("u", factory);
  const upgrade = factory.open("u", STORE_VERSION + 1);
  await new Promise((resolve, reject) => {
    upgrade.onsuccess = resolve;
    upgrade.onblocked = reject;
    upgrade.onerror = reject;
  });
  await expect(store.get("a")).rejects.toMatchObject({
    name: "TabTuneError",
    message: expect.stringContaining("Another tab"),
  });
  await expect(openIdbStore("u", factory)).rejects.toMatchObject({
    message: expect.stringContaining("written by a newer version of this page"),
    safe: "What is stored is as it was.",
  });
});

/** A database as a page of the first layout leaves it; its connection behaves as that page's did, unless it is frozen. */
async function firstLayout(
  factory: IDBFactory,
  values: Record<string, Uint8Array>,
  frozen = false,
): Promise<IDBDatabase> {
  const request = factory.open("m", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("values");
  const database = await new Promise<IDBDatabase>((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const table = database.transaction("values", "readwrite").objectStore("values");
  for (const [key, bytes] of Object.entries(values)) table.put(bytes, key);
  if (!frozen) database.onversionchange = () => database.close();
  return database;
}

test("a store of the first layout opens: all is kept but verdicts that nobody sealed", async () => {
  const factory = new Factory();
  const values = { "run/a/info": Uint8Array.of(1), "self-test/x": Uint8Array.of(2), "tuned/y": Uint8Array.of(3) };
  const old = await firstLayout(factory, values);
  const store = await openIdbStore("m", factory);
  expect(await store.keys("")).toEqual(["run/a/info"]);
  // The page before cannot write any more, nor open it again.
  expect(() => old.transaction("values", "readwrite")).toThrow();
  const again = factory.open("m", 1);
  expect(await new Promise((resolve) => again.addEventListener("error", () => resolve(again.error?.name)))).toBe(
    "VersionError",
  );
  store.close();
  expect((await factory.databases())[0]?.version).toBe(STORE_VERSION);
});

test("a page before that does not let go is told, and nothing is changed until it does", async () => {
  const factory = new Factory();
  const old = await firstLayout(factory, { "self-test/x": Uint8Array.of(2) }, true);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const opening = openIdbStore("m", factory).catch((error: unknown) => error);
  await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
  await vi.advanceTimersByTimeAsync(3000);
  vi.useRealTimers();
  expect(await opening).toMatchObject({ code: "run-locked", message: expect.stringContaining("does not let go") });
  expect((await factory.databases())[0]?.version).toBe(1);
  old.close();
  const store = await openIdbStore("m", factory);
  expect(await store.keys("")).toEqual([]);
});
