/**
 * Which rows an optimizer step sees. Everything is a pure function of (seed, epoch, index), so the whole state of the sampler in
 * a checkpoint is a `Position`. Batches and accumulation windows end with the epoch: its last ones may be smaller, as
 * accelerate's sampler and transformers' Trainer have it.
 */
import { TabTuneError } from "../../errors.ts";
import { randperm } from "../../random/mt19937.ts";
import { philox, Stream } from "../../random/philox.ts";
import { firstsOf } from "../index/row-index.ts";

export interface Position {
  /** From 0. */
  epoch: number;
  /** Rows of this epoch's order already used; always less than the number of rows. */
  index: number;
}

export interface OrderOptions {
  /** Rows are numbered 0 … rows - 1 in file order. */
  rows: number;
  order: "shuffled" | "sequential" | "huggingface";
  seed: number;
  /** Rows of each shard, in order; their sum is `rows`. Read by "shuffled" only. */
  shardSizes: readonly number[];
}

export interface SamplerOptions extends OrderOptions {
  /** Rows of a micro-batch. */
  batchSize: number;
  /** Micro-batches of an optimizer step. */
  accumulation: number;
}

export interface StepPlan {
  /** Row numbers of each micro-batch. */
  microBatches: number[][];
  /** Where the next step begins. */
  next: Position;
}

/** Shards whose rows are mixed with each other: wide enough to mix, narrow enough to stay in the reader's cache. */
const WINDOW = 4;

/**
 * [rows] the order of one epoch. "huggingface": torch.randperm under seed + epoch. "shuffled": shards in a random order, then
 * rows at random inside each window of 4 shards, so that a step touches a few megabytes and not the whole data set.
 */
export function epochOrder(options: OrderOptions, epoch: number): Uint32Array {
  const { rows, order, seed, shardSizes } = options;
  if (rows < 1) throw new TabTuneError("no-rows", "There are no rows to train on.", "Add training data.");
  if (order === "huggingface") return randperm(rows, seed + epoch);
  const ids = Uint32Array.from({ length: rows }, (_, i) => i);
  if (order === "sequential") return ids;

  const firsts = firstsOf(shardSizes);
  const counted = (firsts.at(-1) ?? 0) + (shardSizes.at(-1) ?? 0);
  if (counted !== rows) {
    throw new TabTuneError("internal", `The shards hold ${counted} rows, not ${rows}.`, "Prepare the data again.");
  }
  const draw = drawer(seed, epoch);
  const shards = shuffle(Uint32Array.from(shardSizes.keys()), draw);
  let at = 0;
  for (let from = 0; from < shards.length; from += WINDOW) {
    const begin = at;
    for (const shard of shards.subarray(from, from + WINDOW)) {
      for (let k = 0; k < shardSizes[shard]!; k++) ids[at++] = firsts[shard]! + k;
    }
    shuffle(ids.subarray(begin, at), draw);
  }
  return ids;
}

/** Whole numbers below `n`, one after the other; the bias of the scaling is below n / 2^32. */
function drawer(seed: number, epoch: number): (n: number) => number {
  let block = 0;
  let words: number[] = [];
  return (n) => {
    if (words.length === 0) words = philox([block++, epoch, 0, 0], [seed, Stream.shuffle]);
    return Math.floor((words.pop()! / 2 ** 32) * n);
  };
}

/** Fisher-Yates, in place. */
function shuffle(ids: Uint32Array, draw: (n: number) => number): Uint32Array {
  for (let i = ids.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    const id = ids[i]!;
    ids[i] = ids[j]!;
    ids[j] = id;
  }
  return ids;
}

/** The optimizer step that begins at `position` of an epoch with this `order`. */
export function batchPlan(
  order: ArrayLike<number>,
  position: Position,
  batchSize: number,
  accumulation: number,
): StepPlan {
  const rows = order.length;
  if (!(position.index >= 0 && position.index < rows)) {
    throw new TabTuneError(
      "internal",
      `The sampler's place ${position.index} lies outside the ${rows} rows of the data set.`,
      "Resume with the data set that the run began with.",
    );
  }
  const end = Math.min(rows, position.index + batchSize * accumulation);
  const microBatches: number[][] = [];
  for (let from = position.index; from < end; from += batchSize) {
    microBatches.push(Array.from({ length: Math.min(batchSize, end - from) }, (_, k) => order[from + k]!));
  }
  const next = end === rows ? { epoch: position.epoch + 1, index: 0 } : { epoch: position.epoch, index: end };
  return { microBatches, next };
}

/** `batchPlan` with the order of the last two epochs kept, because the next step is planned while this one runs. */
export function createSampler(options: SamplerOptions): (position: Position) => StepPlan {
  const kept = new Map<number, Uint32Array>();
  return (position) => {
    let order = kept.get(position.epoch);
    if (order === undefined) {
      order = epochOrder(options, position.epoch);
      kept.set(position.epoch, order);
      for (const epoch of kept.keys()) if (Math.abs(epoch - position.epoch) > 1) kept.delete(epoch);
    }
    return batchPlan(order, position, options.batchSize, options.accumulation);
  };
}
