/**
 * Weights whose activations f16 cannot hold: a step that keeps activations in f16 is the step that keeps them in f32, within what the
 * rounding of f16 does to other weights. Real models have such activations: a few columns of a few tokens are thousands of times the rest.
 */
import { beforeAll, expect, test, vi } from "vitest";
import { packExamples } from "../data/batches/pack.ts";
import { type Example, labelsOf } from "../data/example.ts";
import { Arena, readBack, type Tensor, write } from "../gpu/buffers.ts";
import { type ActivationPolicy, KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { type ModuleMatrices, readAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import type * as MemoryPlan from "../models/memory-plan.ts";
import type { LoadedModel } from "../models/open.ts";
import type { DecoderLinear } from "../models/parts/decoder.ts";
import { memoryStore } from "../storage/memory.ts";
import {
  type Golden,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { relativeError } from "../testing/gpu.ts";
import { f16ToF32, f32ToF16 } from "../weights/formats/dtype.ts";
import oracle from "./fixtures/outliers.json" with { type: "json" };
import { Outliers } from "./outliers.ts";
import { createTrainingStep, type StepReport } from "./step.ts";

/** Runs plan as those of large models do, which keep activations in f16. */
vi.mock("../models/memory-plan.ts", async (original) => {
  const real = await original<typeof MemoryPlan>();
  const policy = { precision: "f16", keptLayers: 0 } as const;
  const planMemory: typeof real.planMemory = (request) => real.planMemory({ ...request, policy });
  return { ...real, planMemory };
});

let golden: Golden;
let model: LoadedModel;
let batch: Example[];
let tokens: number;

beforeAll(async () => {
  golden = await openGolden("llava-mha");
  model = await loadGoldenModel(golden, recipeWith(golden, "a", { load_in_4bit: false }));
  batch = (await goldenExamples(golden, model)).slice(0, 1);
  tokens = batch[0]!.inputIds.length;
  expect(model.config.decoder.numLayers).toBe(2);
  expect(tokens).toBeGreaterThan(64);
});

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

interface Outcome extends StepReport {
  gradients: ModuleMatrices[];
  /** Largest magnitudes in the second layer. */
  most: Record<"x" | "qkv" | "out" | "gateUp", number>;
}

const largest = (values: Float32Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** One step of a fresh adapter, or the last of several that change nothing; the MLP takes two chunks. */
async function oneStep(policy: ActivationPolicy, steps = 1): Promise<Outcome> {
  const { vlm } = model;
  const arena = new Arena(vlm.gpu, vlm.counters);
  const adapter = allocateAdapter(arena, model.config, { rank: 8, alpha: 16, useRslora: false }, { training: true });
  const init = goldenInit(golden, "a");
  writeAdapter(vlm, adapter, (m) => ({
    loraA: init(m.module)!.loraA,
    // Not zero, so that A gets gradients at the first step already.
    loraB: Float32Array.from({ length: 8 * m.outFeatures }, (_, i) => 0.01 * Math.sin(i)),
  }));
  const step = await createTrainingStep(vlm, adapter, {
    capacity: { rows: tokens, labelRows: tokens, features: 4 * featuresPerTile(model.config), policy, mlpRows: 64 },
    ...{ tileCapacity: 4, optimizer, trainOn: "all-text", evaluates: true },
  });
  // Measuring keeps nothing for a backward pass, and counts nothing.
  const measure = () => step.runner.losses(packExamples(batch, [labelsOf(batch[0]!, "all-text")]));
  let result = await step.run(batch, 1, 0);
  for (let n = 2; n <= steps; n++) {
    await measure();
    result = await step.run(batch, n, 0);
  }
  const gradients = await readAdapter(vlm, adapter, adapter.grads);
  // The backward left other things in some of the buffers.
  await measure();
  const kept = step.runner.buffers.layers[1]!;
  const read = await readBack(vlm.gpu, [kept.x, kept.qkv, kept.out, kept.mlp[0]!.gateUp]);
  await step.dispose();
  arena.dispose();
  const [x, qkv, out, gateUp] = read.map(largest);
  return { ...result, gradients, most: { x: x!, qkv: qkv!, out: out!, gateUp: gateUp! } };
}

/** How far the gradients of the worst matrix are off, beside its largest. */
const worst = (a: Outcome, b: Outcome): number =>
  Math.max(
    ...a.gradients.flatMap((m, i) => [
      relativeError(m.loraA, b.gradients[i]!.loraA),
      relativeError(m.loraB, b.gradients[i]!.loraB),
    ]),
  );

/** PyTorch's step (reference/goldens/outliers.py) has this loss, and gradients as long: all of them together, and the worst. */
function withinOracle(
  { loss, gradients }: Outcome,
  expected: (typeof oracle)["x"],
  limit: { norm: number; worst: number },
): void {
  const length = (values: Iterable<number>): number => Math.sqrt([...values].reduce((sum, v) => sum + v * v, 0));
  const lengths: Record<string, number> = Object.fromEntries(
    gradients.flatMap((m) => [
      [`${m.module}.lora_A`, length(m.loraA)],
      [`${m.module}.lora_B`, length(m.loraB)],
    ]),
  );
  expect(Object.keys(lengths).toSorted()).toEqual(Object.keys(expected.gradient_norms).toSorted());
  const each = Object.entries(expected.gradient_norms).map(([name, norm]) => Math.abs(lengths[name]! / norm - 1));
  expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
  expect(Math.abs(length(Object.values(lengths)) / expected.grad_norm - 1)).toBeLessThan(limit.norm);
  expect(Math.max(...each)).toBeLessThan(limit.worst);
}

/** Multiplies words of a weight by powers of two, and gives what puts them back. */
type Change = () => Promise<() => void>;

async function changed(data: Tensor, by: (words: Float32Array) => ArrayBufferView): Promise<() => void> {
  const { gpu } = model.vlm;
  const [before] = await readBack(gpu, [data]);
  write(gpu, data, by(before!.slice()));
  return () => write(gpu, data, before!);
}

/** Of a linear's dense f16 weight: each row and column has its factor. */
const linear =
  (layer: number, name: DecoderLinear, factor: (row: number, column: number) => number): Change =>
  () => {
    const { weight } = model.vlm.weights.layers[layer]!.linears[name];
    if (weight.format !== "f16") throw new Error(`a weight in ${weight.format}`);
    return changed(weight.data, (words) => {
      const values = f16ToF32(new Uint16Array(words.buffer));
      const product = values.map((v, i) => v * factor(Math.floor(i / weight.in), i % weight.in));
      expect(largest(product)).toBeLessThan(65504);
      return f32ToF16(product);
    });
  };

/** Of a norm's f32 weight: one column. */
const norm =
  (of: () => Tensor, column: number, factor: number): Change =>
  () =>
    changed(of(), (values) => values.map((v, i) => (i === column ? v * factor : v)));

const layers = () => model.vlm.weights.layers;
const up = (column: number): number => model.config.decoder.intermediateSize + column;
const v = (column: number): number => 2 * model.config.decoder.hiddenSize + column;
const only = (at: number, factor: number) => (i: number) => (i === at ? factor : 1);
const columns = (of: (column: number) => number) => (_: number, column: number) => of(column);

/** As real models have it: one column is vast, and norms have small weights for it, so that the others are what is seen. */
const vastColumn = (): Change[] => [
  linear(0, "down", only(5, 2 ** 17)),
  norm(() => layers()[1]!.inputNorm, 5, 2 ** -12),
  norm(() => layers()[1]!.postNorm, 5, 2 ** -12),
  norm(() => model.vlm.weights.norm, 5, 2 ** -12),
];

/** What goes beyond f16 in the second layer, and what makes it so. */
test.each<[keyof typeof oracle, () => Change[]]>([
  ["x", vastColumn],
  ["qkv", () => [linear(1, "qkv", only(v(5), 2 ** 17)), linear(1, "o", columns(only(5, 2 ** -17)))]],
  ["gateUp", () => [linear(1, "gateUp", only(up(44), 2 ** 17)), linear(1, "down", columns(only(44, 2 ** -17)))]],
])("%s beyond f16's range: the same loss, gradients off by its rounding, and a count", async (name, changes) => {
  const undo = await Promise.all(changes().map((change) => change()));
  try {
    const exact = await oneStep(KEEP);
    expect(exact.most[name]).toBeGreaterThan(1e5);
    expect(exact.beyondHalf).toEqual([]);
    // Beside 145,000, f32 itself is no finer than 0.01: two orders of sums are 2e-4 apart.
    withinOracle(exact, oracle[name], { norm: 3e-4, worst: 1e-3 });
    for (const keptLayers of [0, 2]) {
      const policy = { precision: "f16", keptLayers } as const;
      const half = await oneStep(policy);
      expect(half.loss).toBe(exact.loss);
      expect(Math.abs(half.gradNorm / exact.gradNorm - 1)).toBeLessThan(1e-3);
      expect(worst(half, exact)).toBeLessThan(2e-3);
      withinOracle(half, oracle[name], { norm: 1e-3, worst: 2e-3 });
      // Where a layer is recomputed, its input is all that it keeps.
      expect(half.beyondHalf).toEqual([0, keptLayers > 0 || name === "x" ? expect.toSatisfy((n) => n > 0) : 0]);
      // Each step has its own count, though the GPU counts on.
      expect(await oneStep(policy, 2)).toEqual(half);
    }
  } finally {
    for (const back of undo) back();
  }
});

test("a run tells of them at the first step that has some, and of all steps at its end", async () => {
  const recipe = recipeWith(golden, "a", {
    ...{ load_in_4bit: false, max_steps: 3, per_device_train_batch_size: 1, gradient_accumulation_steps: 1 },
  });
  const store = memoryStore();
  const dataset = await goldenDataset(model, store, await goldenFiles(golden));
  const told = async (): Promise<[string, number, string[]][]> => {
    const events: [string, number, string[]][] = [];
    await runToEnd(model, recipe, {
      ...{ dataset, store },
      onEvent(event) {
        if (event.type === "state") events.push([event.state, event.step, event.notes ?? []]);
      },
    });
    return events.filter(([state]) => state === "training" || state === "done");
  };
  const quiet = await told();
  expect(quiet.flatMap(([, , notes]) => notes)).toEqual([]);
  const undo = await Promise.all(vastColumn().map((change) => change()));
  const events = await told().finally(() => {
    for (const back of undo) back();
  });
  const first = expect.stringMatching(
    /^In step 1, \d+ activation vectors of 1 of 2 layers had values beyond 65,504, where f16 ends: each was kept with a power of two/,
  );
  const total = expect.stringMatching(
    /^In all, 3 of 3 steps had such values, in \d+ activation vectors of 1 of 2 layers\.$/,
  );
  expect(events[0]).toEqual(["training", 0, []]);
  expect(events[1]).toEqual(["training", 0, [first]]);
  expect(events.at(-1)).toEqual(["done", 3, [first, total]]);
});

test("what is said of them: the first step's count, then that of all; nothing where there are none", () => {
  const outliers = new Outliers();
  expect(outliers.add(1, [])).toBe(false);
  expect(outliers.add(2, [0, 0, 0])).toBe(false);
  expect([outliers.first, outliers.total]).toEqual(["", ""]);
  expect(outliers.add(1003, [0, 1, 0])).toBe(true);
  const first =
    "In step 1,003, 1 activation vector of 1 of 3 layers had values beyond 65,504, where f16 ends: each was kept with a power of two of its own, so that nothing is cut off.";
  expect([outliers.first, outliers.total]).toEqual([first, ""]);
  expect(outliers.add(1004, [0, 0, 1200])).toBe(false);
  expect([outliers.first, outliers.total]).toEqual([
    first,
    "In all, 2 of 4 steps had such values, in 1,201 activation vectors of 2 of 3 layers.",
  ]);
});
