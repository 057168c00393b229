/**
 * A store as the version of 2026-11-28 (before run records had a schema number) left it when it was stopped at step 2 of 4: it still
 * resumes, is downloaded and chats. fixtures/saved-run/store.zip: one file a key of the store, all-linear LoRA on
 * own-next; made once by that version and never again.
 */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { beforeEach, expect, test } from "vitest";
import { openDataset } from "../data/shards/dataset.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import { hashOf, loadGoldenModel, openGolden, runToEnd } from "../testing/golden.ts";
import { listRuns, readRunInfo, savedRun } from "../training/saved/runs.ts";
import { adapterBundle, loadAdapterOf, savedModules } from "./adapters.ts";

/**
 * What that version's own adapter was after 2 steps, and what it becomes in 2 more. That is of today's arithmetic: f253662 changed the
 * order of sums in the tower's attention, until then it was 9dfe0cef….
 */
const atStep = {
  2: "d4ed490f0742a00cdaced3b5324dbf61ea67262094bce56527f3a770312bfcab",
  4: "de18cf57f6e61985e08c899a15d1e5e837534e51b6848fcb57ff86939216bd57",
};

let store: Store;
beforeEach(async () => {
  store = memoryStore();
  const zip = readFileSync(new URL("../testing/goldens/saved-run/store.zip", import.meta.url));
  await store.set(Object.entries(unzipSync(zip)), "relaxed");
});

test("its record is read under the names of config.json", async () => {
  const files = await openGolden("own-next");
  const said = JSON.parse(readFileSync(`${files.modelFolder}/config.json`, "utf8"));
  const { modelConfig } = (await readRunInfo(store, "saved"))!;
  expect(modelConfig).toMatchObject({ model_type: said.model_type, image_grid_pinpoints: said.image_grid_pinpoints });
  expect(modelConfig.text_config).toMatchObject({ hidden_size: said.text_config.hidden_size });
  expect(await listRuns(store)).toMatchObject([{ id: "saved", step: 2, maxSteps: 4, status: "stopped" }]);
});

test("its adapter is the one that was saved, and can be downloaded without its model", async () => {
  expect(hashOf((await savedModules(store, "saved")).modules)).toBe(atStep[2]);
  expect((await adapterBundle(store, "saved")).size).toBeGreaterThan(10_000);
});

test("it goes on as any run does, to the very bytes, and its adapter goes back on the model", async () => {
  const { recipe, info } = await savedRun(store, "saved");
  const model = await loadGoldenModel(await openGolden("own-next"), recipe);
  expect(model.id).toBe(info.modelId);
  const { adapter } = await loadAdapterOf(store, model, { runId: "saved" });
  expect(adapter.params.length).toBeGreaterThan(0);
  const dataset = (await openDataset(store, info.datasetId))!;
  const run = await runToEnd(model, recipe, { store, dataset, runId: "saved", resume: true });
  expect(run.records.map(({ step }) => step)).toEqual([3, 4]);
  expect(hashOf(run.adapter)).toBe(atStep[4]);
});
