/** The figures of the catalogue are computed here from the shapes that the published checkpoints have. */

import { describe, expect, test } from "vitest";
import { Planner } from "../../gpu/buffers.ts";
import { asTheCheckpointSays } from "../../models/family.ts";
import { loadingPlan } from "../../models/load.ts";
import { BASELINE_BINDING_BYTES } from "../../models/parts/head-weights.ts";
import { configOf, modelOf, published, publishedPictures, publishedTensors } from "../../models/published.ts";
import { parseConfig } from "../../models/registry.ts";
import { allocateWeights } from "../../models/weights.ts";
import { practical, USUAL_MAX_PIXELS } from "../../recipe.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
import { pictureWorkOf } from "../../training/picture-work.ts";
import { onModel, usualMaxLength } from "../../training/plan.ts";
import { dtypeBytes } from "../formats/dtype.ts";
import { loadCost } from "../loading/quantised-cache.ts";
import catalogue from "./catalogue.json" with { type: "json" };
import { filesFromDirectory } from "./fs-files.ts";
import { type Checkpoint, openCheckpoint } from "./model-files.ts";

describe.each([...published.keys()])("%s", (repo) => {
  const shapes = publishedTensors(repo);
  let at = 0;
  const tensors = new Map(
    [...shapes].map(([name, { dtype, shape }]) => {
      const start = at;
      at += shape.reduce((product, size) => product * size, dtypeBytes[dtype]);
      return [name, { name, dtype, shape, file: "model.safetensors", start, end: at }];
    }),
  );

  test("figures", async () => {
    const config = configOf(repo);
    const planner = new Planner();
    const quant = {
      type: "nf4",
      blockSize: 64,
      doubleQuant: false,
      modules: ["language_model"] as "language_model"[],
    } as const;
    const settings = { ...quant, modules: [...quant.modules] };
    const { fills, parameters } = allocateWeights(planner, config, tensors, settings);
    expect(planner.largest.bytes).toBeLessThanOrEqual(BASELINE_BINDING_BYTES);
    const checkpoint = { label: repo, tensors, versionOf: () => "1" } as unknown as Checkpoint;
    const cache = await openOpfsCache("weights", fakeOpfs().root);
    const { toRead, prepared, toWrite } = await loadCost(checkpoint, loadingPlan(checkpoint, fills, settings), cache);
    expect(toWrite).toBe(prepared);
    const entry = catalogue.find((e) => e.repo === repo)!;
    expect(entry).toMatchObject({ parameters, fetchBytes: toRead, diskBytes: prepared });
    // Shown with two digits; the exact figure moves with the layout of the weights on the GPU.
    expect(Math.abs(entry.gpuBytes / planner.totalBytes - 1)).toBeLessThan(0.05);
  });

  test("what the page's own recipe takes on it: memory by the plan, work by its count of FLOPs", () => {
    const { vocab } = modelOf(repo);
    const config = configOf(repo);
    // The page begins with pictures that are not split, and of so many pixels at most.
    const settings = { ...asTheCheckpointSays, doImageSplitting: false, maxPixels: USUAL_MAX_PIXELS };
    const pictures = publishedPictures(repo, settings);
    const recipe = { ...practical, ...settings, maxLength: usualMaxLength({ config, pictures }) };
    const model = { config, pictures, checkpoint: { tensors: shapes }, preparation: { vocab } };
    const { memory, flops } = onModel(model, recipe).planOf();
    const entry = catalogue.find((e) => e.repo === repo)!;
    const flopsPerRow = flops.executed / recipe.perDeviceTrainBatchSize;
    const told = `trainingBytes ${memory.totalBytes}, flopsPerRow ${Math.round(flopsPerRow / 1e9)}e9`;
    expect(Math.abs(entry.trainingBytes / memory.totalBytes - 1), told).toBeLessThan(0.05);
    expect(Math.abs(entry.flopsPerRow / flopsPerRow - 1), told).toBeLessThan(0.02);
    // Of pictures at free size also what other limits of pixels would take.
    const work = pictureWorkOf(model);
    const listed = entry.pictureWork;
    expect(listed?.map(({ side, tokens }) => [side, tokens])).toEqual(work?.map(({ side, tokens }) => [side, tokens]));
    for (const [i, { side, flops }] of (work ?? []).entries())
      expect(Math.abs(listed![i]!.flops / flops - 1), `${side}: ${flops}`).toBeLessThan(0.02);
  });
});

test("the demo model has the parameters that the page tells when it is loaded", async () => {
  const files = await filesFromDirectory("public/demo/model");
  const { tensors } = await openCheckpoint(files);
  const config = parseConfig(await files.readJson("config.json"));
  const { parameters } = allocateWeights(new Planner(), config, tensors, undefined);
  expect(catalogue[0]!.parameters).toBe(parameters);
});

test("the demo model comes first, then what takes least memory: SmolVLM-256M before all others", () => {
  const [demo, ...models] = catalogue;
  expect(demo!.repo).toBeNull();
  expect(models.map(({ repo }) => repo).sort()).toEqual([...published.keys()].sort());
  expect(models[0]!.repo).toBe("HuggingFaceTB/SmolVLM-256M-Instruct");
  const bytes = models.map(({ trainingBytes }) => trainingBytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
  expect(catalogue.every(({ licence, name }) => licence !== "" && name !== "")).toBe(true);
});

/** What the hub's pages of these repositories say: the size of the weights' files, rounded as they show it, and the licence. */
test.each<[repo: string, gigabytes: number, licence: string]>([
  ["HuggingFaceTB/SmolVLM-256M-Instruct", 0.513, "apache-2.0"],
  ["HuggingFaceTB/SmolVLM-500M-Instruct", 1.015, "apache-2.0"],
  ["llava-hf/llava-interleave-qwen-0.5b-hf", 1.73, "tongyi-qianwen-research"],
  ["llava-hf/llava-onevision-qwen2-0.5b-ov-hf", 1.79, "apache-2.0"],
  ["Qwen/Qwen3-VL-2B-Instruct", 4.255, "apache-2.0"],
  // 4.98 + 0.661, of which the tower's last layer is not read.
  ["bczhou/tiny-llava-v1-hf", 4.98 + 0.661 - 0.05, "apache-2.0"],
])("%s: %f GB, %s", (repo, gigabytes, licence) => {
  const entry = catalogue.find((e) => e.repo === repo)!;
  expect(entry.licence).toBe(licence);
  expect(Math.abs(entry.fetchBytes / 1e9 - gigabytes)).toBeLessThan(0.006);
});
