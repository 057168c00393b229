/**
 * Memory is planned, then allocated: the plan runs the very allocation code with a `Planner` in place of the GPU, so the figures
 * that the page shows are the buffers that will be made.
 */

import { Planner, tensorBytes } from "../gpu/buffers.ts";
import { softwareVariants } from "../gpu/variants.ts";
import type { Optim } from "../recipe.ts";
import { type ActivationPolicy, allocateActivations, KEEP, RECOMPUTE } from "./activations.ts";
import { type Adapter, allocateAdapter, checkpointBytes } from "./adapter.ts";
import { deepstackOf, featuresPerTile, ropeWords, type VlmConfig } from "./config.ts";
import { recordStages } from "./encoder.ts";
import { allocateReading, type KeptStage, keptStage, stageWords } from "./kept/kept-features.ts";
import { connectorFlops } from "./parts/connector.ts";
import { decoderLinears } from "./parts/decoder.ts";
import { loraParameters, matrixParameters, outSize, sumOf } from "./parts/linears.ts";
import type { LoraSettings } from "./parts/lora.ts";
import { towerFlops } from "./parts/tower.ts";
import { allocateFeatures, type PassBuffers, type PassCapacity, recordTraining } from "./pass.ts";
import { callCapacity } from "./picture-runs.ts";
import { allocateStep } from "./step-buffers.ts";
import { allocateVision, type VisionActivations } from "./vision.ts";
import type { QuantSettings, TensorFacts } from "./weight-builder.ts";
import { allocateWeights, type VlmWeights } from "./weights.ts";

export interface MemoryPlan {
  /** Bytes by group, in allocation order. */
  groups: { name: string; bytes: number }[];
  totalBytes: number;
  /** The largest single buffer. */
  largest: { label: string; bytes: number };
  /** Capacity of one pass: what training is to be created with. */
  capacity: PassCapacity & { policy: ActivationPolicy };
  tileCapacity: number;
  /** Tokens of a question and its answer, where held-out rows are answered between steps. */
  answerRows: number | undefined;
  /** What these answers add to the total: most of their memory is the step's own. 0 where no row is answered. */
  answerBytes: number;
  trainableParameters: number;
  /** LoRA weights and both Adam moments. */
  checkpointBytes: number;
  /** Dispatches of an optimizer step, all its passes and the vision tower included. */
  dispatchesPerStep: number;
  /** The same once the step's pictures were seen: features of frozen stages are kept. */
  dispatchesPerStepSeen: number;
  /**
   * Of the tower's weights, what the pass takes the memory of: a copy lies in CPU memory as long as the run goes on, and is written to
   * the GPU in each step that has pictures which nobody has seen.
   */
  lentBytes: number;
  /** The last frozen stage, whose features are kept, and the bytes of a tile's; undefined where an adapter changes the tower. */
  kept: { stage: KeptStage; tileBytes: number } | undefined;
}

/** A pass keeps a GPU busy from so many rows or so much work on: what is more only costs memory, so larger batches take several. */
const PASS_ROWS = 2048;
const PASS_FLOPS = 2e12;
/** Activations up to here are kept as they are, in f32. */
const KEEP_BYTES = 0.5e9;
/** What activations may take where the recipe asks to keep them: as many layers keep theirs, in f16. */
const KEEP_IN_HALF_BYTES = 3e9;

export interface PlanRequest {
  config: VlmConfig;
  tensors: ReadonlyMap<string, TensorFacts>;
  quant: QuantSettings | undefined;
  lora: LoraSettings;
  optim?: Optim;
  /** Rows of a micro-batch as the recipe has it, and micro-batches of an optimizer step. */
  batchSize: number;
  accumulation: number;
  /** Tokens of the longest row, and tiles of its pictures. */
  longest: number;
  tilesPerRow: number;
  /** Tiles of the largest picture; by default a row has one. */
  tilesPerPicture?: number | undefined;
  /** The recipe's: recompute (true), keep (false), or keep what is small and recompute what is not (null, the default). */
  gradientCheckpointing?: boolean | null;
  /** Instead of the one that would be chosen. */
  policy?: ActivationPolicy;
  /** Rows are answered between steps: tokens of the longest question with its answer. */
  answerRows?: number | undefined;
}

