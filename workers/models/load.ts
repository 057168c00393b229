/** Checkpoint files -> a model on the GPU, tensor by tensor: read (or taken from the cache), quantised, uploaded, dropped. */

import type { PictureFormat } from "../data/pictures/format.ts";
import { Arena, newCounters, Planner, write } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { LentMemory } from "../gpu/lent-memory.ts";
import { PipelineCache } from "../gpu/program.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import { ropeTable } from "../kernels/attention/rope.ts";
import { selectVariants } from "../kernels/select.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { type CacheOutcome, loadCost, loadOrQuantise, type PlanEntry } from "../weights/loading/quantised-cache.ts";
import { readStored, type StoredCheckpoint } from "../weights/loading/stored-four-bit.ts";
import { positionsOf, type VlmConfig } from "./config.ts";
import { fillWeight } from "./fill-weights.ts";
import type { Vlm } from "./vlm.ts";
import type { QuantSettings, TensorFacts } from "./weight-builder.ts";
import { allocateWeights, type WeightLayout } from "./weights.ts";

export interface LoadOptions {
  /** Where quantised weights are kept between visits. */
  cache: FileCache | undefined;
  /** `toRead`: bytes of the checkpoint that the cache does not have; 0 before that is known. */
  onProgress: (p: {
    phase: "reading" | "quantising" | "uploading";
    fraction: number;
    detail: string;
    toRead: number;
  }) => void;
}

export interface Loaded {
  vlm: Vlm;
  from: "checkpoint" | "cache";
  /** What the user should know of the cache; "" when all is well. */
  cacheNote: string;
}

/** What a model is made of, before any weight is read. */
export interface ModelPlan {
  config: VlmConfig;
  pictures: PictureFormat;
  quant: QuantSettings | undefined;
}

/** A model whose weights are still zero. Throws TabTuneError as `loadVlm` does, and leaves nothing behind. */
export async function allocateVlm(
  gpu: Gpu,
  { config, pictures, quant }: ModelPlan,
  tensors: ReadonlyMap<string, TensorFacts>,
): Promise<Vlm> {
  const counters = newCounters();
  const arena = new Arena(gpu, counters);
  const { headSize, ropeTheta, ropeAxes } = config.decoder;
  const table = ropeTable(positionsOf(config.decoder), headSize, ropeTheta, ropeAxes);
  const { layout, rope } = await trialAllocation(gpu, () => ({
    layout: allocateWeights(arena, config, tensors, quant),
    rope: arena.tensor("weights/rope", table.length),
  })).catch((error) => {
    arena.dispose();
    throw error;
  });
  write(gpu, rope, table, counters);
  return {
    gpu,
    counters,
    pipelines: new PipelineCache(gpu, counters),
    variants: selectVariants(gpu.facts),
    pace: { flopsPerSecond: gpu.facts.software ? 2e9 : 5e10, software: gpu.facts.software },
    config,
    pictures,
    layout,
    weights: layout.weights,
    ropeTable: rope,
    arena,
    lent: new LentMemory(gpu, counters),
  };
}

/** Throws TabTuneError when tensors are missing, of the wrong shape, or do not fit the adapter. */
export async function loadVlm(
  gpu: Gpu,
  model: ModelPlan,
  checkpoint: StoredCheckpoint,
  options: LoadOptions,
): Promise<Loaded> {
  const vlm = await allocateVlm(gpu, model, checkpoint.tensors);
  const { layout, counters, arena } = vlm;
  const plan = loadingPlan(checkpoint, layout.fills, model.quant);
  const tensors = loadOrQuantise(checkpoint, plan, options.cache, (p) => {
    const phase = p.phase === "quantising" ? "quantising" : "reading";
    options.onProgress({ phase, fraction: p.total > 0 ? p.bytes / p.total : 0, detail: p.name, toRead: p.toRead });
  });
  let outcome: CacheOutcome;
  /** One tensor goes up while the next is made ready. */
  let taken = Promise.resolve();
  try {
    for (const [name, fill] of layout.fills) {
      if (isStored(checkpoint, name))
        await fillWeight(gpu, fill, { kind: "4bit", ...(await readStored(checkpoint, name)) }, counters);
    }
    for (;;) {
      const { done, value } = await tensors.next();
      await taken;
      if (done) {
        outcome = value;
        break;
      }
      taken = fillWeight(gpu, layout.fills.get(value.name)!, value, counters);
      // Its failure is told in the next round; until then it is not unhandled.
      taken.catch(() => undefined);
    }
    gpu.alive();
  } catch (error) {
    // What is on its way would write to buffers that are gone.
    await Promise.allSettled([taken]);
    // A tensor that came in pieces is being written to the cache.
    await tensors.return({ cache: "off" });
    arena.dispose();
    throw error;
  }
  options.onProgress({ phase: "uploading", fraction: 1, detail: "", toRead: 0 });
  return { vlm, from: outcome.cache === "hit" ? "cache" : "checkpoint", cacheNote: noteOf(outcome) };
}

/** What a load will read, keep and allocate, from headers alone. Bytes; `gpuBytes` are the weights'. */
export async function costOfLoading(
  { config, quant, checkpoint }: Pick<ModelPlan, "config" | "quant"> & { checkpoint: StoredCheckpoint },
  cache: FileCache,
): Promise<{ toRead: number; prepared: number; toWrite: number; gpuBytes: number; parameters: number }> {
  const planner = new Planner();
  const { fills, parameters } = allocateWeights(planner, config, checkpoint.tensors, quant);
  const cost = await loadCost(checkpoint, loadingPlan(checkpoint, fills, quant), cache);
  return { ...cost, gpuBytes: planner.totalBytes, parameters };
}

/** What is to be done with each tensor that the model uses; those that the checkpoint has in 4 bits are taken as they are. */
export function loadingPlan(
  checkpoint: StoredCheckpoint,
  fills: WeightLayout["fills"],
  quant: QuantSettings | undefined,
): PlanEntry[] {
  return [...fills].flatMap(([name, fill]): PlanEntry[] => {
    if (isStored(checkpoint, name)) return [];
    if (fill.kind !== "4bit") {
      const format = fill.kind === "host" ? fill.table.format : fill.format;
      // Rounding once is enough: the cache keeps what it gave.
      return [{ name, how: format === "f16" && checkpoint.tensors.get(name)?.dtype !== "F16" ? "f16" : "keep" }];
    }
    const { blockSize, doubleQuant } = quant!;
    return [{ name, how: fill.type, blockSize, roundToF16First: true, doubleQuant }];
  });
}

const isStored = (checkpoint: StoredCheckpoint, name: string): boolean =>
  checkpoint.tensors.get(name)?.fourBit !== undefined;

function noteOf(outcome: CacheOutcome): string {
  if (outcome.cache === "rebuilt") return outcome.reason;
  if (outcome.cache === "not-stored") {
    return `The 4-bit weights could not be kept for the next visit: ${outcome.reason} The model works; next time it is read and prepared again, unless old runs or models are deleted before.`;
  }
  return "";
}
