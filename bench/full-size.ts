/**
 * What a checkpoint of full size costs, as one JSON line: time and peak memory of this process (software GPU included).
 *
 *     node scripts/run-ts.mjs /bench/full-size.ts load DIR/model CACHE     onto the GPU; the second time from CACHE
 *     node scripts/run-ts.mjs /bench/full-size.ts prepare DIR/model        every tensor read and quantised, none kept: no GPU
 *
 * `reference/make_full_size.py` makes such folders; a GPU in Node needs the environment that `scripts/headless.mjs` sets.
 */
import { readFile } from "node:fs/promises";
import { Planner } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { loadingPlan } from "../workers/models/load.ts";
import { loadModel, openModel } from "../workers/models/open.ts";
import { allocateWeights } from "../workers/models/weights.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { openFsCache } from "../workers/storage/fs-cache.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";
import { loadOrQuantise } from "../workers/weights/loading/quantised-cache.ts";

export async function main([command, model = "", cache = ""]: string[]): Promise<number> {
  const idle = await peakBytes();
  const opened = await openModel(await filesFromDirectory(model), parseRecipe({}));
  const { checkpoint, config, quant } = opened;
  const tensors = [...checkpoint.tensors.values()];
  const out: Record<string, unknown> = {
    command,
    checkpointBytes: tensors.reduce((sum, { start, end }) => sum + end - start, 0),
    largestTensorBytes: Math.max(...tensors.map(({ start, end }) => end - start)),
    processBeforeBytes: idle,
  };
  const began = performance.now();
  if (command === "load") {
    const loaded = await loadModel(await openGpu(await nodeGpu()), opened, await openFsCache(cache), () => {});
    out.from = loaded.from;
    out.gpuBytes = loaded.vlm.counters.bytesAllocated;
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

/** The most memory that this process ever held (Linux). */
async function peakBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)![1]);
}
