/** The projector trained in full beside LoRA (`modules_to_save`): gradients against finite differences, and ways of splitting the work. */

import { beforeAll, expect, test } from "vitest";
import type { Example } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { type Moments, readMoments, readTrained, type TrainedValues, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import type { LoraSettings } from "../models/parts/lora.ts";
import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { randomArray, relativeError } from "../testing/gpu.ts";
import { createTrainingStep } from "./step.ts";

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.5, maxGradNorm: 0 };
const base = { rank: 4, alpha: 8, useRslora: false, trainProjector: true };

let model: LoadedModel;
let batch: Example[];
const start = new Map<string, Float32Array>();
beforeAll(async () => {
  const golden = await openGolden("llava-mha");
  // A projector in 4 bits is not what is trained: that starts from the checkpoint's own values.
  model = await loadGoldenModel(
    golden,
    recipeWith(golden, "a", { load_in_4bit: true, quantize_modules: ["multi_modal_projector"] }),
  );
  batch = (await goldenExamples(golden, model)).slice(0, 2);
  for (const linear of [1, 2]) {
    for (const part of ["weight", "bias"]) {
      const name = `multi_modal_projector.linear_${linear}.${part}`;
      start.set(name, await model.readTensor(name));
    }
  }
}, 60_000);

interface Variation {
  targets?: LoraSettings["targets"];
  policy?: ActivationPolicy;
  tileCapacity?: number;
  learningRate?: number;
  of?: (name: string) => Float32Array;
}

async function oneStep({
  targets = "language-model",
  policy = KEEP,
  tileCapacity = 2,
  learningRate = 0,
  of = (name) => start.get(name)!,
}: Variation): Promise<{
  loss: number;
  gradients: TrainedValues[];
  after: TrainedValues[];
  modules: string[];
  moments: { first: Moments; second: Moments };
}> {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter = allocateAdapter(arena, model.config, { ...base, targets }, { training: true });
  const loraOf = (m: { slab: number; aStart: number; inFeatures: number; outFeatures: number }) => ({
    loraA: randomArray(4 * m.inFeatures, m.slab * 100 + (m.aStart % 97), 0.1),
    loraB: randomArray(4 * m.outFeatures, m.slab * 100 + (m.aStart % 97) + 1, 0.1),
  });
  writeAdapter(model.vlm, adapter, loraOf, of);
  const rows = batch.reduce((sum, e) => sum + e.inputIds.length, 0);
  const step = await createTrainingStep(model.vlm, adapter, {
    capacity: { rows, labelRows: rows, features: 2 * featuresPerTile(model.config), policy },
    tileCapacity,
    optimizer,
    trainOn: "all-text",
  });
  let gradients: TrainedValues[] = [];
  const { loss } = await step.run(batch, 1, learningRate, async () => {
    gradients = await readTrained(model.vlm, adapter, adapter.grads);
  });
  const after = await readTrained(model.vlm, adapter);
  const modules = adapter.modules.map(({ module }) => module);
  const moments = await readMoments(model.vlm, adapter);
  await step.dispose();
  arena.dispose();
  return { loss, gradients, after, modules, moments };
}

const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));

test.each(["language-model", "all-linear"] as const)(
  "with LoRA on %s, weights and biases have the gradient that finite differences have",
  async (targets) => {
    const { gradients, modules } = await oneStep({ targets });
    expect(gradients.map(({ name, shape }) => [name, shape.length])).toEqual(
      [...start.keys()].map((name) => [name, name.endsWith("bias") ? 1 : 2]),
    );
    expect(modules.some((module) => module.startsWith("multi_modal_projector"))).toBe(false);
    expect(modules.some((module) => module.startsWith("vision_tower"))).toBe(targets === "all-linear");
    const step = 2e-2;
    for (const { name, values } of targets === "all-linear" ? gradients.slice(0, 1) : gradients) {
      const length = norm(values);
      const at = (sign: number) =>
        oneStep({
          targets,
          of: (n) =>
            n === name ? start.get(n)!.map((v, i) => v + (sign * step * values[i]!) / length) : start.get(n)!,
        });
      const slope = ((await at(1)).loss - (await at(-1)).loss) / (2 * step);
      expect(Math.abs(slope / length - 1), `${name}: ${slope} against ${length}`).toBeLessThan(0.03);
    }
  },
  240_000,
);

test("recomputing and tiles one at a time give the same gradients", async () => {
  const flat = (of: TrainedValues[]): number[] => of.flatMap(({ values }) => [...values]);
  const kept = flat((await oneStep({})).gradients);
  expect(flat((await oneStep({ policy: RECOMPUTE })).gradients)).toEqual(kept);
  expect(relativeError(flat((await oneStep({ tileCapacity: 1 })).gradients), kept)).toBeLessThan(1e-6);
}, 120_000);

test("its moments are read back beside those of LoRA", async () => {
  const { gradients, moments } = await oneStep({});
  const { first, second } = moments;
  expect(first.modules.length).toBeGreaterThan(0);
  expect(first.trained.map(({ name, shape }) => [name, shape])).toEqual(
    gradients.map(({ name, shape }) => [name, shape]),
  );
  for (const [i, { values }] of gradients.entries()) {
    const expected = { first: values.map((g) => 0.1 * g), second: values.map((g) => 0.001 * g * g) };
    expect(relativeError(first.trained[i]!.values, expected.first)).toBeLessThan(1e-6);
    expect(relativeError(second.trained[i]!.values, expected.second)).toBeLessThan(1e-4);
  }
});

test("weight decay acts on weights and not on biases", async () => {
  const learningRate = 1e-2;
  const { gradients, after } = await oneStep({ learningRate });
  after.forEach(({ name, values }, n) => {
    const decay = name.endsWith(".weight") ? 1 - learningRate * optimizer.weightDecay : 1;
    // Adam's first step is the sign of the gradient.
    const expected = start.get(name)!.map((value, i) => {
      const g = gradients[n]!.values[i]!;
      return value * decay - (learningRate * g) / (Math.abs(g) + optimizer.epsilon);
    });
    expect(relativeError(values, expected), name).toBeLessThan(1e-5);
  });
}, 60_000);
