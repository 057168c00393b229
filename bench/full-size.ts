/**
 * What a checkpoint of full size costs, as one JSON line: time and peak memory of this process (software GPU included).
 *
 *     node scripts/run-gpu.mjs /bench/full-size.ts load DIR/model CACHE     onto the GPU; the second time from CACHE
 *     node scripts/run-gpu.mjs /bench/full-size.ts run DIR/model CACHE RECIPE.json [TOKENS]   and a step with it: planned and allocated
 *     node scripts/run-ts.mjs /bench/full-size.ts prepare DIR/model        every tensor read and quantised, none kept: no GPU
 *
 * `reference/make_full_size.py` makes such folders.
 */
import { readFile } from "node:fs/promises";
import { Arena, Planner } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { allocateAdapter } from "../workers/models/adapter.ts";
import { loadingPlan } from "../workers/models/load.ts";
import { type LoadedModel, loadModel, openModel } from "../workers/models/open.ts";
import { allocateWeights } from "../workers/models/weights.ts";
import { parseRecipe, type Recipe } from "../workers/recipe.ts";
import { openFsCache } from "../workers/storage/fs-cache.ts";
import { loraSettings, onModel } from "../workers/training/plan.ts";
import { createTrainingStep } from "../workers/training/step.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";
import { loadOrQuantise } from "../workers/weights/loading/quantised-cache.ts";

export async function main([command, model = "", cache = "", file = "", tokens = "0"]: string[]): Promise<number> {
  const idle = await peakBytes();
  const recipe = parseRecipe(file ? JSON.parse(await readFile(file, "utf8")) : {});
  const opened = await openModel(await filesFromDirectory(model), recipe);
  const { checkpoint, config, quant } = opened;
  const tensors = [...checkpoint.tensors.values()];
  const out: Record<string, unknown> = {
    command,
    checkpointBytes: tensors.reduce((sum, { start, end }) => sum + end - start, 0),
    largestTensorBytes: Math.max(...tensors.map(({ start, end }) => end - start)),
    processBeforeBytes: idle,
  };
  const began = performance.now();
  if (command === "load" || command === "run") {
    const loaded = await loadModel(await openGpu(await nodeGpu()), opened, await openFsCache(cache), () => {});
    out.from = loaded.from;
    out.gpuBytes = loaded.vlm.counters.bytesAllocated;
    if (command === "run") Object.assign(out, await standing(loaded, recipe, Number(tokens)));
  } else {
    const { fills, parameters } = allocateWeights(new Planner(), config, checkpoint.tensors, quant);
    let preparedBytes = 0;
    for await (const tensor of loadOrQuantise(checkpoint, loadingPlan(checkpoint, fills, quant), undefined)) {
      preparedBytes +=
        tensor.kind === "4bit" ? tensor.codes.byteLength + tensor.absmax.byteLength : tensor.bytes.byteLength;
    }
    Object.assign(out, { parameters, preparedBytes });
  }
  out.seconds = Math.round((performance.now() - began) / 100) / 10;
  out.peakBytes = await peakBytes();
  process.stdout.write(`${JSON.stringify(out)}\n`);
  return 0;
}

/** Puts adapter and step of the recipe on the GPU, for rows of so many tokens with a picture each (0: as planned without data). */
async function standing(model: LoadedModel, given: Recipe, longest: number): Promise<Record<string, number>> {
  const { vlm } = model;
  const { recipe, planOf } = onModel(model, given);
  const { rowTokens, memory } = planOf(longest ? { rows: 1, longest, pictures: 1 } : undefined);
  const lora = loraSettings(recipe);
  const arena = new Arena(vlm.gpu, vlm.counters);
  const adapter = allocateAdapter(arena, model.config, lora, { training: true, optim: recipe.optim });
  await createTrainingStep(vlm, adapter, {
    ...memory,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    trainOn: recipe.trainOn,
  });
  return { rowTokens, plannedBytes: memory.totalBytes, allocatedBytes: vlm.counters.bytesAllocated };
}

/** The most memory that this process ever held (Linux). */
async function peakBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)![1]);
}
