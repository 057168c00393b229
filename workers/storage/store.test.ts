import "fake-indexeddb/auto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openFsStore } from "./fs.ts";
import { openIdbStore } from "./idb.ts";
import { memoryStore } from "./memory.ts";
import type { Store } from "./store.ts";

const scratch = await mkdtemp(join(tmpdir(), "tabtune-store-"));
afterAll(() => rm(scratch, { recursive: true }));

/** Opens a store by name; where it lasts, the same name opens the same contents. */
const kinds: { kind: string; lasts: boolean; open: (name: string) => Promise<Store> }[] = [
  { kind: "memory", lasts: false, open: async () => memoryStore() },
  { kind: "fs", lasts: true, open: (name) => openFsStore(join(scratch, name)) },
  { kind: "idb", lasts: true, open: (name) => openIdbStore(name) },
];
const bytes = (...values: number[]) => Uint8Array.from(values);

describe.each(kinds)("store in $kind", ({ lasts, open }) => {
  test("gives back what was set, and undefined for what was not", async () => {
    const store = await open("a");
    await store.set(
      [
        ["run/1/0", bytes(1, 2, 3)],
        ["run/1/1", bytes()],
      ],
      "strict",
    );
    expect(await store.get("run/1/0")).toEqual(bytes(1, 2, 3));
    expect(await store.get("run/1/1")).toEqual(bytes());
    expect(await store.get("run/1/2")).toBeUndefined();
    await store.set([["run/1/0", bytes(9)]], "relaxed");
    expect(await store.get("run/1/0")).toEqual(bytes(9));
    store.close();
  });

  test("lists keys by prefix, in order, whatever characters they hold", async () => {
    const store = await open("b");
    const keys = ["a/2", "a/10", "a/1", "A/1", "b", "", "../x", "a", "ä/é", "a/😀", "con.", "%41", "__proto__"];
    await store.set(
      keys.map((key, i) => [key, bytes(i)]),
      "relaxed",
    );
    expect(await store.keys("")).toEqual([...keys].sort());
    expect(await store.keys("a/")).toEqual(["a/1", "a/10", "a/2", "a/😀"]);
    expect(await store.keys("zz")).toEqual([]);
    for (const [i, key] of keys.entries()) expect(await store.get(key)).toEqual(bytes(i));
    store.close();
  });

  test("deletes many, ignoring what is not there", async () => {
    const store = await open("c");
    await store.set(
      ["x", "y", "z"].map((key) => [key, bytes(1)]),
      "relaxed",
    );
    await store.delete(["x", "z", "nothing"]);
    expect(await store.keys("")).toEqual(["y"]);
    await store.delete([]);
    await store.set([], "strict");
    expect(await store.keys("")).toEqual(["y"]);
    store.close();
  });

  test("keeps its own copy of the written part of a buffer, and hands out copies", async () => {
    const store = await open("d");
    const whole = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
    const written = store.set([["part", whole.subarray(10, 14)]], "relaxed");
    await written;
    whole.fill(0);
    const first = await store.get("part");
    expect(first).toEqual(bytes(10, 11, 12, 13));
    expect(first!.buffer.byteLength).toBe(4);
    first!.fill(7);
    expect(await store.get("part")).toEqual(bytes(10, 11, 12, 13));
    store.close();
  });

  test("a key given twice keeps the last value", async () => {
    const store = await open("e");
    await store.set(
      [
        ["k", bytes(1)],
        ["k", bytes(2)],
      ],
      "relaxed",
    );
    expect(await store.get("k")).toEqual(bytes(2));
    store.close();
  });

  test("concurrent sets each land whole", async () => {
    const store = await open("f");
    const set = (value: number) =>
      store.set(
        ["p", "q", "r"].map((key) => [key, bytes(value)]),
        "relaxed",
      );
    await Promise.all([set(1), set(2), set(3), store.get("p")]);
    const last = await store.get("p");
    expect(await store.get("q")).toEqual(last);
    expect(await store.get("r")).toEqual(last);
    store.close();
  });

  test("a closed store throws", async () => {
    const store = await open("g");
    await store.set([["k", bytes(5)]], "strict");
    store.close();
    await expect(store.get("k")).rejects.toMatchObject({ name: "TabTuneError" });
    await expect(store.set([["k", bytes(6)]], "strict")).rejects.toMatchObject({ name: "TabTuneError" });
    if (!lasts) return;
    const again = await open("g");
    expect(await again.get("k")).toEqual(bytes(5));
    again.close();
  });
});

test("memory: a set past the quota changes nothing", async () => {
  const store = memoryStore({ quotaBytes: 10 });
  await store.set([["a", new Uint8Array(8)]], "strict");
  await expect(
    store.set(
      [
        ["a", new Uint8Array(1)],
        ["b", new Uint8Array(10)],
      ],
      "strict",
    ),
  ).rejects.toMatchObject({ code: "storage-full", safe: "The last complete checkpoint is kept." });
  expect((await store.get("a"))!.length).toBe(8);
  expect(await store.keys("")).toEqual(["a"]);
});
