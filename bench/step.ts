/**
 * One optimizer step of the demo model on the sample data, made by the engine's own code: what it asks of WebGPU, how long it takes
 * with either vision tower, and what its kernels spend. The learning rate is 0, so that every step computes the same.
 */
import { initialLora } from "../workers/adapter/lora-init.ts";
import { embeddedFiles } from "../workers/engine/embedded.ts";
import { loadModel, openModel } from "../workers/engine/loaded-model.ts";
import { prepareDataset } from "../workers/engine/prepare-dataset.ts";
import { loraSettings, planRun } from "../workers/engine/training-run.ts";
import { Arena } from "../workers/gpu/buffers.ts";
import type { Gpu } from "../workers/gpu/device.ts";
import { type Dims, Program } from "../workers/gpu/program.ts";
import { filesFromBlobs } from "../workers/hub/source.ts";
import { writeAdapter } from "../workers/model/adapter-slabs.ts";
import { allocateAdapter } from "../workers/model/lora.ts";
import { stepFlops } from "../workers/model/memory-plan.ts";
import { openDataset } from "../workers/shards/shards.ts";
import { memoryStore } from "../workers/storage/memory.ts";
import { parseRecipe } from "../workers/train/recipe.ts";
import { createTrainingStep, type MakeTower } from "../workers/train/training-step.ts";
import { ownTower } from "../workers/vision/encoder.ts";
import { ortTower } from "../workers/vision/ort.ts";
import { interleave, mustAgree } from "./measure.ts";
import { callsOf, installMeter } from "./meter.ts";
import type { KernelProfile, StepResult, StepSide } from "./results.ts";

/** The towers sum in different orders; the loss is an average over all of it. */
const LOSS_TOLERANCE = 1e-4;

/** The programs that `work` replays, with their dims: what a step really ran, not what the bench thinks it runs. */
async function replaysOf(work: () => Promise<unknown>): Promise<{ program: Program; dims: Dims }[]> {
  const replays: { program: Program; dims: Dims }[] = [];
  const { run } = Program.prototype;
  Program.prototype.run = function (dims, pace, options) {
    replays.push({ program: this, dims: { ...dims } });
    return run.call(this, dims, pace, options);
  };
  try {
    await work();
  } finally {
    Program.prototype.run = run;
  }
  return replays;
}

/** Sums over programs; slowest kernel first. */
async function profileOf(replays: { program: Program; dims: Dims }[]): Promise<KernelProfile[]> {
  const sums = new Map<string, KernelProfile>();
  for (const { program, dims } of replays) {
    for (const [kernel, time] of await program.profile(dims)) {
      const sum = sums.get(kernel) ?? { kernel, dispatches: 0, ms: 0, flops: 0 };
      sum.dispatches += time.dispatches;
      sum.ms += time.ms;
      sum.flops += time.flops;
      sums.set(kernel, sum);
    }
  }
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
}

/** Loads the demo, takes its first rows as the batch, and measures. Throws where the two towers' losses differ. */
export async function benchStep(gpu: Gpu, recipeJson: Record<string, unknown>, rounds: number): Promise<StepResult> {
  const recipe = parseRecipe(recipeJson);
  const batchSize = recipe.perDeviceTrainBatchSize;
  const files = filesFromBlobs(await embeddedFiles("model"));
  const model = await loadModel(gpu, await openModel(files, recipe), undefined, () => {});
  const store = memoryStore();
  const data = await embeddedFiles("data", (name) => name.startsWith("images/") || name === "metadata.jsonl");
  const { id } = await prepareDataset(store, data, "sample data", model.preparation, () => {});
  const dataset = (await openDataset(store, id))!;
  const examples = await Promise.all(Array.from({ length: batchSize }, (_, i) => dataset.read(i)));

  const { llava } = model;
  const plan = planRun(model, recipe, dataset.manifest.longest);
  const arena = new Arena(gpu, llava.counters);
  const adapter = allocateAdapter(arena, model.config, loraSettings(recipe), true);
  writeAdapter(llava, adapter, (m) => initialLora(m.module, recipe.loraR, m.inFeatures, m.outFeatures, recipe.seed));
  const meter = installMeter();

  const prepareSide = async (makeTower: MakeTower) => {
    const before = { pipelines: meter.calls.pipelinesCreated, compileMs: meter.compileMs };
    // A cold start for each side: pipelines that the other side has made do not count as its own.
    const step = await createTrainingStep({ ...llava, pipelines: new (llava.pipelines.constructor as never)() }, adapter, {
      capacity: plan.capacity,
      tileCapacity: plan.tileCapacity,
      optimizer: {
        beta1: recipe.adamBeta1,
        beta2: recipe.adamBeta2,
        epsilon: recipe.adamEpsilon,
        weightDecay: recipe.weightDecay,
        maxGradNorm: recipe.maxGradNorm,
      },
      trainOn: recipe.trainOn,
      normalise: model.normalise,
      makeTower,
    });
    return { step, before };
  };
  void prepareSide;
  throw new Error("draft");
}
