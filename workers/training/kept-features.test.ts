/**
 * Runs that keep the features of their pictures are the runs that compute them in every step, to the bit: losses, gradients, adapters
 * and moments; from memory, from storage, after a resume, after damage, and where the budgets are too small.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Dataset } from "../data/shards/dataset.ts";
import { type FeatureCounts, featuresPrefix, tilesOfName } from "../models/kept/feature-cache.ts";
import { featureWords } from "../models/kept/feature-words.ts";
import type * as KeptFeatures from "../models/kept/kept-features.ts";
import type * as MemoryPlan from "../models/memory-plan.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import { sealBytes, unsealBytes } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import {
  figuresOf,
  type GoldenCase,
  goldenDataset,
  goldenFiles,
  loadGoldenModel,
  openGoldenRun,
  outcomeOf,
  runToEnd,
} from "../testing/golden.ts";
import type { RunOptions } from "./open-run.ts";

/**
 * They are read a tile at a time, and layers share their memory, as of a large model: what is read late must not be what the language
 * model made of the place.
 */
vi.mock("../models/kept/kept-features.ts", async (original) => {
  const real = await original<typeof KeptFeatures>();
  const allocateReading: typeof real.allocateReading = (alloc, config, _, stage) =>
    real.allocateReading(alloc, config, 1, stage);
  return { ...real, allocateReading };
});

vi.mock("../models/memory-plan.ts", async (original) => {
  const real = await original<typeof MemoryPlan>();
  const policy = { precision: "f16", keptLayers: 0 } as const;
  const planMemory: typeof real.planMemory = (request) => real.planMemory({ ...request, policy });
  return { ...real, planMemory };
});

/** Of two rows each: two rounds over the pictures and a half, so that features are made, and read more often than that. */
const STEPS = 5;

async function opened(name: GoldenCase, changes: Record<string, unknown> = {}) {
  const run = await openGoldenRun(name, "a", {
    ...{ max_steps: STEPS, per_device_train_batch_size: 2, gradient_accumulation_steps: 1, save_steps: 100 },
    ...{ data_order: "sequential", load_in_4bit: false },
    ...changes,
  });
  return { ...run, dataset: firstRows(run.dataset, 4) };
}

/** A data set's first rows: their pictures come round quickly. */
const firstRows = (all: Dataset, rows: number): Dataset => ({ ...all, rows, parts: [{ rows }] });

interface Case {
  model: LoadedModel;
  recipe: Recipe;
  store: Store;
  dataset: Dataset;
}

async function run(
  { model, recipe, store, dataset }: Case,
  options: Partial<RunOptions> & { gradientsOf?: number[] } = {},
) {
  let counts: FeatureCounts | undefined;
  const { counters } = model.vlm;
  const steps: { dispatches: number; created: number; written: number; read: number }[] = [];
  const now = () => ({
    dispatches: counters.dispatches,
    created: counters.buffersCreated + counters.bindGroupsCreated + counters.pipelinesCreated,
    written: counters.bytesWritten,
    read: counters.bytesRead,
  });
  let before = now();
  const finished = await runToEnd(model, recipe, {
    dataset,
    store,
    gradientsOf: [1, recipe.maxSteps],
    onEvent: (event) => {
      if (event.type === "features") counts = event.counts;
      if (event.type !== "step") return;
      const after = now();
      steps.push({
        dispatches: after.dispatches - before.dispatches,
        created: after.created - before.created,
        written: after.written - before.written,
        read: after.read - before.read,
      });
      before = after;
    },
    ...options,
  });
  const { gradients } = finished;
  const outcome = { ...outcomeOf(finished), figures: figuresOf(finished), gradients };
  finished.live.arena.dispose();
  return { outcome, counts: counts!, steps };
}

describe.each<[GoldenCase, Record<string, unknown>]>([
  ["llava-mha", {}],
  ["llava-mha", { modules_to_save: ["multi_modal_projector"] }],
  ["llava-next-mistral", { load_in_4bit: true, quantize_modules: ["vision_tower"] }],
  ["smolvlm", {}],
  ["onevision", {}],
  ["qwen3-vl", {}],
])("%s %j", (name, changes) => {
  let of: Awaited<ReturnType<typeof opened>>;
  let plain: Awaited<ReturnType<typeof run>>;

  beforeAll(async () => {
    of = await opened(name, changes);
    plain = await run(of, { features: false });
  });

  test("a run is the same with features kept, and with those of the run before", async () => {
    expect(plain.counts).toBeUndefined();
    const store = of.store;
    const kept = await run(of);
    expect(kept.outcome).toEqual(plain.outcome);
    expect(kept.counts.read).toBeGreaterThan(kept.counts.made);
    expect(kept.counts).toMatchObject({ again: 0, beyond: 0, trouble: "" });
    const keys = await store.keys(featuresPrefix(of.dataset.manifest.id));
    // Of pictures at free size the tiles of one lie together.
    expect(keys.reduce((sum, key) => sum + tilesOfName(key), 0)).toBe(kept.counts.tiles);
    // Once all pictures were seen a step makes nothing on the GPU, leaves the tower out, and reads no features back.
    // What is new is read back beside the steps, a part of it in the step after.
    const [, first] = kept.steps as [unknown, (typeof kept.steps)[0]];
    const seen = kept.steps.at(-1)!;
    expect(kept.steps.slice(2).map(({ created }) => created)).toEqual(Array(STEPS - 2).fill(0));
    expect(seen.dispatches).toBeLessThan(0.9 * first.dispatches);
    expect(seen.read).toBeLessThan(first.read);

    // Nothing in memory, everything through storage.
    const throughStorage = await run(of, { features: { memoryBytes: 0 } });
    expect(throughStorage.outcome).toEqual(plain.outcome);
    expect(throughStorage.counts).toMatchObject({ made: 0, again: 0, tiles: kept.counts.tiles });
  });
});

