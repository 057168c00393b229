/** The figures of the catalogue are computed here from the shapes that the published checkpoints have. */

import { describe, expect, test } from "vitest";
import { Planner } from "../../gpu/buffers.ts";
import { loadingPlan } from "../../models/load.ts";
import { BASELINE_BINDING_BYTES } from "../../models/parts/head-weights.ts";
import { configOf, published, publishedTensors } from "../../models/published.ts";
import { parseConfig } from "../../models/registry.ts";
import { allocateWeights } from "../../models/weights.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
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
});

test("the demo model has the parameters that the page tells when it is loaded", async () => {
  const files = await filesFromDirectory("public/demo/model");
  const { tensors } = await openCheckpoint(files);
  const config = parseConfig(await files.readJson("config.json"));
  const { parameters } = allocateWeights(new Planner(), config, tensors, undefined);
  expect(catalogue[0]!.parameters).toBe(parameters);
});

test("the demo model comes first, and every entry has a licence", () => {
  expect(catalogue.map(({ repo }) => repo)).toEqual([null, ...published.keys()]);
  expect(catalogue.every(({ licence, name }) => licence !== "" && name !== "")).toBe(true);
});
