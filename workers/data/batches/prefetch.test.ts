import { expect, test } from "vitest";
import type { Example } from "../example.ts";
import { createPrefetch } from "./prefetch.ts";
import { createSampler } from "./sampler.ts";

const exampleOf = (row: number): Example => ({
  row,
  inputIds: new Int32Array(1),
  kinds: new Uint8Array(1),
  images: [],
  pixels: new Uint8Array(0),
});
const plan = createSampler({ rows: 10, order: "sequential", seed: 0, shardSizes: [10], batchSize: 2, accumulation: 2 });

test("hands out the planned examples and has read the next step's already", async () => {
  const reads: number[] = [];
  const load = createPrefetch(plan, {
    read: async (row) => {
      reads.push(row);
      return exampleOf(row);
    },
  });
  const first = await load({ epoch: 0, index: 0 });
  expect(first.microBatches.map((batch) => batch.map((e) => e.row))).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(reads).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const second = await load(first.next);
  expect(second.microBatches.flat().map((e) => e.row)).toEqual([4, 5, 6, 7]);
  expect(reads.slice(8)).toEqual([8, 9]);
});

test("reads no more than the bound ahead", async () => {
  const reads: number[] = [];
  const read = async (row: number) => {
    reads.push(row);
    return exampleOf(row);
  };
  const coming: number[][] = [];
  const soon = (rows: number[]) => void coming.push(rows);
  const load = createPrefetch(plan, { read, soon }, 3);
  const first = await load({ epoch: 0, index: 0 });
  expect(reads).toEqual([0, 1, 2, 3, 4, 5, 6]);
  // The step after the next one ends the epoch: two rows of it, and one of the next epoch.
  expect(coming).toEqual([[8, 9, 0]]);
  await load(first.next);
  expect(reads.slice(7, 8)).toEqual([7]);
});

test("a step elsewhere than expected is read afresh", async () => {
  const load = createPrefetch(plan, { read: async (row) => exampleOf(row) });
  await load({ epoch: 0, index: 0 });
  const step = await load({ epoch: 1, index: 8 });
  expect(step.microBatches.flat().map((e) => e.row)).toEqual([8, 9]);
});

test("a row that cannot be read fails the step that needs it, not the one before", async () => {
  const load = createPrefetch(plan, {
    read: async (row) => {
      if (row === 5) throw new Error("row 5 is broken");
      return exampleOf(row);
    },
  });
  const first = await load({ epoch: 0, index: 0 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  await expect(load(first.next)).rejects.toThrow("row 5 is broken");
});

test("a row that cannot be used leaves its batch one row smaller, and nothing else changes", async () => {
  const load = createPrefetch(plan, { read: async (row) => (row === 1 || row === 6 ? undefined : exampleOf(row)) });
  const first = await load({ epoch: 0, index: 0 });
  expect(first.microBatches.map((batch) => batch.map((e) => e.row))).toEqual([[0], [2, 3]]);
  const second = await load(first.next);
  expect(second.microBatches.map((batch) => batch.map((e) => e.row))).toEqual([[4, 5], [7]]);
  expect(second.next).toEqual({ epoch: 0, index: 8 });
});

test("a micro-batch or a step without a row that can be used is passed over; an epoch without one is an error", async () => {
  const load = createPrefetch(plan, { read: async (row) => (row < 6 ? undefined : exampleOf(row)) });
  const step = await load({ epoch: 0, index: 0 });
  expect(step).toMatchObject({ microBatches: [[{ row: 6 }, { row: 7 }]], next: { epoch: 0, index: 8 } });
  const none = createPrefetch(plan, { read: async () => undefined });
  await expect(none({ epoch: 0, index: 4 })).rejects.toMatchObject({ code: "no-rows" });
});
