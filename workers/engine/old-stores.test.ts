/**
 * Stores of earlier versions open, their runs go on to the very adapter, and it chats. Records are taken back by hand to what those
 * versions wrote; that they wrote so was read off stores that their commits made (`node scripts/old-stores.mjs`, which asks them anew).
 */
import { IDBFactory as Factory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createChat } from "../chat/generate.ts";
import type { Example } from "../data/example.ts";
import { openDataset } from "../data/shards/dataset.ts";
import { Arena } from "../gpu/buffers.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import { sealJson, unsealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import { fakeLocks } from "../testing/fake-locks.ts";
import {
  type FinishedRun,
  figuresOf,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { loraSettings } from "../training/plan.ts";
import { listRuns, readRunInfo, savedRun } from "../training/saved/runs.ts";
import { savedModules } from "./adapters.ts";
import { openPageStore } from "./page-store.ts";
import { STORE_NAME } from "./storage-names.ts";

type Json = Record<string, unknown>;

/** How llava-mha's record held the model's sizes up to schema 0, as commit f3a0e43 wrote it. */
const model0 = {
  kind: "llava",
  languageModel: "llama",
  text: {
    ...{ hiddenSize: 64, intermediateSize: 128, numLayers: 2, numHeads: 2, numKvHeads: 2, headSize: 32 },
    ...{ rmsNormEps: 0.00001, ropeTheta: 10000, maxPositions: 2048 },
  },
  vision: {
    ...{ hiddenSize: 128, intermediateSize: 192, numLayers: 3, numHeads: 2, imageSize: 70, patchSize: 14 },
    ...{ layerNormEps: 0.00001, activation: "quick_gelu" },
  },
  ...{ projectorActivation: "gelu", projectorBias: true, visionLayersUsed: 2, featureSelect: "default" },
  ...{ imageTokenId: 1500, padTokenId: 1501, gridPinpoints: [], maxImageTiles: null },
};
const processor0 = { patchSize: 14, featureSelect: "default", additionalImageTokens: 1 };

const without = (record: Json, ...keys: string[]): Json =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));

interface Version {
  name: string;
  /** Which keys it knew. */
  knew(key: string): boolean;
  info(info: Json): Json;
  manifest(manifest: Json): Json;
}

const ofRun = /^run\/[^/]+\/(info|latest|gen\/|log\/)/;
const schema0 = (info: Json): Json => ({
  ...without(info, "schema", "modelConfig", "processor", "inference"),
  model: model0,
  processor: processor0,
});
const shardsOnly = (manifest: Json): Json => without(manifest, "index", "filesId", "positions", "rowTokens", "split");

const versions: Version[] = [
  {
    name: "24 November (b293cf8): no schema, no kind of language model, shards alone",
    knew: (key) => ofRun.test(key) || /^dataset\/[^/]+\/(manifest|shard\/)/.test(key),
    info: (info) => ({ ...schema0(info), model: without(model0, "languageModel") }),
    manifest: shardsOnly,
  },
  {
    name: "27 November (f3a0e43): sizes under names of this program",
    knew: (key) => ofRun.test(key) || /^dataset\/[^/]+\/(manifest|shard\/)/.test(key),
    info: schema0,
    manifest: shardsOnly,
  },
  {
    name: "28 November (f625629): schema 1, without how the model is asked",
    knew: (key) => ofRun.test(key) || /^dataset\/[^/]+\/(manifest|shard\/|sources\/)/.test(key),
    info: (info) => without(info, "inference"),
    manifest: shardsOnly,
  },
  {
    name: "28 November (3969e89): all records of today in the first layout",
    knew: () => true,
    info: (info) => info,
    manifest: (manifest) => manifest,
  },
];

let model: LoadedModel;
let recipe: Recipe;
let whole: FinishedRun;
let question: Example;
/** What the undisturbed run's adapter says to it. */
let said: readonly number[];
/** A run that was stopped after two of four steps. */
const now = memoryStore();

beforeAll(async () => {
  vi.stubGlobal("navigator", { locks: fakeLocks() });
  const golden = await openGolden("llava-mha");
  recipe = recipeWith(golden, "a", {
    ...{ load_in_4bit: true, max_steps: 4, per_device_train_batch_size: 2, gradient_accumulation_steps: 1 },
    ...{ learning_rate: 1e-3, save_steps: 1, data_order: "shuffled" },
  });
  model = await loadGoldenModel(golden, recipe);
  const files = await goldenFiles(golden);
  const undisturbed = memoryStore();
  whole = await runToEnd(model, recipe, {
    store: undisturbed,
    dataset: await goldenDataset(model, undisturbed, files),
  });
  question = (await goldenExamples(golden, model))[0]!;
  said = await answers(undisturbed);
  expect(said.length).toBe(8);
  await runToEnd(model, recipe, { store: now, dataset: await goldenDataset(model, now, files), stopAfter: 2 });
});
afterAll(() => vi.unstubAllGlobals());

/** The browser's database as that version's page left it. */
async function left({ knew, info, manifest }: Version): Promise<void> {
  const request = indexedDB.open(STORE_NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("values");
  await new Promise((resolve) => request.addEventListener("success", resolve));
  const entries: [string, Uint8Array][] = [["self-test/any", new TextEncoder().encode('{"passed":true}')]];
  for (const key of (await now.keys("")).filter(knew)) {
    const bytes = (await now.get(key))!;
    const record = /\/info$/.test(key) ? info : /^dataset\/[^/]+\/manifest$/.test(key) ? manifest : undefined;
    entries.push([key, record ? await sealJson(record((await unsealJson(bytes)) as Json)) : bytes]);
  }
  const table = request.result.transaction("values", "readwrite").objectStore("values");
  for (const [key, bytes] of entries) table.put(bytes, key);
  await new Promise((resolve) => table.transaction.addEventListener("complete", resolve));
  request.result.close();
}

/** What the adapter that lies in `store` answers, on the GPU again by its modules alone. */
async function answers(store: Store): Promise<readonly number[]> {
  const { modules, trained } = await savedModules(store, "golden");
  expect(trained).toEqual([]);
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter = allocateAdapter(arena, model.config, loraSettings(recipe), { training: false });
  const saved = new Map(modules.map((m) => [m.module, m]));
  writeAdapter(model.vlm, adapter, (m) => saved.get(m.module)!);
  const chat = await createChat(model.vlm, adapter, { contextRows: 300, tiles: 1 });
  const { inputIds, images, pixels } = question;
  const options = { maxNewTokens: 8, eosIds: [], temperature: 0, topP: 1, seed: 0 };
  const { ids } = await chat.generate({ inputIds, images, pixels }, true, options);
  await chat.dispose();
  arena.dispose();
  return ids;
}

test.each(versions)("a store of $name", async (version) => {
  vi.stubGlobal("indexedDB", new Factory());
  await left(version);
  const store = await openPageStore();
  expect(await store.keys("self-test/")).toEqual([]);
  expect(await listRuns(store)).toMatchObject([{ id: "golden", step: 2, maxSteps: 4, status: "stopped" }]);
  const info = (await readRunInfo(store, "golden"))!;
  const dataset = (await openDataset(store, info.datasetId))!;
  const second = await runToEnd(model, recipe, { store, dataset, resume: true });
  expect(outcomeOf(second)).toEqual(outcomeOf(whole));
  expect(figuresOf({ records: (await savedRun(store, "golden")).log })).toEqual(figuresOf(whole));
  expect(await answers(store)).toEqual(said);
});