/** Computes the plan; allocates nothing. */
export function planMemory(request: PlanRequest): MemoryPlan {
  const { config, tensors, quant, lora, batchSize, accumulation, longest, tilesPerRow, answerRows } = request;
  const busyRows = Math.min(PASS_ROWS, Math.floor(PASS_FLOPS / (4 * decoderParameters(config))));
  const rows = Math.max(longest, Math.min(batchSize * longest, busyRows));
  const rowsPerPass = Math.max(1, Math.min(batchSize, Math.floor(rows / Math.max(1, longest))));
  const tiles = Math.max(1, tilesPerRow * rowsPerPass);
  const passes = Math.ceil((batchSize * accumulation) / rowsPerPass);
  const { tilesPerPicture: picture = tilesPerRow } = request;
  const tileCapacity = callCapacity(config.tower, tiles, { usual: 8, picture });
  const features = tiles * featuresPerTile(config);
  const allocate = (policy: ActivationPolicy, answers: number | undefined) => {
    const capacity = { rows, labelRows: rows, features, policy };
    const planner = new Planner();
    const { weights } = allocateWeights(planner, config, tensors, quant);
    planner.tensor("weights/rope", ropeWords(config.decoder));
    const adapter = allocateAdapter(planner, config, lora, { training: true, optim: request.optim });
    const { pass, vision, lent } = allocateStep(planner, {
      ...{ config, weights, adapter, capacity, tileCapacity, answerRows: answers },
    });
    const stage = keptStage(config, adapter);
    if (stage) allocateReading(planner, config, tileCapacity, stage);
    return { planner, capacity, weights, adapter, pass, vision, lent, stage };
  };
  /** Without what is shared: that is for others to take as well. */
  const activationBytes = (policy: ActivationPolicy): number => {
    const planner = new Planner();
    allocateActivations(planner, config.decoder, { rank: lora.rank, rows, policy, cacheRows: rows });
    allocateFeatures(planner, config, features);
    if (lora.targets === "all-linear") allocateVision(planner, config, tileCapacity, { lora, policy });
    return planner.totalBytes;
  };
  const policy =
    request.policy ?? choosePolicy(activationBytes, config.decoder.numLayers, request.gradientCheckpointing);
  const { planner, capacity, weights, adapter, pass, vision, lent, stage } = allocate(policy, answerRows);
  return {
    groups: [...planner.groups].map(([name, bytes]) => ({ name, bytes })),
    totalBytes: planner.totalBytes,
    largest: planner.largest,
    capacity,
    tileCapacity,
    answerRows,
    answerBytes: answerRows === undefined ? 0 : planner.totalBytes - allocate(policy, undefined).planner.totalBytes,
    trainableParameters: adapter.trainableParameters,
    ...countDispatches(
      { config, weights, adapter, pass, vision, stage },
      { passes, towerCalls: Math.ceil(tiles / tileCapacity) },
    ),
    lentBytes: lent.reduce((sum, { length }) => sum + tensorBytes(length), 0),
    kept: stage && { stage, tileBytes: 4 * stageWords(config, stage) },
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
  {
    config,
    weights,
    adapter,
    pass,
    vision,
    stage,
  }: {
    config: VlmConfig;
    weights: VlmWeights;
    adapter: Adapter;
    pass: PassBuffers;
    vision: VisionActivations;
    stage: KeptStage | undefined;
  },
  times: { passes: number; towerCalls: number },
): Pick<MemoryPlan, "dispatchesPerStep" | "dispatchesPerStepSeen"> {
  const facts = { config, weights, ropeTable: pass.ids, variants: softwareVariants };
  const training = recordTraining(facts, pass, adapter);
  const gradients = { dTokens: pass.gradients?.dx, deepstack: pass.dDeepstack };
  const { tower, connector, backward } = recordStages(facts, vision, pass, { adapter, training: gradients });
  const forward = tower.specs.length + connector.specs.length;
  const pictures = forward + (backward?.specs.length ?? 0);
  const left = { none: 0, tower: tower.specs.length, connector: forward }[stage ?? "none"];
  // One norm and one AdamW dispatch a layer slab, and the norm's last stage.
  const update = 2 * adapter.grads.length + 1;
  const stepOf = (forTiles: number): number =>
    times.passes * (training.specs.length + times.towerCalls * forTiles) + update;
  return {
    dispatchesPerStep: stepOf(pictures),
    dispatchesPerStepSeen: stepOf(pictures - left),
  };
}

/** Weights of the decoder's linears: a row of a forward pass costs two FLOPs for each. */
const decoderParameters = ({ decoder }: VlmConfig): number =>
  decoder.numLayers * sumOf(decoderLinears(decoder), matrixParameters);

/** What one step works on. */
export interface StepWork {
  /** Rows of the embedding. */
  vocab: number;
  rank: number;
  /** Tokens, and how many of them are targets. */
  rows: number;
  labelRows: number;
  /** Tiles of all pictures, and of one; that is read where they see each other. */
  tiles: number;
  tilesPerPicture?: number | undefined;
  /** Tokens of a row of the data, on average. */
  tokensPerRow: number;
  policy: ActivationPolicy;
  /** The stage whose features are kept. */
  keptStage?: KeptStage | undefined;
}

/**
 * FLOPs of one step, two a multiply-add. `ideal` is forward + input gradients + LoRA (no dW of the frozen base). `executed` includes
 * what is recomputed: the forward pass of layers that keep only their input, up to the down projection, of which nothing is needed
 * again but its narrow LoRA half. `seen` is what is executed of a step whose pictures were seen before.
 */
export function stepFlops(config: VlmConfig, work: StepWork): { executed: number; ideal: number; seen: number } {
  const { vocab, rank, rows, labelRows, tiles, tokensPerRow, policy } = work;
  const { hiddenSize: h, numLayers, numHeads, headSize } = config.decoder;
  const linears = decoderLinears(config.decoder);
  const base = decoderParameters(config);
  const lora = numLayers * sumOf(linears, (l) => loraParameters(l, rank));
  const attention = 2 * numLayers * numHeads * headSize * tokensPerRow; // causal: half of QKᵀ and PV
  const tower = tiles * towerFlops(config.tower, work.tilesPerPicture);
  const perFeature = [config.connector, ...deepstackOf(config).map((d) => d.connector)].map(connectorFlops);
  const connector = tiles * featuresPerTile(config) * perFeature.reduce((sum, flops) => sum + flops);
  const pictures = tower + connector;
  const forward = rows * (2 * base + 2 * lora + attention);
  const backward = rows * (2 * base + 4 * lora + 3.5 * attention);
  const head = 2 * 2 * labelRows * h * vocab;
  const ideal = forward + backward + head + pictures;
  const notAgain = numLayers * (matrixParameters(linears.down) + rank * outSize(linears.down));
  const again = rows * (2 * (base + lora - notAgain) + attention);
  const recomputed = 1 - Math.min(1, policy.keptLayers / numLayers);
  const executed = ideal + recomputed * again;
  const left = { none: 0, tower, connector: pictures }[work.keptStage ?? "none"];
  return { ideal, executed, seen: executed - left };
}
