/** What a killed preparation leaves goes; what is being written, in this tab or another, stays. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import type { Store } from "../../storage/store.ts";
import { fakeLocks } from "../../testing/fake-locks.ts";
import { type Example, TokenKind } from "../example.ts";
import { openDataset } from "./dataset.ts";
import { writeManifest } from "./manifest.ts";
import { sweepDatasets, whilePreparing } from "./preparing.ts";
import { createShardWriter } from "./shards.ts";

const example = (row: number): Example => ({
  row,
  inputIds: Int32Array.of(1, 2),
  kinds: Uint8Array.of(TokenKind.none, TokenKind.response),
  images: [],
  pixels: new Uint8Array(),
});

let store: Store;
beforeEach(() => {
  store = memoryStore();
  vi.stubGlobal("navigator", { locks: fakeLocks() });
});
afterEach(() => vi.unstubAllGlobals());

/** Writes three rows in two shards; the second one is written with the manifest. */
async function begin(id: string): Promise<{ finish(): Promise<unknown> }> {
  const writer = createShardWriter(store, id, { shardRows: 2 });
  for (let row = 0; row < 3; row++) await writer.append(example(row), `row ${row}`);
  return { finish: async () => writeManifest(store, { id, label: id, ...(await writer.finish()), facts: null }) };
}
const noWait = (): void => undefined;

test.each([
  ["with locks", () => vi.stubGlobal("navigator", { locks: fakeLocks() })],
  ["in Node, which has none", () => vi.stubGlobal("navigator", undefined)],
])("%s: the shards of a killed preparation are removed, whole data sets stay", async (_, place) => {
  place();
  await whilePreparing("whole", noWait, async () => (await begin("whole")).finish());
  // The worker was killed: its lock is gone, its shards are not.
  await begin("half");
  await begin("other half");
  expect(await sweepDatasets(store)).toBe(2);
  expect(await store.keys("dataset/half/")).toEqual([]);
  expect((await openDataset(store, "whole"))!.rows).toBe(3);
  expect(await sweepDatasets(store)).toBe(0);
});

test("what is being written stays, and is whole in the end", async () => {
  const during = await whilePreparing("busy", noWait, async () => {
    const { finish } = await begin("busy");
    await begin("half");
    const swept = await sweepDatasets(store);
    await finish();
    return swept;
  });
  expect(during).toBe(1);
  expect((await openDataset(store, "busy"))!.rows).toBe(3);
  expect(await sweepDatasets(store)).toBe(0);
});

test("a second preparation of the same data waits for the first, and says so", async () => {
  vi.useFakeTimers();
  const order: string[] = [];
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = whilePreparing("a", noWait, async () => {
    order.push("first begins");
    await gate;
    order.push("first ends");
  });
  const second = whilePreparing(
    "a",
    () => order.push("waits"),
    async () => order.push("second begins"),
  );
  await vi.advanceTimersByTimeAsync(2500);
  release();
  await Promise.all([first, second]);
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  expect(order).toEqual(["first begins", "waits", "waits", "first ends", "second begins"]);
});

test("one that fails lets the next one go on", async () => {
  const failing = whilePreparing("a", noWait, () => Promise.reject(new Error("no room")));
  await expect(failing).rejects.toThrow("no room");
  expect(await whilePreparing("a", noWait, async () => "made")).toBe("made");
});
