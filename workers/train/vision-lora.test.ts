/** LoRA on the vision tower and the projector ("all-linear"): gradients against finite differences, and ways of splitting the work. */
import { beforeAll, expect, test } from "vitest";
import { packExamples } from "../batches/pack.ts";
import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../engine/fs-golden.ts";
import type { LoadedModel } from "../engine/loaded-model.ts";
import { Arena } from "../gpu/buffers.ts";
import { randomArray, relativeError } from "../gpu/testing.ts";
import { type ModuleMatrices, readAdapter, writeAdapter } from "../model/adapter-slabs.ts";
import { featuresPerTile } from "../model/config.ts";
import type { PassCapacity } from "../model/llava.ts";
import { allocateAdapter, type LoraModule } from "../model/lora.ts";
import { type Example, labelsOf } from "../shards/example.ts";
import { createEvaluation, createTrainingStep } from "./training-step.ts";

const RANK = 4;
const settings = { rank: RANK, alpha: 8, useRslora: false, targets: "all-linear" as const };
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 0 };

let model: LoadedModel;
let batch: Example[];
beforeAll(async () => {
  const golden = await openGolden("llava-next-mistral");
  model = await loadGoldenModel(golden, recipeWith(golden, "a"));
  const tiles = (e: Example) => e.images.reduce((sum, image) => sum + image.tiles, 0);
  // The smallest pictures: enough tiles to split, few enough to be quick.
  batch = (await goldenExamples(golden, model)).sort((a, b) => tiles(a) - tiles(b)).slice(0, 2);
}, 60_000);

type Values = (m: LoraModule) => { loraA: Float32Array; loraB: Float32Array };
/** Not zero, so that A has a gradient too. */
const values: Values = (m) => {
  const seed = m.slab * 100 + (m.aStart % 97);
  return {
    loraA: randomArray(RANK * m.inFeatures, seed, 0.1),
    loraB: randomArray(RANK * m.outFeatures, seed + 1, 0.1),
  };
};

const capacityOf = (policy: PassCapacity["policy"]): PassCapacity => {
  const rows = batch.reduce((sum, e) => sum + e.inputIds.length, 0);
  return { rows, labelRows: rows, features: 10 * featuresPerTile(model.config), policy };
};

async function gradients(policy: "keep" | "recompute", tileCapacity: number): Promise<ModuleMatrices[]> {
  const arena = new Arena(model.llava.gpu, model.llava.counters);
  const adapter = allocateAdapter(arena, model.config, settings, true);
  writeAdapter(model.llava, adapter, values);
  const step = await createTrainingStep(model.llava, adapter, {
    capacity: capacityOf(policy),
    tileCapacity,
    optimizer,
    trainOn: "all-text",
    normalise: model.normalise,
  });
  let read: ModuleMatrices[] = [];
  await step.run(batch, 1, 0, async () => {
    read = await readAdapter(model.llava, adapter, adapter.grads);
  });
  await step.dispose();
  arena.dispose();
  return read;
}

/** Mean loss of the batch with these LoRA values, through the passes that evaluation uses. */
async function meanLoss(of: Values): Promise<number> {
  const arena = new Arena(model.llava.gpu, model.llava.counters);
  const adapter = allocateAdapter(arena, model.config, settings, false);
  writeAdapter(model.llava, adapter, of);
  const runner = await createEvaluation(model.llava, capacityOf("recompute"), 10, model.normalise, adapter);
  const pack = packExamples(
    batch,
    batch.map((example) => labelsOf(example, "all-text")),
  );
  const losses = await runner.losses(pack);
  await runner.dispose();
  arena.dispose();
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

const flat = (modules: ModuleMatrices[]): number[] => modules.flatMap((m) => [...m.loraA, ...m.loraB]);
const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));

test("every kind of module has the gradient that finite differences have", async () => {
  const kept = await gradients("keep", 10);
  const last = model.config.visionLayersUsed - 1;
  const named = kept.filter(({ module }) => !module.startsWith("language_model."));
  expect(named.some(({ module }) => module.includes(`layers.${last}.`))).toBe(true);
  expect(named.some(({ module }) => module.includes(`layers.${last + 1}.`))).toBe(false);
  const step = 2e-2;
  for (const kind of [
    "self_attn.q_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
    "mlp.fc1",
    "mlp.fc2",
    "linear_1",
    "linear_2",
  ]) {
    const chosen = new Map(named.filter(({ module }) => module.endsWith(kind)).map((m) => [m.module, m]));
    const length = norm(flat([...chosen.values()]));
    const moved =
      (sign: number): Values =>
      (m) => {
        const base = values(m);
        const gradient = chosen.get(m.module);
        const along = (from: Float32Array, by: Float32Array): Float32Array =>
          from.map((value, i) => value + (sign * step * by[i]!) / length);
        return gradient ? { loraA: along(base.loraA, gradient.loraA), loraB: along(base.loraB, gradient.loraB) } : base;
      };
    const slope = ((await meanLoss(moved(1))) - (await meanLoss(moved(-1)))) / (2 * step);
    expect(Math.abs(slope / length - 1), `${kind}: ${slope} against ${length}`).toBeLessThan(0.03);
  }
}, 240_000);

test("recomputing is bitwise keeping, and tiles a few at a time give the same gradients", async () => {
  const kept = flat(await gradients("keep", 10));
  expect(flat(await gradients("recompute", 10))).toEqual(kept);
  expect(relativeError(flat(await gradients("recompute", 2)), kept)).toBeLessThan(1e-6);
}, 120_000);
