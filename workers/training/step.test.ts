/** One optimizer step on a small checkpoint: what must not change the numbers, what must not be created, what must not be updated. */

import { beforeAll, expect, test, vi } from "vitest";
import { packExamples, packsOf } from "../data/batches/pack.ts";
import { type Example, labelsOf } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "../models/activations.ts";
import { type Adapter, allocateAdapter } from "../models/adapter.ts";
import { type ModuleMatrices, readAdapter, readMoments, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import type { PassCapacity } from "../models/pass.ts";

import type { Optim } from "../recipe.ts";
import { type Golden, goldenExamples, goldenInit, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { relativeError } from "../testing/gpu.ts";
import { createEvaluation, createTrainingStep, type StepResult, type TrainingStep } from "./step.ts";

let golden: Golden;
let model: LoadedModel;
/** Four rows of different lengths. */
let batch: Example[];

beforeAll(async () => {
  golden = await openGolden("llava-mha");
  model = await loadGoldenModel(golden, recipeWith(golden, "a", { load_in_4bit: true }));
  batch = (await goldenExamples(golden, model)).slice(0, 4);
});

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

interface Bench {
  step: TrainingStep;
  adapter: Adapter;
  gradients(): Promise<ModuleMatrices[]>;
  values(): Promise<ModuleMatrices[]>;
  dispose(): Promise<void>;
}

/** A fresh adapter and training step; `rows` is the capacity of a pass in tokens. */
async function bench(
  rows: number,
  policy: PassCapacity["policy"] = KEEP,
  tileCapacity = 4,
  optim: Optim = "adamw_torch",
  more: Partial<PassCapacity> = {},
): Promise<Bench> {
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const adapter = allocateAdapter(
    arena,
    model.config,
    { rank: 8, alpha: 16, useRslora: false },
    { training: true, optim: optim },
  );
  const init = goldenInit(golden, "a");
  writeAdapter(model.vlm, adapter, (m) => ({
    loraA: init(m.module)!.loraA,
    // Not zero, so that A gets gradients at the first step already.
    loraB: Float32Array.from({ length: 8 * m.outFeatures }, (_, i) => 0.01 * Math.sin(i)),
  }));
  const step = await createTrainingStep(model.vlm, adapter, {
    capacity: { rows, labelRows: rows, features: 4 * featuresPerTile(model.config), policy, ...more },
    tileCapacity,
    optimizer,
    trainOn: "all-text",
    evaluates: true,
  });
  return {
    step,
    adapter,
    gradients: () => readAdapter(model.vlm, adapter, adapter.grads),
    values: () => readAdapter(model.vlm, adapter),
    async dispose() {
      await step.dispose();
      arena.dispose();
    },
  };
}

const flat = (modules: ModuleMatrices[]): number[] => modules.flatMap((m) => [...m.loraA, ...m.loraB]);

interface Outcome {
  results: StepResult[];
  gradients: number[];
  adapter: number[];
}

async function twoSteps(b: Bench): Promise<Outcome> {
  const results = [await b.step.run(batch, 1, 1e-3), await b.step.run(batch, 2, 1e-3)];
  const outcome = { results, gradients: flat(await b.gradients()), adapter: flat(await b.values()) };
  await b.dispose();
  return outcome;
}

let whole: Outcome;
const total = (): number => batch.reduce((sum, e) => sum + e.inputIds.length, 0);
const longest = (): number => Math.max(...batch.map((e) => e.inputIds.length));

test("the same twice is bitwise the same", async () => {
  whole = await twoSteps(await bench(total()));
  expect(await twoSteps(await bench(total()))).toEqual(whole);
});

test("a gentle pace takes its time and gives bitwise the same", async () => {
  const { pace } = model.vlm;
  pace.mode = "gentle";
  expect(await twoSteps(await bench(total()))).toEqual(whole);
  pace.mode = "full speed";
});

test.each([
  ["recomputing activations", RECOMPUTE],
  ["recomputing those of some layers", { precision: "f32", keptLayers: 1 }],
] as const)("%s is bitwise the same as keeping them", async (_, policy) => {
  expect(await twoSteps(await bench(total(), policy))).toEqual(whole);
});

test.each([0, 1, 2])(
  "activations of %i layers kept in f16: the same loss, gradients off by its rounding",
  async (kept) => {
    expect(model.config.decoder.numLayers).toBe(2);
    const { results, gradients } = await twoSteps(await bench(total(), { precision: "f16", keptLayers: kept }));
    expect(results[0]!.loss).toBe(whole.results[0]!.loss);
    expect(Math.abs(results[0]!.gradNorm / whole.results[0]!.gradNorm - 1)).toBeLessThan(2e-4);
    const error = relativeError(gradients, whole.gradients);
    expect(error).toBeLessThan(5e-3);
    expect(error).toBeGreaterThan(0);
  },
);

test.each<[string, ActivationPolicy]>([
  ["kept", KEEP],
  ["recomputed", RECOMPUTE],
  ["kept in f16", { precision: "f16", keptLayers: 1 }],
])("what is measured between two steps, activations %s: the bits of a runner that only measures", async (_, policy) => {
  const b = await bench(total(), policy);
  const [pack] = packsOf(batch, "all-text", b.step.runner.room);
  const measured = [await b.step.runner.losses(pack!)];
  await b.step.run(batch, 1, 1e-3);
  measured.push(await b.step.runner.losses(pack!));
  await b.step.run(batch, 2, 1e-3);
  const { rows, labelRows, features } = b.step.runner.buffers.capacity;
  const capacity = { rows, labelRows, features };
  const alone = await createEvaluation(model.vlm, { capacity, tileCapacity: 4, adapter: b.adapter });
  expect(await b.step.runner.losses(pack!)).toEqual(await alone.losses(pack!));
  expect(measured[1]).not.toEqual(measured[0]);
  await alone.dispose();
  // And the steps are those of a run that measures nothing.
  const adapter = flat(await b.values());
  await b.dispose();
  expect(adapter).toEqual((await twoSteps(await bench(total(), policy))).adapter);
});

test.each<[string, ActivationPolicy]>([
  ["kept", KEEP],
  ["recomputed", RECOMPUTE],
  ["kept in f16", { precision: "f16", keptLayers: 2 }],
])(
  "the MLP in chunks of rows, activations %s: the same loss, gradients but for the order of sums",
  async (_, policy) => {
    const expected = await twoSteps(await bench(total(), policy));
    const { results, gradients } = await twoSteps(await bench(total(), policy, 4, "adamw_torch", { mlpRows: 64 }));
    expect(total()).toBeGreaterThan(3 * 64);
    expect(results[0]!.loss).toBe(expected.results[0]!.loss);
    expect(Math.abs(results[1]!.gradNorm / expected.results[1]!.gradNorm - 1)).toBeLessThan(1e-6);
    expect(relativeError(gradients, expected.gradients)).toBeLessThan(1e-5);
  },
);

test.each([
  ["two passes", () => Math.max(longest(), Math.ceil(total() / 2) + 20)],
  ["a pass for each row", () => longest()],
])("the batch in %s gives the same step", async (_, rows) => {
  const split = await twoSteps(await bench(rows()));
  split.results.forEach((result, i) => {
    const expected = whole.results[i]!;
    expect(Math.abs(result.loss - expected.loss)).toBeLessThan(1e-6);
    expect(Math.abs(result.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-5);
    expect(result).toMatchObject({ targetTokens: expected.targetTokens, tokens: expected.tokens });
  });
  expect(relativeError(split.gradients, whole.gradients)).toBeLessThan(1e-3);
});

// Not bitwise: attention sums keys four at a time, and a picture's first row falls elsewhere among the fours.
test("pictures one at a time give the same step as several at once", async () => {
  const { results } = await twoSteps(await bench(total(), KEEP, 1));
  results.forEach((result, i) => {
    expect(Math.abs(result.loss - whole.results[i]!.loss)).toBeLessThan(1e-6);
    expect(Math.abs(result.gradNorm / whole.results[i]!.gradNorm - 1)).toBeLessThan(1e-4);
  });
});

test("packed rows do not see each other: a row alone has the same loss at every token", async () => {
  const capacity = {
    rows: total(),
    labelRows: total(),
    features: 4 * featuresPerTile(model.config),
  };
  const runner = await createEvaluation(model.vlm, { capacity, tileCapacity: 4 });
  const labels = batch.map((example) => labelsOf(example, "all-text"));
  const together = await runner.losses(packExamples(batch, labels));
  let at = 0;
  for (const [i, example] of batch.entries()) {
    const alone = await runner.losses(packExamples([example], [labels[i]!]));
    const part = together.subarray(at, at + alone.length);
    at += alone.length;
    expect(Math.max(...alone.map((loss, k) => Math.abs(loss - part[k]!)))).toBeLessThan(1e-5);
    const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean(alone) - mean(part))).toBeLessThan(1e-6);
  }
  expect(at).toBe(together.length);
  await runner.dispose();
});

test("a steady step creates no buffer, bind group or pipeline", async () => {
  const b = await bench(longest());
  await b.step.run(batch, 1, 1e-3);
  const { device } = model.vlm.gpu;
  // Asked of the device itself, too: what is created past the counters counts.
  const calls = (["createBuffer", "createBindGroup", "createComputePipelineAsync", "createShaderModule"] as const).map(
    (name) => vi.spyOn(device, name),
  );
  const before = { ...model.vlm.counters };
  for (const step of [2, 3, 4]) await b.step.run(batch, step, 1e-3);
  const after = model.vlm.counters;
  for (const call of calls) {
    expect(call, call.getMockName()).not.toHaveBeenCalled();
    call.mockRestore();
  }
  const created = (c: typeof before) => [c.buffersCreated, c.bytesAllocated, c.bindGroupsCreated, c.pipelinesCreated];
  expect(created(after)).toEqual(created(before));
  // The counters do count: steps went over the queue.
  expect(after.dispatches - before.dispatches).toBeGreaterThan(100);
  expect(after.submits).toBeGreaterThan(before.submits);
  await b.dispose();
});

test("a step whose loss is not finite says so and updates nothing", async () => {
  const b = await bench(total());
  await b.step.run(batch, 1, 1e-3);
  const poisoned = await b.values();
  poisoned[3]!.loraB[5] = Number.NaN;
  const byName = new Map(poisoned.map((m) => [m.module, m]));
  writeAdapter(model.vlm, b.adapter, (m) => byName.get(m.module)!);
  const moments = await readAdapter(model.vlm, b.adapter, b.adapter.firstMoments);
  await expect(b.step.run(batch, 2, 1e-3)).rejects.toMatchObject({
    code: "non-finite-loss",
    message: expect.stringMatching(/^Step 2 gave a loss of NaN/),
    safe: "The adapter is as it was after step 1.",
  });
  expect(flat(await b.values())).toEqual(flat(poisoned));
  expect(await readAdapter(model.vlm, b.adapter, b.adapter.firstMoments)).toEqual(moments);
  await b.dispose();
});

test("a batch without a single target changes nothing and divides by nothing", async () => {
  const b = await bench(total());
  const before = flat(await b.values());
  const silent = batch.map((example) => ({ ...example, kinds: new Uint8Array(example.kinds.length) }));
  expect(await b.step.run(silent, 1, 1e-3)).toMatchObject({ loss: 0, gradNorm: 0, targetTokens: 0 });
  expect(flat(await b.values())).toEqual(before);
  await b.dispose();
});

test("8-bit moments: the first update is the exact one, later ones stay close, and moments take a quarter", async () => {
  const [exact, small] = [await bench(total()), await bench(total(), KEEP, 4, "adamw_bnb_8bit")];
  const bytes = ({ adapter: a }: Bench): number =>
    [...a.firstMoments, ...a.secondMoments, ...a.momentScales].reduce((sum, t) => sum + 4 * t.length, 0);
  expect(bytes(small) / bytes(exact)).toBeLessThan(0.26);
  const losses = [];
  for (let step = 1; step <= 3; step++) {
    const [a, b] = [await exact.step.run(batch, step, 1e-3), await small.step.run(batch, step, 1e-3)];
    losses.push(Math.abs(a.loss - b.loss));
    if (step > 1) continue;
    const [p, q] = [flat(await exact.values()), flat(await small.values())];
    expect(Math.max(...p.map((value, i) => Math.abs(value - q[i]!)))).toBeLessThan(1e-6);
  }
  expect(Math.max(...losses)).toBeLessThan(2e-3);
  const [m, n] = [await readMoments(model.vlm, exact.adapter), await readMoments(model.vlm, small.adapter)];
  expect(relativeError(flat(n.first.modules), flat(m.first.modules))).toBeLessThan(0.05);
  expect(relativeError(flat(n.second.modules), flat(m.second.modules))).toBeLessThan(0.1);
  await exact.dispose();
  await small.dispose();
});
