/**
 * Memory is planned, then allocated: the plan runs the very allocation code with a `Planner` in place of the GPU, so the figures
 * that the page shows are the buffers that will be made.
 */

import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import { registerVariants } from "../gpu/variants.ts";
import type { Optim } from "../recipe.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "./activations.ts";
import { allocateVision, projectorForward, towerForward, type VisionActivations, visionBackward } from "./clip.ts";
import { featuresPerTile, type LlavaConfig, qkvSize } from "./config.ts";
import { allocatePass, type PassBuffers, type PassCapacity, recordTraining } from "./llava.ts";
import { positionsOf } from "./load.ts";
import { type Adapter, allocateAdapter, checkpointBytes, type LoraSettings, learnsFromPictures } from "./lora.ts";
import { allocateWeights, type LlavaWeights, type QuantSettings, type TensorFacts } from "./weights.ts";

export interface MemoryPlan {
  /** Bytes by group, in allocation order. */
  groups: { name: string; bytes: number }[];
  totalBytes: number;
  /** The largest single buffer. */
  largest: { label: string; bytes: number };
  /** Capacity of one pass: what training is to be created with. */
  capacity: PassCapacity & { policy: ActivationPolicy };
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
/** Activations up to here are kept as they are, in f32. */
const KEEP_BYTES = 0.5e9;
/** What activations may take where the recipe asks to keep them: as many layers keep theirs, in f16. */
const KEEP_IN_HALF_BYTES = 3e9;

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
  /** The recipe's: recompute (true), keep (false), or keep what is small and recompute what is not (null, the default). */
  gradientCheckpointing?: boolean | null;
  /** Instead of the one that would be chosen. */
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
  const tileCapacity = Math.min(8, tiles);
  const allocate = (policy: ActivationPolicy) => {
    const capacity = { rows, labelRows: rows, features: tiles * featuresPerTile(config), policy };
    const planner = new Planner();
    const { weights } = allocateWeights(planner, config, tensors, quant);
    planner.tensor("weights/rope", config.text.headSize * positionsOf(config.text));
    const adapter = allocateAdapter(planner, config, lora, true, request.optim);
    const pass = allocatePass(planner, config, weights, lora, capacity);
    const vision = allocateVision(
      planner,
      config,
      tileCapacity,
      learnsFromPictures(adapter) ? { lora, policy } : undefined,
    );
    return { planner, capacity, weights, adapter, pass, vision };
  };
  const kinds = lora.targets === "all-linear" ? ["activations", "vision"] : ["activations"];
  const activationBytes = (policy: ActivationPolicy): number => {
    const { groups } = allocate(policy).planner;
    return kinds.reduce((sum, kind) => sum + (groups.get(kind) ?? 0), 0);
  };
  const policy = request.policy ?? choosePolicy(activationBytes, config.text.numLayers, request.gradientCheckpointing);
  const { planner, capacity, weights, adapter, pass, vision } = allocate(policy);
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
}

/** Small passes stay exact: f32, whatever is kept. Larger ones keep in f16 what they keep. */
function choosePolicy(
  activationBytes: (policy: ActivationPolicy) => number,
  numLayers: number,
  checkpointing: boolean | null = null,
): ActivationPolicy {
  if (activationBytes(KEEP) <= KEEP_BYTES) return checkpointing ? RECOMPUTE : KEEP;
  const none: ActivationPolicy = { precision: "f16", keptLayers: 0 };
  if (checkpointing !== false) return none;
  const least = activationBytes(none);
  const perLayer = (activationBytes({ ...none, keptLayers: numLayers }) - least) / numLayers;
  const room = Math.floor((KEEP_IN_HALF_BYTES - least) / perLayer);
  return { ...none, keptLayers: Math.max(0, Math.min(numLayers, room)) };
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

/** What one step works on. */
export interface StepWork {
  /** Rows of the embedding. */
  vocab: number;
  rank: number;
  /** Tokens, and how many of them are targets. */
  rows: number;
  labelRows: number;
  /** Tiles of all pictures. */
  tiles: number;
  /** Tokens of a row of the data, on average. */
  tokensPerRow: number;
  policy: ActivationPolicy;
}

/**
 * Multiply-adds counted as two FLOPs, of one step.
 * `ideal` is forward + input gradients + LoRA (no dW of the frozen base). `executed` includes what is recomputed: the forward pass of
 * layers that keep only their input, up to the down projection, of which nothing is needed again but its narrow LoRA half.
 */
export function stepFlops(config: LlavaConfig, work: StepWork): { executed: number; ideal: number } {
  const { vocab, rank, rows, labelRows, tiles, tokensPerRow, policy } = work;
  const { hiddenSize: h, intermediateSize: f, numLayers, numHeads, headSize } = config.text;
  const q = numHeads * headSize;
  const base = linearParameters(config);
  const lora = numLayers * rank * (3 * h + qkvSize(config.text) + q + h + 2 * h + 2 * f + f + h);
  const attention = 2 * numLayers * q * tokensPerRow; // causal: half of QKᵀ and PV
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
  const head = 2 * 2 * labelRows * h * vocab;
  const ideal = forward + backward + head + tower;
  const again = rows * (2 * (base - numLayers * h * f) + 2 * (lora - numLayers * rank * h) + attention);
  const recomputed = 1 - Math.min(1, policy.keptLayers / numLayers);
  return { ideal, executed: ideal + recomputed * again };
}
