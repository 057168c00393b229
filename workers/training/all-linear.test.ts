/** LoRA on all linears, with and without dropout: gradients against finite differences, and ways of splitting the work. */

import { beforeAll, expect, test } from "vitest";
import { packExamples } from "../data/batches/pack.ts";
import { type Example, labelsOf, tilesOf } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "../models/activations.ts";
import { allocateAdapter, type LoraModule } from "../models/adapter.ts";
import { type ModuleMatrices, readAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import type { PassCapacity } from "../models/pass.ts";

import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { randomArray, relativeError } from "../testing/gpu.ts";
import { createEvaluation, createTrainingStep } from "./step.ts";

const RANK = 4;
const settings = { rank: RANK, alpha: 8, useRslora: false, targets: "all-linear" as const };
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 0 };

let model: LoadedModel;
let batch: Example[];
beforeAll(async () => {
  const golden = await openGolden("llava-next-mistral");
  model = await loadGoldenModel(golden, recipeWith(golden, "a"));
  // The smallest pictures: enough tiles to split, few enough to be quick.
  batch = (await goldenExamples(golden, model)).sort((a, b) => tilesOf(a) - tilesOf(b)).slice(0, 2);
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

interface Outcome {
  loss: number;
  gradients: ModuleMatrices[];
}

interface Variation {
  policy?: ActivationPolicy;
  tileCapacity?: number;
  dropout?: number;
  /** Tokens of a pass; default: all rows in one. */
  rows?: number;
  step?: number;
  of?: Values;
}

/** Loss and gradients of one step that changes nothing. */
async function oneStep({
  policy = KEEP,
  tileCapacity = 10,
  dropout,
  rows,
  step = 1,
  of = values,
}: Variation): Promise<Outcome> {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const withDropout = dropout ? { ...settings, dropout: { rate: dropout, seed: 7 } } : settings;
  const adapter = allocateAdapter(arena, model.config, withDropout, { training: true });
  writeAdapter(model.vlm, adapter, of);
  const capacity = capacityOf(policy);
  const training = await createTrainingStep(model.vlm, adapter, {
    capacity: rows ? { ...capacity, rows, labelRows: rows } : capacity,
    tileCapacity,
    optimizer,
    trainOn: "all-text",
  });
  let gradients: ModuleMatrices[] = [];
  const { loss } = await training.run(batch, step, 0, async () => {
    gradients = await readAdapter(model.vlm, adapter, adapter.grads);
  });
  await training.dispose();
  arena.dispose();
  return { loss, gradients };
}

/** Mean loss of the batch with these LoRA values, through the passes that evaluation uses. */
async function meanLoss(of: Values): Promise<number> {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter = allocateAdapter(arena, model.config, settings, { training: false });
  writeAdapter(model.vlm, adapter, of);
  const runner = await createEvaluation(model.vlm, {
    capacity: capacityOf(RECOMPUTE),
    tileCapacity: 10,
    adapter,
  });
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
  const { gradients: kept } = await oneStep({});
  const last = model.config.tower.layersUsed - 1;
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
  const kept = flat((await oneStep({})).gradients);
  expect(flat((await oneStep({ policy: RECOMPUTE })).gradients)).toEqual(kept);
  expect(relativeError(flat((await oneStep({ policy: RECOMPUTE, tileCapacity: 2 })).gradients), kept)).toBeLessThan(
    1e-6,
  );
}, 120_000);

test("dropout: one mask for forward, recomputation and backward, whatever the passes; another at the next step", async () => {
  const dropout = 0.2;
  const kept = await oneStep({ dropout });
  expect(await oneStep({ dropout, policy: RECOMPUTE })).toEqual(kept);
  const longest = Math.max(...batch.map((e) => e.inputIds.length));
  const split = await oneStep({ dropout, policy: RECOMPUTE, tileCapacity: 2, rows: longest });
  expect(Math.abs(split.loss - kept.loss)).toBeLessThan(1e-6);
  expect(relativeError(flat(split.gradients), flat(kept.gradients))).toBeLessThan(1e-5);
  expect(Math.abs((await oneStep({ dropout, step: 2 })).loss - kept.loss)).toBeGreaterThan(1e-5);

  // The slope of the loss under this very mask, along the gradient of all modules together.
  const byName = new Map(kept.gradients.map((m) => [m.module, m]));
  const length = norm(flat(kept.gradients));
  const step = 2e-2;
  const lossAt = async (sign: number): Promise<number> => {
    const of: Values = (m) => {
      const { loraA, loraB } = values(m);
      const gradient = byName.get(m.module);
      if (!gradient) return { loraA, loraB };
      const along = (from: Float32Array, by: Float32Array): Float32Array =>
        from.map((value, i) => value + (sign * step * by[i]!) / length);
      return { loraA: along(loraA, gradient.loraA), loraB: along(loraB, gradient.loraB) };
    };
    return (await oneStep({ dropout, of })).loss;
  };
  const slope = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
  expect(Math.abs(slope / length - 1)).toBeLessThan(0.01);
}, 240_000);