/** A round over all pictures. */
const ROUND = { stopAfter: 2, gradientsOf: [] };

describe("storage that is not as it was left", () => {
  let of: Awaited<ReturnType<typeof opened>>;
  let plain: Awaited<ReturnType<typeof run>>;
  let keys: string[];

  beforeAll(async () => {
    of = await opened("llava-mha");
    plain = await run(of, { features: false });
    await run(of);
    keys = await of.store.keys(featuresPrefix(of.dataset.manifest.id));
    expect(keys.length).toBeGreaterThan(2);
  });

  /** One entry's features with a bit turned, under the hash that belongs to them or under the old one. */
  async function turnBit(key: string, isSealed: boolean): Promise<void> {
    const sealed = (await of.store.get(key))!;
    const bytes = (await unsealBytes(sealed))!.slice();
    bytes[8]! ^= 1;
    if (!isSealed) sealed.set(bytes, sealed.length - bytes.length);
    await of.store.set([[key, isSealed ? await sealBytes(bytes) : sealed]], "relaxed");
  }

  test("a damaged entry is made anew and told", async () => {
    await turnBit(keys[1]!, false);
    const after = await run(of);
    expect(after.outcome).toEqual(plain.outcome);
    expect(after.counts).toMatchObject({ again: 1, made: 1, tiles: keys.length });
    expect(featureWords(after.counts)).toContain("1 tile had been kept damaged");
    // From storage into memory, and from there.
    const whole = await run(of);
    expect(whole.outcome).toEqual(plain.outcome);
    expect(whole.counts).toMatchObject({ again: 0, made: 0 });
  });

  test("features that this GPU computes otherwise are found out before one is used", async () => {
    for (const key of keys) await turnBit(key, true);
    const after = await run(of);
    expect(after.outcome).toEqual(plain.outcome);
    expect(after.counts).toMatchObject({ again: keys.length, tiles: keys.length });
    expect((await run(of, ROUND)).counts).toMatchObject({ again: 0, made: 0 });
  });

  test("another model reads nothing of them, though its rows are the same", async () => {
    const recipe: Recipe = { ...of.recipe, loadIn4bit: true, quantizeModules: ["vision_tower"] };
    const other = { ...of, recipe, model: await loadGoldenModel(of.golden, recipe) };
    const short = { stopAfter: 3, gradientsOf: [1, 3] };
    const [alone, beside] = [await run(other, { ...short, features: false }), await run(other, short)];
    expect(beside.outcome).toEqual(alone.outcome);
    expect(beside.outcome.figures).not.toEqual(plain.outcome.figures.slice(0, 3));
    expect(beside.counts).toMatchObject({ made: keys.length, again: 0, tiles: keys.length });
    expect((await of.store.keys(featuresPrefix(of.dataset.manifest.id))).length).toBe(2 * keys.length);
  });

  test("a resumed run reads what the first part left", async () => {
    const store = memoryStore();
    const dataset = firstRows(await goldenDataset(of.model, store, await goldenFiles(of.golden)), 4);
    const own = { ...of, store, dataset };
    await run(own, { stopAfter: 3, gradientsOf: [] });
    const rest = await run(own, { resume: true });
    const { figures, gradients: _, ...end } = rest.outcome;
    expect(end).toEqual({
      adapter: plain.outcome.adapter,
      firstMoments: plain.outcome.firstMoments,
      secondMoments: plain.outcome.secondMoments,
    });
    expect(figures).toEqual(plain.outcome.figures.slice(3));
    expect(rest.counts).toMatchObject({ made: 0, again: 0 });
  });
});

test.each([
  ["a frozen connector", {}],
  ["a connector that learns", { modules_to_save: ["multi_modal_projector"] }],
])("budgets that take some of the pictures: passes of known and unknown ones, %s", async (_, changes) => {
  // A step is a round.
  const of = await opened("llava-next-mistral", { ...changes, max_steps: 3, per_device_train_batch_size: 4 });
  const plain = await run(of, { features: false });
  const whole = await run({ ...of, store: memoryStore() }, ROUND);
  const each = whole.counts.bytes / whole.counts.tiles;
  const tight = { memoryBytes: 0, budget: Math.floor(whole.counts.tiles / 2) * each };
  const after = await run({ ...of, store: memoryStore() }, { features: tight });
  expect(after.outcome).toEqual(plain.outcome);
  const { tiles, beyond, bytes } = after.counts;
  expect(tiles).toBe(Math.floor(whole.counts.tiles / 2));
  expect(beyond).toBe(whole.counts.tiles - tiles);
  expect(bytes).toBeLessThanOrEqual(tight.budget);
});

test("with an adapter on the tower nothing is kept", async () => {
  const of = await opened("llava-mha", { target_modules: "all-linear" });
  const { counts } = await run(of, { stopAfter: 1, gradientsOf: [] });
  expect(counts).toBeUndefined();
  expect(await of.store.keys(featuresPrefix(of.dataset.manifest.id))).toEqual([]);
});
