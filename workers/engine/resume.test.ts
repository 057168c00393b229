/** Runs from files to checkpoints: the same seed twice, cut and resumed, stopped by the user, files in another order. */
import { beforeAll, expect, test } from "vitest";
import { TabTuneError } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import {
  type FinishedRun,
  figuresOf,
  type Golden,
  goldenDataset,
  goldenFiles,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { newControl } from "../training/loop.ts";
import { generationsOf } from "../training/saved/format.ts";
import { listRuns, savedRun } from "../training/saved/runs.ts";
import { savedModules } from "./adapters.ts";

let golden: Golden;
let model: LoadedModel;
let recipe: Recipe;

beforeAll(async () => {
  golden = await openGolden("llava-mha");
  // Eleven of twelve rows an epoch are an odd number of steps: the resumed run begins in the middle of the second one.
  recipe = recipeWith(golden, "a", {
    load_in_4bit: true,
    max_steps: 4,
    per_device_train_batch_size: 3,
    gradient_accumulation_steps: 2,
    data_order: "shuffled",
    learning_rate: 1e-3,
    lr_scheduler_type: "cosine",
    warmup_steps: 1,
    save_steps: 3,
  });
  model = await loadGoldenModel(golden, recipe);
});

async function run(
  store: Store,
  options: { resume?: boolean; stopAfter?: number; reverse?: boolean; model?: LoadedModel },
) {
  const files = await goldenFiles(golden);
  const dataset = await goldenDataset(model, store, options.reverse ? files.toReversed() : files);
  return runToEnd(options.model ?? model, recipe, {
    store,
    dataset,
    resume: options.resume ?? false,
    ...(options.stopAfter ? { stopAfter: options.stopAfter } : {}),
  });
}

let whole: FinishedRun;
const wholeStore = memoryStore();

test("the same seed twice gives bitwise the same adapter, moments and log, in whatever order the files come", async () => {
  whole = await run(wholeStore, {});
  const again = await run(memoryStore(), { reverse: true });
  expect(figuresOf(again)).toEqual(figuresOf(whole));
  expect(outcomeOf(again)).toEqual(outcomeOf(whole));
  expect(whole.records.map((r) => r.step)).toEqual([1, 2, 3, 4]);
  expect(new Set(whole.records.map((r) => r.loss)).size).toBe(4);
});

test("cut after two steps and resumed by a new process: bitwise the run that was not cut", async () => {
  const store = memoryStore();
  const first = await run(store, { stopAfter: 2 });
  expect(first.records.length).toBe(2);
  expect((await listRuns(store))[0]).toMatchObject({ status: "stopped", step: 2 });
  // Nothing is carried over but the store: another model object, another adapter.
  const fresh = await loadGoldenModel(golden, recipe);
  const second = await run(store, { resume: true, model: fresh });
  expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(whole));
  expect(outcomeOf(second)).toEqual(outcomeOf(whole));
  const logged = (await savedRun(store, "golden")).log;
  expect(figuresOf({ records: logged })).toEqual(figuresOf(whole));
  expect((await listRuns(store))[0]).toMatchObject({ status: "done", step: 4 });
});

test("stop and save, then resume, ends in the same place", async () => {
  const store = memoryStore();
  const dataset = await goldenDataset(model, store, await goldenFiles(golden));
  const control = newControl();
  const states: string[] = [];
  const stopped = await runToEnd(model, recipe, {
    store,
    dataset,
    control,
    onEvent: (event) => {
      if (event.type === "step" && event.record.step === 1) control.set({ stop: true });
      if (event.type === "state") states.push(event.state);
    },
  });
  expect(states).toEqual(["preparing", "compiling", "training", "saving", "training", "stopped"]);
  const resumed = await runToEnd(model, recipe, { store, dataset, resume: true });
  expect(resumed.records[0]!.step).toBe(2);
  expect(outcomeOf(resumed)).toEqual(outcomeOf(whole));
  expect(stopped.adapter).not.toEqual(resumed.adapter);
});

test("a run that never saved starts over when it is resumed", async () => {
  const store = memoryStore();
  const dataset = await goldenDataset(model, store, await goldenFiles(golden));
  const died = runToEnd(model, recipe, {
    store,
    dataset,
    onEvent: (event) => {
      if (event.type === "step") throw new Error("the tab was closed");
    },
  });
  await expect(died).rejects.toThrow("the tab was closed");
  expect(outcomeOf(await runToEnd(model, recipe, { store, dataset, resume: true }))).toEqual(outcomeOf(whole));
});

