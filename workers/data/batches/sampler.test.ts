import { describe, expect, test } from "vitest";
import golden from "./fixtures/orders.json";
import { batchPlan, createSampler, epochOrder, type Position } from "./sampler.ts";

const sorted = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b);

describe.each(golden.runs)("golden run $name", (run) => {
  const options = { ...run, order: "huggingface" as const, shardSizes: [run.rows] };

  test("has the epoch orders of the Python run", () => {
    expect(run.epochOrders.map((_, epoch) => [...epochOrder(options, epoch)])).toEqual(run.epochOrders);
  });

  test("has the micro-batches of the Python run, and so has a run resumed at any step", () => {
    const plan = createSampler(options);
    let position: Position = { epoch: 0, index: 0 };
    run.steps.forEach((rows) => {
      expect(createSampler(options)(position).microBatches).toEqual(rows);
      const step = plan(position);
      expect(step.microBatches).toEqual(rows);
      position = step.next;
    });
  });
});

describe("the shuffled order", () => {
  const shardSizes = [5, 3, 7, 4, 6, 2, 8, 5, 3, 1];
  const rows = 44;
  const options = { rows, order: "shuffled" as const, seed: 7, shardSizes };
  const shardOf = shardSizes.flatMap((size, shard) => Array<number>(size).fill(shard));

  test("is a permutation, the same again under the same seed and epoch, another under another", () => {
    const order = epochOrder(options, 0);
    expect(sorted(order)).toEqual([...Array(rows).keys()]);
    expect(epochOrder(options, 0)).toEqual(order);
    expect(epochOrder(options, 1)).not.toEqual(order);
    expect(epochOrder({ ...options, seed: 8 }, 0)).not.toEqual(order);
  });

  test("visits at most 4 shards at a time and never comes back to one", () => {
    const visited = [...epochOrder(options, 3)].map((row) => shardOf[row]!);
    const done = new Set<number>();
    let at = 0;
    while (at < rows) {
      const window = new Set<number>();
      while (at < rows && (window.size < 4 || window.has(visited[at]!))) window.add(visited[at++]!);
      for (const shard of window) expect(done.has(shard)).toBe(false);
      for (const shard of window) done.add(shard);
    }
  });

  test("mixes: over 300 epochs every row comes first about equally often in one shard", () => {
    const first = new Array<number>(5).fill(0);
    for (let epoch = 0; epoch < 300; epoch++)
      first[epochOrder({ ...options, rows: 5, shardSizes: [5] }, epoch)[0]!]! += 1;
    for (const count of first) expect(Math.abs(count - 60)).toBeLessThan(30);
  });

  test("refuses shards that do not add up", () => {
    expect(() => epochOrder({ ...options, rows: 43 }, 0)).toThrow("The shards hold 44 rows, not 43.");
  });
});

test("the sequential order is the file order in every epoch", () => {
  const options = { rows: 3, order: "sequential" as const, seed: 1, shardSizes: [3] };
  expect([...epochOrder(options, 5)]).toEqual([0, 1, 2]);
});

test("the rows of an optimizer step do not depend on how it is split", () => {
  const order = epochOrder({ rows: 19, order: "huggingface", seed: 3, shardSizes: [19] }, 0);
  for (const index of [0, 8, 16]) {
    const splits = [
      [8, 1],
      [4, 2],
      [2, 4],
      [1, 8],
    ].map(([batchSize, accumulation]) => batchPlan(order, { epoch: 0, index }, batchSize!, accumulation!));
    for (const split of splits) {
      expect(split.microBatches.flat()).toEqual([...order.subarray(index, index + 8)]);
      expect(split.next).toEqual(splits[0]!.next);
    }
  }
});

test("the last batch and the last window of an epoch are smaller; the next epoch begins with a whole one", () => {
  const plan = createSampler({ rows: 7, order: "sequential", seed: 0, shardSizes: [7], batchSize: 2, accumulation: 2 });
  const first = plan({ epoch: 0, index: 0 });
  const second = plan(first.next);
  expect(second.microBatches).toEqual([[4, 5], [6]]);
  expect(second.next).toEqual({ epoch: 1, index: 0 });
});

test("a place outside the data set is refused", () => {
  expect(() => batchPlan([0, 1], { epoch: 0, index: 2 }, 1, 1)).toThrow("outside the 2 rows");
});
