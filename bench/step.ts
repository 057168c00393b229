/**
 * What one steady optimizer step of the demo model costs, through the engine's own code: counters (exact), kernels by time (of this
 * machine: only their ratios mean anything), FLOPs.
 */

import { readFile } from "node:fs/promises";
import { openDataset } from "../workers/data/shards/dataset.ts";
import { prepareDataset } from "../workers/data/shards/prepare-dataset.ts";
import { Arena } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { dataFiles } from "../workers/headless/open.ts";
import { allocateAdapter } from "../workers/models/adapter.ts";
import { writeAdapter } from "../workers/models/adapter-slabs.ts";
import { initialLora } from "../workers/models/lora-init.ts";
import { stepFlops } from "../workers/models/memory-plan.ts";
import { loadModel, openModel } from "../workers/models/open.ts";
import { recordTraining } from "../workers/models/pass.ts";
import { preparationOf } from "../workers/models/preparation.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { memoryStore } from "../workers/storage/memory.ts";
import { onModel } from "../workers/training/plan.ts";
import { createTrainingStep } from "../workers/training/step.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";

const ROUNDS = 3;

export interface StepResults {
  adapter: string;
  rows: number;
  tokens: number;
  /** Of the recorded programs; more are sent, because long ones go in pieces. */
  recordedPerStep?: number;
  dispatchesPerStep: number;
  submitsPerStep: number;
  /** Of a steady step, by the slicer's estimate. */
  longestDispatchMs?: number;
  longestSubmitMs?: number;
  buffersPerStep: number;
  bindGroupsPerStep: number;
  pipelines: number;
  /** From nothing to recorded programs. */
  pipelineMs: number;
  pipelinesPerStep: number;
  gpuBytes: number;
  plannedBytes: number;
  megaflops: number;
  /**
   * FLOPs of the dispatches over those of forward, input gradients and LoRA gradients with nothing twice. Without the tower, which
   * is another program, and without attention, whose kernels state an upper bound for packed rows.
   */
  executedToIdeal: number;
  secondsPerStep: number;
  kernels: { name: string; dispatches: number; share: number; gflops: number }[];
}

/** Runs the step in Node. */
export async function measureStep(): Promise<StepResults> {
  const recipe = parseRecipe(JSON.parse(await readFile("public/demo/recipe.json", "utf8")));
  const gpu = await openGpu(await nodeGpu());
  const model = await loadModel(
    gpu,
    await openModel(await filesFromDirectory("public/demo/model"), recipe),
    undefined,
    () => {},
  );
  const store = memoryStore();
  const { files } = await dataFiles("public/demo/data");
  const { info } = await prepareDataset(
    store,
    { files, label: "sample data" },
    preparationOf(model.preparation),
    () => {},
  );
  const dataset = (await openDataset(store, info.id))!;
  const examples = await Promise.all(Array.from({ length: recipe.perDeviceTrainBatchSize }, (_, i) => dataset.read(i)));

  const { memory: plan } = onModel(model, recipe).planOf({
    ...dataset,
    pictures: dataset.manifest.index?.most.pictures,
  });
  const { vlm } = model;
  const arena = new Arena(gpu, vlm.counters);
  const lora = { rank: recipe.loraR, alpha: recipe.loraAlpha, useRslora: recipe.useRslora };
  const adapter = allocateAdapter(arena, model.config, lora, { training: true });
  writeAdapter(vlm, adapter, (m) => initialLora(m.module, lora.rank, m.inFeatures, m.outFeatures, 1));
  const recording = performance.now();
  const step = await createTrainingStep(vlm, adapter, {
    capacity: plan.capacity,
    tileCapacity: plan.tileCapacity,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    trainOn: recipe.trainOn,
  });
  const pipelineMs = performance.now() - recording;
  await step.run(examples, 1, 1e-3);
  Object.assign(vlm.counters, { longestDispatchMs: 0, longestSubmitMs: 0 });
  const before = { ...vlm.counters };
  let seconds = Number.POSITIVE_INFINITY;
  let tokens = 0;
  for (let n = 0; n < ROUNDS; n++) {
    const started = performance.now();
    ({ tokens } = await step.run(examples, n + 2, 1e-3));
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  const after = { ...vlm.counters };
  const perStep = (key: keyof typeof before): number => Math.round(((after[key] - before[key]) / ROUNDS) * 10) / 10;

  // The last batch's tokens are still in the buffers: the same pass again, kernel by kernel.
  const program = await recordTraining(vlm, step.runner.buffers, adapter).build(arena, vlm.pipelines);
  const dims = { rows: tokens, labelRows: 64, gradScale: 1 / 64, accumulate: 0, step: 1, firstRow: 0 };
  const times = [...(await program.profile(dims))].sort((a, b) => b[1].ms - a[1].ms);
  const total = times.reduce((sum, [, t]) => sum + t.ms, 0);
  const executed = times.reduce((sum, [name, t]) => sum + (name.startsWith("attention") ? 0 : t.flops), 0);
  const { ideal } = stepFlops(model.config, {
    vocab: model.vlm.weights.vocab,
    rank: lora.rank,
    rows: tokens,
    labelRows: dims.labelRows,
    tiles: 0,
    tokensPerRow: 0,
    policy: plan.capacity.policy,
  });
  return {
    adapter: gpu.facts.description,
    rows: examples.length,
    tokens,
    recordedPerStep: plan.dispatchesPerStep,
    dispatchesPerStep: perStep("dispatches"),
    submitsPerStep: perStep("submits"),
    longestDispatchMs: after.longestDispatchMs,
    longestSubmitMs: after.longestSubmitMs,
    buffersPerStep: perStep("buffersCreated"),
    bindGroupsPerStep: perStep("bindGroupsCreated"),
    pipelines: before.pipelinesCreated,
    pipelineMs,
    pipelinesPerStep: perStep("pipelinesCreated"),
    gpuBytes: before.bytesAllocated,
    plannedBytes: plan.totalBytes,
    megaflops: Math.round(program.flops(dims) / 1e6),
    executedToIdeal: executed / ideal,
    secondsPerStep: seconds,
    kernels: times.slice(0, 8).map(([name, t]) => ({
      name,
      dispatches: t.dispatches,
      share: t.ms / total,
      gflops: t.flops / t.ms / 1e6,
    })),
  };
}
