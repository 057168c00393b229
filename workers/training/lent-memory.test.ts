/**
 * Token rows take memory of the tower's weights (workers/models/step-buffers.ts): steps in several passes, with a chat between them that
 * sees a picture, are bit for bit those of a model that lends nothing; and the weights are written again no more often than is said.
 */
import { beforeAll, expect, test, vi } from "vitest";
import type { Example } from "../data/example.ts";
import { tilesOf } from "../data/example.ts";
import { Arena, readBack } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { readAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import { createEncoder } from "../models/encoder.ts";
import { FeatureCache } from "../models/kept/feature-cache.ts";
import { initialLora } from "../models/lora-init.ts";
import { planMemory } from "../models/memory-plan.ts";
import type { LoadedModel } from "../models/open.ts";
import type { LoraSettings } from "../models/parts/lora.ts";
import type { Vlm } from "../models/vlm.ts";
import { parseRecipe } from "../recipe.ts";
import { type GoldenCase, goldenExamples, loadGoldenModel, openGolden } from "../testing/golden.ts";
import { createTrainingStep } from "./step.ts";

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
const half: ActivationPolicy = { precision: "f16", keptLayers: 0 };
const lora: LoraSettings = { rank: 8, alpha: 16, useRslora: false };

interface Case {
  model: LoadedModel;
  rows: Example[];
}

async function opened(name: GoldenCase): Promise<Case> {
  const golden = await openGolden(name);
  const settings = { load_in_4bit: true, do_image_splitting: name === "smolvlm" ? false : null };
  const model = await loadGoldenModel(golden, parseRecipe(settings));
  return { model, rows: await goldenExamples(golden, model) };
}

const lendsNothing = (vlm: Vlm): Vlm => ({ ...vlm, weights: { ...vlm.weights, lendable: [] } });

interface Options {
  policy: ActivationPolicy;
  lends: boolean;
  keeps: boolean;
  chats?: boolean;
  settings?: LoraSettings;
}

/** Two steps of four rows, in passes of the longest, with a chat's picture between them; then the first rows again. */
async function steps({ model, rows }: Case, { policy, lends, keeps, chats = true, settings = lora }: Options) {
  const vlm = lends ? model.vlm : lendsNothing(model.vlm);
  const { config } = model;
  const arena = new Arena(vlm.gpu, vlm.counters);
  const adapter = allocateAdapter(arena, config, settings, { training: true });
  writeAdapter(
    vlm,
    adapter,
    (m) => ({
      loraA: initialLora(m.module, 8, m.inFeatures, m.outFeatures, 42).loraA,
      loraB: Float32Array.from({ length: 8 * m.outFeatures }, (_, i) => 0.01 * Math.sin(i)),
    }),
    (name) => new Float32Array(adapter.trained.find((t) => t.name === name)!.shape.reduce((a, b) => a * b)).fill(0.01),
  );
  const batches = [rows.slice(0, 4), rows.slice(4, 8), rows.slice(0, 4)];
  const longest = Math.max(...rows.map(({ inputIds }) => inputIds.length));
  const tiles = Math.max(...rows.map(tilesOf));
  const before = vlm.counters.bytesAllocated;
  const training = await createTrainingStep(vlm, adapter, {
    capacity: { rows: longest, labelRows: longest, features: tiles * featuresPerTile(config), policy },
    ...{ tileCapacity: Math.min(8, tiles), optimizer, trainOn: "all-text" },
  });
  const bytes = vlm.counters.bytesAllocated - before;
  if (keeps) await training.keepFeatures((of) => FeatureCache.open(of));
  const table = arena.tensor("features", (4 * featuresPerTile(config) + 1) * config.decoder.hiddenSize);
  const chat = await createEncoder(vlm, arena, { features: table, featureCapacity: 0, tileCapacity: 1 });
  const tile = rows[0]!.pixels.slice(0, rows[0]!.pixels.length / tilesOf(rows[0]!));
  const outcomes: unknown[] = [];
  const lent = new Set(model.vlm.weights.lendable.map(({ buffer }) => buffer));
  /** How often each step wrote the weights, by the writes to the buffer that was written most. */
  const written: number[] = [];
  for (const [n, batch] of batches.entries()) {
    const writes = new Map<GPUBuffer, number>();
    const { queue } = vlm.gpu.device;
    const write = queue.writeBuffer.bind(queue);
    const spy = vi.spyOn(queue, "writeBuffer").mockImplementation((...args: Parameters<typeof write>) => {
      if (lent.has(args[0])) writes.set(args[0], (writes.get(args[0]) ?? 0) + 1);
      write(...args);
    });
    const { loss, gradNorm, beyondHalf } = await training.run(batch, n + 1, 1e-3);
    spy.mockRestore();
    written.push(Math.max(0, ...writes.values()));
    const gradients = (await readAdapter(vlm, adapter, adapter.grads)).flatMap((m) => [m.loraA, m.loraB]);
    outcomes.push({ loss, gradNorm, beyondHalf, gradients });
    if (n > 0 || !chats) continue;
    await chat.see(model.pictures.normalise(tile, 1), { firstTile: 0, tiles: 1, grids: [] });
    outcomes.push(await readBack(vlm.gpu, [chat.buffers.tower.features]));
  }
  const counts = training.features?.counts;
  await training.dispose();
  // The weights are those of the model for whoever comes next.
  await chat.see(model.pictures.normalise(tile, 1), { firstTile: 0, tiles: 1, grids: [] });
  outcomes.push(await readBack(vlm.gpu, [chat.buffers.tower.features]));
  arena.dispose();
  return { outcomes, written, bytes, counts };
}

const cases = new Map<string, Case>();

beforeAll(async () => {
  for (const name of ["own-tiny", "smolvlm"] as const) cases.set(name, await opened(name));
}, 120_000);

test.each<[GoldenCase, string, ActivationPolicy]>([
  ["own-tiny", "in f16", half],
  ["own-tiny", "kept", KEEP],
  ["smolvlm", "in f16", half],
])("%s, activations %s: the steps of a model that lends nothing", { timeout: 600_000 }, async (name, _, policy) => {
  const of = cases.get(name)!;
  const apart = await steps(of, { policy, lends: false, keeps: false });
  const together = await steps(of, { policy, lends: true, keeps: false });
  const kept = await steps(of, { policy, lends: true, keeps: true });
  expect(together.outcomes).toEqual(apart.outcomes);
  expect(kept.outcomes).toEqual(apart.outcomes);
  expect(together.bytes).toBeLessThan(apart.bytes);
  expect(apart.written).toEqual([0, 0, 0]);
  // Nothing of it is written before the first pass, and the chat had the weights written before the second step.
  const passes = together.written[2]!;
  expect(passes).toBeGreaterThan(1);
  expect(together.written).toEqual([passes - 1, together.written[1], passes]);
  // All pictures of a step are seen before its first pass; in the third all are known.
  expect(kept.written).toEqual([0, 0, 0]);
  // Those of the first two steps are computed, each once, and told so though their passes read them.
  const pictures = (rows: Example[]): number => rows.reduce((sum, { images }) => sum + images.length, 0);
  const [early, seen] = [pictures(of.rows.slice(0, 8)), pictures(of.rows.slice(0, 4))];
  expect(kept.counts).toMatchObject({ made: early, read: seen });
});

test("weights are written once in a step with new pictures, and not in one without", { timeout: 600_000 }, async () => {
  const { written } = await steps(cases.get("own-tiny")!, { policy: half, lends: true, keeps: true, chats: false });
  expect(written).toEqual([0, 1, 0]);
});

test.each<[string, LoraSettings]>([
  ["LoRA on the tower", { ...lora, targets: "all-linear" }],
  ["a connector that learns", { ...lora, trainProjector: true }],
])("nothing is lent with %s", { timeout: 600_000 }, async (_, settings) => {
  const of = cases.get("own-tiny")!;
  const options = { policy: half, keeps: false, settings };
  const [lends, apart] = [await steps(of, { ...options, lends: true }), await steps(of, { ...options, lends: false })];
  expect(lends).toEqual(apart);
});

test("the plan says what is lent, and counts it as no memory of the run", () => {
  const { model } = cases.get("own-tiny")!;
  const { config, checkpoint, quant } = model;
  const request = {
    config,
    tensors: checkpoint.tensors,
    quant,
    batchSize: 1,
    accumulation: 1,
    longest: 64,
    tilesPerRow: 1,
  };
  const planned = (settings: LoraSettings) => planMemory({ ...request, lora: settings, policy: half });
  expect(planned(lora).lentBytes).toBeGreaterThan(0);
  expect(planned({ ...lora, targets: "all-linear" }).lentBytes).toBe(0);
});
