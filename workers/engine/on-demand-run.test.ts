/** Runs on rows that are prepared when they are asked for: cached or not, cut or not, the same bits. */
import { beforeAll, expect, test } from "vitest";
import { openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import type { RowSupply } from "../data/shards/supply.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import type { Recipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import {
  type FinishedRun,
  figuresOf,
  type Golden,
  goldenFiles,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import type { OddRow } from "../training/events.ts";

let golden: Golden;
let model: LoadedModel;
let recipe: Recipe;

beforeAll(async () => {
  golden = await openGolden("llava-mha");
  recipe = recipeWith(golden, "a", {
    load_in_4bit: true,
    max_steps: 6,
    per_device_train_batch_size: 3,
    data_order: "shuffled",
    learning_rate: 1e-3,
    save_steps: 2,
  });
  model = await loadGoldenModel(golden, recipe);
});

interface Options {
  resume?: boolean;
  stopAfter?: number;
  /** Nothing is kept for longer than it takes to read it. */
  tight?: boolean;
  /** Pictures whose files are cut short. */
  broken?: number;
}

async function run(store: Store, options: Options = {}): Promise<FinishedRun & { supply: RowSupply; odd: OddRow[] }> {
  const { tight = false, broken = 0, ...rest } = options;
  let left = broken;
  const files = (await goldenFiles(golden)).map((file) => {
    if (!/images\/.*png$/.test(file.path) || left === 0) return file;
    left -= 1;
    return { ...file, blob: file.blob.slice(0, file.blob.size - 40) };
  });
  const drop = { files, label: "golden" };
  const settings = { wholeRows: 0, ...(tight ? { budget: 1, leastRows: 2 } : {}) };
  const { info, supply } = await prepareDataset(store, drop, preparationOf(model.preparation), () => {}, settings);
  const dataset = (await openDataset(store, info.id, (rows) => supply!.prepare(rows)))!;
  const odd: OddRow[] = [];
  const finished = await runToEnd(model, recipe, {
    store,
    dataset,
    resume: false,
    ...rest,
    onEvent: (event) => {
      if (event.type === "row") odd.push(event.row);
    },
  });
  return { ...finished, supply: supply!, odd };
}

test("the same bits whether rows are made, cached, let go and made again, or the run is cut and resumed without its cache", async () => {
  const store = memoryStore();
  const made = await run(store);
  expect(made.records.length).toBe(6);
  const cached = await run(store);
  expect([outcomeOf(cached), figuresOf(cached)]).toEqual([outcomeOf(made), figuresOf(made)]);
  const tight = await run(memoryStore(), { tight: true });
  expect(tight.supply.cached.rows).toBe(2);
  expect([outcomeOf(tight), figuresOf(tight)]).toEqual([outcomeOf(made), figuresOf(made)]);

  const cut = memoryStore();
  const first = await run(cut, { stopAfter: 3 });
  await cut.delete((await cut.keys("dataset/")).filter((key) => key.includes("/row/")));
  const second = await run(cut, { resume: true });
  expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(made));
  expect(outcomeOf(second)).toEqual(outcomeOf(made));
});

test("rows that turn out broken are left out of their batches and told once; the run is the same each time", async () => {
  const first = await run(memoryStore(), { broken: 2 });
  const left = first.odd.filter(({ outcome }) => outcome === "left-out");
  expect(left.length).toBe(2);
  expect(left.every(({ message, source }) => message.includes("picture") && source !== "")).toBe(true);
  const store = memoryStore();
  const again = await run(store, { broken: 2, stopAfter: 2 });
  const resumed = await run(store, { broken: 2, resume: true });
  expect(outcomeOf(resumed)).toEqual(outcomeOf(first));
  expect(figuresOf(again).concat(figuresOf(resumed))).toEqual(figuresOf(first));
});
