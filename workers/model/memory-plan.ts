/**
 * Memory is planned, then allocated: the plan runs the very allocation code with a `Planner` in place of the GPU, so the figures
 * that the page shows are the buffers that will be made.
 */
import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import { registerVariants } from "../gpu/variants.ts";
import { allocateVision, projectorForward, towerForward, type VisionActivations, visionBackward } from "./clip.ts";
import { featuresPerTile, type LlavaConfig, qkvSize } from "./config.ts";
import type { ActivationPolicy } from "./llama.ts";
import { allocatePass, type PassBuffers, type PassCapacity, recordTraining } from "./llava.ts";
import {
  type Adapter,
  allocateAdapter,
  checkpointBytes,
  type LoraSettings,
  learnsFromPictures,
  type Optim,
} from "./lora.ts";
import { allocateWeights, type LlavaWeights, type QuantSettings, type TensorFacts } from "./weights.ts";

export interface MemoryPlan {
  /** Bytes by group, in allocation order. */
  groups: { name: string; bytes: number }[];
  totalBytes: number;
  /** The largest single buffer. */
  largest: { label: string; bytes: number };
  /** Capacity of one pass: what training is to be created with. */
  capacity: PassCapacity;
  tileCapacity: number;
  trainableParameters: number;
  /** LoRA weights and both Adam moments. */
  checkpointBytes: number;
  /** Dispatches of an optimizer step, all its passes and the vision tower included. */
  dispatchesPerStep: number;
}

/** A pass keeps a GPU busy from so many rows or so much work on: what is more only costs memory, so larger batches take several. */
const PASS_ROWS = 2048;
const PASS_FLOPS = 2e12;
/** Above this, activations are recomputed layer by layer rather than kept. */
const KEEP_BYTES = 1.5e9;

export interface PlanRequest {
  config: LlavaConfig;
  tensors: Map<string, TensorFacts>;
  quant: QuantSettings | undefined;
  lora: LoraSettings;
  optim?: Optim;
  /** Rows of a micro-batch as the recipe has it, and micro-batches of an optimizer step. */
  batchSize: number;
  accumulation: number;
  /** Tokens of the longest row, and tiles of its pictures. */
  longest: number;
  tilesPerRow: number;
  policy?: ActivationPolicy;
}

/** Computes the plan; allocates nothing. */
export function planMemory(request: PlanRequest): MemoryPlan {
  const { config, tensors, quant, lora, batchSize, accumulation, longest, tilesPerRow } = request;
  const busyRows = Math.min(PASS_ROWS, Math.floor(PASS_FLOPS / (4 * linearParameters(config))));
  const rows = Math.max(longest, Math.min(batchSize * longest, busyRows));
  const rowsPerPass = Math.max(1, Math.min(batchSize, Math.floor(rows / Math.max(1, longest))));
  const tiles = Math.max(1, tilesPerRow * rowsPerPass);
  const passes = Math.ceil((batchSize * accumulation) / rowsPerPass);
  const build = (policy: ActivationPolicy): MemoryPlan => {
    const capacity: PassCapacity = { rows, labelRows: rows, features: tiles * featuresPerTile(config), policy };
    const tileCapacity = Math.min(8, tiles);
    const planner = new Planner();
    const { weights } = allocateWeights(planner, config, tensors, quant);
    planner.tensor("weights/rope", config.text.headSize * Math.min(config.text.maxPositions, 8192));
    const adapter = allocateAdapter(planner, config, lora, true, request.optim);
    const pass = allocatePass(planner, config, weights, lora, capacity);
    const vision = allocateVision(
      planner,
      config,
      tileCapacity,
      learnsFromPictures(adapter) ? { lora, policy } : undefined,
    );
    return {
      groups: [...planner.groups].map(([name, bytes]) => ({ name, bytes })),
      totalBytes: planner.totalBytes,
      largest: planner.largest,
      capacity,
      tileCapacity,
      trainableParameters: adapter.trainableParameters,
      dispatchesPerStep: countDispatches(config, weights, adapter, pass, vision, {
        passes,
        towerCalls: Math.ceil(tiles / tileCapacity),
      }),
      checkpointBytes: checkpointBytes(adapter),
    };
  };
  if (request.policy) return build(request.policy);
  const kept = build("keep");
  const kinds = lora.targets === "all-linear" ? ["activations", "vision"] : ["activations"];
  const activations = kept.groups.reduce((sum, g) => sum + (kinds.includes(g.name) ? g.bytes : 0), 0);
  return activations > KEEP_BYTES ? build("recompute") : kept;
}

/** Records the programs of a step without a GPU and counts what is in them. */
function countDispatches(
  config: LlavaConfig,
  weights: LlavaWeights,
  adapter: Adapter,
  pass: PassBuffers,
  vision: VisionActivations,
  times: { passes: number; towerCalls: number },
): number {
  const training = recordTraining({ config, weights, ropeTable: pass.ids, variants: registerVariants }, pass, adapter);
  const tower = new Recorder();
  const visionPass = { config, weights, lora: adapter.vision, projector: adapter.projector, tiles: 1 };
  towerForward(tower, vision, visionPass);
  projectorForward(tower, pass.imageFeatures, vision, visionPass, 0);
  if (learnsFromPictures(adapter)) visionBackward(tower, pass.gradients!.dx, vision, visionPass);
  // One norm and one AdamW dispatch a layer slab, and the norm's last stage.
  const update = 2 * adapter.grads.length + 1;
  return times.passes * (training.specs.length + times.towerCalls * tower.specs.length) + update;
}

/** Weights of the language model's linear layers: a row of a forward pass costs two FLOPs for each. */
function linearParameters({ text }: LlavaConfig): number {
  const { hiddenSize: h, intermediateSize: f, numLayers, numHeads, headSize } = text;
  return numLayers * (h * qkvSize(text) + numHeads * headSize * h + 3 * h * f);
}

/**
 * Multiply-adds counted as two FLOPs, of one step over `rows` tokens of which `labels` are targets, with `images` tiles.
 * `executed` includes recomputation; `ideal` is forward + input gradients + LoRA (no dW of the frozen base).
 */
export function stepFlops(
  config: LlavaConfig,
  vocab: number,
  rank: number,
  rows: number,
  labels: number,
  tiles: number,
  averageLength: number,
  policy: ActivationPolicy,
): { executed: number; ideal: number } {
  const { hiddenSize: h, intermediateSize: f, numLayers, numHeads, headSize } = config.text;
  const q = numHeads * headSize;
  const base = linearParameters(config);
  const lora = numLayers * rank * (3 * h + qkvSize(config.text) + q + h + 2 * h + 2 * f + f + h);
  const attention = 2 * numLayers * q * averageLength; // causal: half of QKᵀ and PV
  const v = config.vision;
  const patches = (v.imageSize / v.patchSize) ** 2;
  const tower =
    tiles *
    (patches + 1) *
    (2 *
      config.visionLayersUsed *
      (4 * v.hiddenSize ** 2 + 2 * v.hiddenSize * v.intermediateSize + 2 * v.hiddenSize * patches) +
      2 * v.hiddenSize * 3 * v.patchSize ** 2 +
      2 * h * (v.hiddenSize + h));
  const forward = rows * (2 * base + 2 * lora + attention);
  const backward = rows * (2 * base + 4 * lora + 3.5 * attention);
  const head = 2 * 2 * labels * h * vocab;
  const ideal = forward + backward + head + tower;
  return { ideal, executed: policy === "recompute" ? ideal + forward : ideal };
}
