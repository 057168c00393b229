import { expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { sealBytes } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { FeatureCache, type FeatureCacheOptions, featuresPrefix, storedFeatures } from "./feature-cache.ts";

const TILE = 100;
const SEALED = TILE + 65;
const prefix = featuresPrefix("d");
const bytesOf = (n: number): Uint8Array => new Uint8Array(TILE).fill(n);
const open = (store: Store, changes: Partial<FeatureCacheOptions> = {}, budget = 1e6): Promise<FeatureCache> =>
  FeatureCache.open({ identity: "m", tileBytes: TILE, storage: { store, prefix, budget }, ...changes });

test("what memory has no room for is read from storage, the one used last stays", async () => {
  const store = memoryStore();
  const cache = await open(store, { memoryBytes: 2 * TILE });
  await cache.keep("a", bytesOf(1));
  await cache.keep("b", bytesOf(2));
  await cache.find("a");
  await cache.keep("c", bytesOf(3));
  await cache.flush();
  // Storage is emptied behind its back: what is still found was in memory.
  for (const key of await store.keys(prefix)) await store.set([[`x${key}`, (await store.get(key))!]], "relaxed");
  const keys = await store.keys(prefix);
  expect(keys.length).toBe(3);
  await store.delete(keys);
  expect((await cache.find("a"))?.bytes).toEqual(bytesOf(1));
  expect((await cache.find("c"))?.bytes).toEqual(bytesOf(3));
  await store.set([[`${prefix}m/b`, (await store.get(`x${prefix}m/b`))!]], "relaxed");
  expect((await cache.find("b"))?.bytes).toEqual(bytesOf(2));
  expect(cache.counts).toMatchObject({ tiles: 3, bytes: 3 * SEALED, again: 0 });
});

test("what is asked for stays in memory longest", async () => {
  const cache = await open(memoryStore(), { memoryBytes: 2 * TILE, storage: undefined });
  expect(cache.touch("a")).toBe(false);
  await cache.keep("a", bytesOf(1));
  await cache.keep("b", bytesOf(2));
  expect(cache.touch("a")).toBe(true);
  await cache.keep("c", bytesOf(3));
  expect(["a", "b", "c"].map((tile) => cache.touch(tile))).toEqual([true, false, true]);
});

test("a later session finds them, and proves one before it believes them", async () => {
  const store = memoryStore();
  const first = await open(store);
  await first.keep("a", bytesOf(1));
  expect(await first.find("a")).toEqual({ bytes: bytesOf(1), unproved: false });
  await first.flush();

  const second = await open(store);
  expect(await second.find("a")).toEqual({ bytes: bytesOf(1), unproved: true });
  await second.prove(true);
  expect(await second.find("a")).toEqual({ bytes: bytesOf(1), unproved: false });

  const third = await open(store);
  await third.keep("b", bytesOf(2));
  expect(await third.find("a")).toEqual({ bytes: bytesOf(1), unproved: true });
  await third.prove(false);
  expect(await third.find("a")).toBeUndefined();
  // Its own are those of this GPU.
  expect(await third.find("b")).toEqual({ bytes: bytesOf(2), unproved: false });
  expect(third.counts.again).toBe(1);
  await third.flush();
  expect(await store.keys(prefix)).toEqual([`${prefix}m/b`]);
});

test("a damaged entry, or one of another size, is removed and counted", async () => {
  const store = memoryStore();
  const first = await open(store);
  await first.keep("a", bytesOf(1));
  await first.keep("b", bytesOf(2));
  await first.flush();
  const sealed = (await store.get(`${prefix}m/a`))!;
  sealed[SEALED - 1]! ^= 1;
  await store.set(
    [
      [`${prefix}m/a`, sealed],
      [`${prefix}m/b`, await sealBytes(new Uint8Array(TILE - 4))],
    ],
    "relaxed",
  );
  const second = await open(store);
  expect(await second.find("a")).toBeUndefined();
  expect(await second.find("b")).toBeUndefined();
  expect(second.counts).toMatchObject({ again: 2, tiles: 0 });
  expect(await store.keys(prefix)).toEqual([]);
  await second.keep("a", bytesOf(1));
  expect((await second.find("a"))?.bytes).toEqual(bytesOf(1));
});

test("two models never share, and what another model left goes when the budget is used up", async () => {
  const store = memoryStore();
  const other = await open(store, { identity: "n" });
  await other.keep("a", bytesOf(9));
  await other.flush();
  const cache = await open(store, { memoryBytes: 0 }, 3 * SEALED);
  expect(await cache.find("a")).toBeUndefined();
  await cache.keep("a", bytesOf(1));
  await cache.keep("b", bytesOf(2));
  await cache.flush();
  expect(await storedFeatures(store, "d")).toEqual({ tiles: 3, bytes: 3 * SEALED });
  await cache.keep("c", bytesOf(3));
  await cache.keep("d", bytesOf(4));
  await cache.flush();
  expect(await store.keys(prefix)).toEqual(["a", "b", "c"].map((tile) => `${prefix}m/${tile}`));
  expect(cache.counts).toMatchObject({ tiles: 3, beyond: 1, budget: 3 * SEALED });
  expect(await cache.find("d")).toBeUndefined();
  expect((await cache.find("a"))?.bytes).toEqual(bytesOf(1));
});

test("a full storage costs the cache and is told; memory goes on", async () => {
  const cache = await open(memoryStore({ quotaBytes: 2 * SEALED }));
  for (const [n, tile] of ["a", "b", "c"].entries()) await cache.keep(tile, bytesOf(n));
  await cache.flush();
  expect(cache.counts.trouble).toMatch(/no room left/);
  expect((await cache.find("c"))?.bytes).toEqual(bytesOf(2));
});

test("features make room for a checkpoint, once", async () => {
  const store = memoryStore();
  const cache = await open(store);
  await cache.keep("a", bytesOf(1));
  expect(await cache.makeRoom()).toBe(true);
  expect(await store.keys(prefix)).toEqual([]);
  expect(await cache.makeRoom()).toBe(false);
  await cache.keep("b", bytesOf(2));
  await cache.flush();
  expect(await store.keys(prefix)).toEqual([]);
  expect(cache.counts.trouble).toMatch(/made way/);
  expect((await cache.find("a"))?.bytes).toEqual(bytesOf(1));
});

test("a picture whose tiles lie together counts with all of them", async () => {
  const store = memoryStore();
  const cache = await open(store, { memoryBytes: 7 * TILE }, 10 * TILE + 2 * 65);
  const picture = (tiles: number, n: number) => new Uint8Array(tiles * TILE).fill(n);
  await cache.keep("a.2x3", picture(6, 1));
  await cache.keep("b.1x4", picture(4, 2));
  expect(await cache.find("a.2x3")).toEqual({ bytes: picture(6, 1), unproved: false });
  expect(cache.counts).toMatchObject({ tiles: 10, bytes: 10 * TILE + 2 * 65, beyond: 0 });
  await cache.keep("a.3x2", picture(6, 3));
  expect(cache.counts).toMatchObject({ tiles: 10, beyond: 6 });
  await expect(cache.keep("c.2x2", picture(3, 1))).rejects.toThrow("features of 300 bytes, not 400");
  await cache.flush();
  expect(await storedFeatures(store, "d")).toEqual({ tiles: 10, bytes: 10 * TILE + 2 * 65 });

  const later = await open(store);
  expect(later.counts).toMatchObject({ tiles: 10 });
  expect(await later.find("b.1x4")).toEqual({ bytes: picture(4, 2), unproved: true });
});