test("a run that was cut off behind its last checkpoint has its end when it is resumed", async () => {
  const store = memoryStore();
  const dataset = await goldenDataset(model, store, await goldenFiles(golden));
  const died = runToEnd(model, recipe, {
    store,
    dataset,
    onEvent: (event) => {
      if (event.type === "checkpoint" && event.phase === "written" && event.step === 4)
        throw new Error("the tab was closed");
    },
  });
  await expect(died).rejects.toThrow("the tab was closed");
  expect((await listRuns(store))[0]).toMatchObject({ status: "interrupted", step: 4 });
  const ended = await runToEnd(model, recipe, { store, dataset, resume: true });
  expect(ended.records).toEqual([]);
  expect(outcomeOf(ended)).toEqual(outcomeOf(whole));
  expect((await listRuns(store))[0]).toMatchObject({ status: "done", step: 4 });
});

test("cut off behind its last checkpoint, before the older ones had gone: it ends, and they go", async () => {
  const inner = memoryStore();
  let saves = 0;
  const dying: Store = {
    ...inner,
    async set(entries, durability) {
      if (entries.some(([key]) => key.endsWith("/latest"))) saves += 1;
      await inner.set(entries, durability);
    },
    async delete(keys) {
      if (saves === 4) throw new Error("killed");
      await inner.delete(keys);
    },
  };
  const often = { ...recipe, saveSteps: 1 };
  const dataset = await goldenDataset(model, inner, await goldenFiles(golden));
  await expect(runToEnd(model, often, { store: dying, dataset })).rejects.toThrow("killed");
  expect([...(await generationsOf(inner, "golden")).keys()]).toEqual([2, 3, 4]);
  const resumed = await runToEnd(model, often, { store: inner, dataset, resume: true });
  expect(resumed.records).toEqual([]);
  expect((await listRuns(inner))[0]).toMatchObject({ status: "done", step: 4 });
  expect([...(await generationsOf(inner, "golden")).keys()]).toEqual([3, 4]);
});

test("storage that is gone before a run has begun: nothing is called rescued that is not whole", async () => {
  const store = memoryStore();
  const anew = memoryStore();
  const dataset = await goldenDataset(model, store, await goldenFiles(golden));
  const gone = new TabTuneError("storage-gone", "The browser closed this site's storage.", "Reload the page.");
  const refusing: Store = { ...store, set: () => Promise.reject(gone) };
  await expect(runToEnd(model, recipe, { store: refusing, dataset, reopenStore: async () => anew })).rejects.toBe(gone);
  expect(await anew.keys("")).toEqual([]);
});

test("storage that the browser clears under a run: the run is written anew, and goes on with the same files", async () => {
  const cleared = memoryStore();
  const anew = memoryStore();
  const dataset = await goldenDataset(model, cleared, await goldenFiles(golden));
  const gone = new TabTuneError("storage-gone", "The browser closed this site's storage.", "Reload the page.");
  let isGone = false;
  const refusing = new Proxy(cleared, {
    get(store, name: keyof Store) {
      if (isGone && name !== "close") return () => Promise.reject(gone);
      return store[name].bind(store);
    },
  });
  const died = runToEnd(model, recipe, {
    store: refusing,
    dataset,
    reopenStore: async () => anew,
    onEvent: (event) => {
      // Behind the checkpoint of step 3, in front of that of step 4.
      isGone ||= event.type === "step" && event.record.step === 4;
    },
  });
  await expect(died).rejects.toMatchObject({ code: "storage-gone", safe: expect.stringMatching(/after step 4/) });
  expect((await listRuns(anew))[0]).toMatchObject({ status: "interrupted", step: 4, maxSteps: 4 });
  expect(figuresOf({ records: (await savedRun(anew, "golden")).log })).toEqual(figuresOf(whole));
  const again = await goldenDataset(model, anew, await goldenFiles(golden));
  expect(again.manifest.id).toBe(dataset.manifest.id);
  expect(outcomeOf(await runToEnd(model, recipe, { store: anew, dataset: again, resume: true }))).toEqual(
    outcomeOf(whole),
  );
});

test("all that can learn at once, with dropout: cut and resumed it is bitwise the run that was not cut", async () => {
  const wide = recipeWith(golden, "a", {
    load_in_4bit: true,
    max_steps: 3,
    per_device_train_batch_size: 2,
    gradient_accumulation_steps: 1,
    learning_rate: 1e-3,
    target_modules: "all-linear",
    lora_dropout: 0.1,
    modules_to_save: ["multi_modal_projector"],
  });
  const start = async (store: Store, options: { resume?: boolean; stopAfter?: number }) => {
    const dataset = await goldenDataset(model, store, await goldenFiles(golden));
    return runToEnd(model, wide, { store, dataset, resume: false, ...options });
  };
  const uncutStore = memoryStore();
  const uncut = await start(uncutStore, {});
  const store = memoryStore();
  const first = await start(store, { stopAfter: 1 });
  const second = await start(store, { resume: true });
  expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(uncut));
  expect(outcomeOf(second)).toEqual(outcomeOf(uncut));
  const kept = await savedModules(store, "golden");
  expect(kept.trained).toEqual((await savedModules(uncutStore, "golden")).trained);
  expect(kept.trained.map(({ name }) => name)).toContain("multi_modal_projector.linear_2.bias");
}, 60_000);
