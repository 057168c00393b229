/**
 * One optimizer step on the GPU: micro-batches are packed, run forward and backward, their LoRA gradients added up; then norm, clip
 * and AdamW. Everything is allocated and recorded by `createTrainingStep`; a steady step creates no GPU object.
 */
import { type PackedBatch, packExamples, splitByCapacity } from "../batches/pack.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, type Tensor, write } from "../gpu/buffers.ts";
import { type Program, Recorder } from "../gpu/program.ts";
import { adamw } from "../kernels/adamw.ts";
import { gradNorm, gradNormPartials } from "../kernels/grad-norm.ts";
import type { VisionActivations } from "../model/clip.ts";
import { featuresPerTile } from "../model/config.ts";
import { imageSlots } from "../model/image-slots.ts";
import {
  allocatePass,
  type Llava,
  type PassBuffers,
  type PassCapacity,
  recordEvaluation,
  recordTraining,
} from "../model/llava.ts";
import type { Adapter } from "../model/lora.ts";
import { writeTokens } from "../model/token-table.ts";
import { type Example, labelsOf } from "../shards/example.ts";
import { createEncoder, ownTower, type Tower, type VisionEncoder } from "../vision/encoder.ts";

export interface OptimizerSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** 0 switches clipping off. */
  maxGradNorm: number;
}

export interface StepResult {
  loss: number;
  gradNorm: number;
  targetTokens: number;
  tokens: number;
}

export type TrainOn = "responses" | "all-text";
/** Pixels of an example -> normalised f32 [tiles, 3, S, S]. */
export type Normalise = (pixels: Uint8Array, tiles: number) => Float32Array;
export type MakeTower = (model: Llava, arena: Arena, v: VisionActivations) => Promise<Tower>;

/** Runs batches through a model without touching the adapter (evaluation), or with gradients (training). */
export interface Runner {
  buffers: PassBuffers;
  encoder: VisionEncoder;
  /** Loss of every target of the packed batch, in packed order. Throws "gpu-error"/"device-lost". */
  losses(pack: PackedBatch): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface TrainingStep {
  runner: Runner;
  adapter: Adapter;
  /**
   * One optimizer step over `examples` (the whole optimizer batch, any split into micro-batches). `step` counts from 1.
   * `beforeUpdate` sees the summed gradients before clipping. Throws "non-finite-loss" with nothing updated.
   */
  run(examples: Example[], step: number, learningRate: number, beforeUpdate?: () => Promise<void>): Promise<StepResult>;
  dispose(): Promise<void>;
}

interface Session extends Runner {
  arena: Arena;
  upload(pack: PackedBatch): Promise<void>;
  run(pack: PackedBatch, dims: { gradScale: number; accumulate: number }): Promise<Float32Array>;
  readNorm(source: Tensor): Promise<Float32Array>;
}

async function createSession(
  model: Llava,
  capacity: PassCapacity,
  tileCapacity: number,
  rank: number,
  normalise: Normalise,
  makeTower: MakeTower,
  record: (buffers: PassBuffers) => Recorder,
): Promise<Session> {
  const { gpu, config, counters } = model;
  const arena = new Arena(gpu, counters);
  const buffers = allocatePass(arena, config, model.weights, rank, capacity);
  const encoder = await createEncoder(model, arena, buffers.imageFeatures, capacity.features, tileCapacity, (v) =>
    makeTower(model, arena, v),
  );
  const program: Program = await record(buffers).build(arena, model.pipelines);
  const staging = gpu.device.createBuffer({
    label: "losses to read",
    size: Math.max(256, buffers.nll.length * 4),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  counters.buffersCreated += 1;
  const newline = capacity.features;

  const read = async (source: Tensor, length: number): Promise<Float32Array> => {
    const command = gpu.device.createCommandEncoder();
    command.copyBufferToBuffer(source.buffer, source.offset, staging, 0, length * 4);
    gpu.device.queue.submit([command.finish()]);
    await staging.mapAsync(GPUMapMode.READ, 0, length * 4).catch((cause) => {
      gpu.alive();
      throw cause;
    });
    const values = new Float32Array(staging.getMappedRange(0, length * 4).slice(0));
    staging.unmap();
    // A lost device maps zeros without an error: nothing read after a loss may be believed.
    gpu.alive();
    return values;
  };

  /** All pictures of a pack, as many tiles at a time as the tower takes: their rows do not see each other. */
  const encodePictures = async (examples: Example[]): Promise<void> => {
    const pictures = examples.filter((example) => example.images.length > 0);
    const tileCount = (e: Example): number => e.images.reduce((sum, image) => sum + image.tiles, 0);
    const tiles = pictures.reduce((sum, e) => sum + tileCount(e), 0);
    if (tiles === 0) return;
    const bytes = pictures[0]!.pixels.length / tileCount(pictures[0]!);
    const all = new Uint8Array(tiles * bytes);
    let at = 0;
    for (const { pixels } of pictures) {
      all.set(pixels, at);
      at += pixels.length;
    }
    for (let first = 0; first < tiles; first += encoder.capacity) {
      const count = Math.min(encoder.capacity, tiles - first);
      await encoder.encode(normalise(all.subarray(first * bytes, (first + count) * bytes), count), count, first);
    }
  };

  const upload = async (pack: PackedBatch): Promise<void> => {
    const slots = new Int32Array(pack.rows).fill(-1);
    let row = 0;
    let tile = 0;
    for (const example of pack.examples) {
      const perImage = example.images.map((image) => {
        const rows = imageSlots(image, config, tile, newline);
        tile += image.tiles;
        return rows;
      });
      const all = perImage.flatMap((rows) => [...rows]);
      let next = 0;
      example.inputIds.forEach((id, t) => {
        if (id === config.imageTokenId) slots[row + t] = all[next++]!;
      });
      row += example.inputIds.length;
    }
    writeTokens(gpu, counters, model.weights.embed, buffers, pack.inputIds);
    write(gpu, buffers.slots, slots, counters);
    write(gpu, buffers.starts, pack.starts, counters);
    write(gpu, buffers.ends, pack.ends, counters);
    write(gpu, buffers.positions, pack.positions, counters);
    write(gpu, buffers.labelRows, pack.labelRows, counters);
    write(gpu, buffers.targets, pack.targets, counters);
    await encodePictures(pack.examples);
  };

  const run = async (pack: PackedBatch, dims: { gradScale: number; accumulate: number }): Promise<Float32Array> => {
    await upload(pack);
    await program.run({ rows: pack.rows, labelRows: pack.targets.length, ...dims }, model.pace);
    return read(buffers.nll, pack.targets.length);
  };
  return {
    arena,
    buffers,
    encoder,
    upload,
    run,
    readNorm: (source) => read(source, 4),
    losses: (pack) => run(pack, { gradScale: 1, accumulate: 0 }),
    async dispose() {
      await encoder.tower.dispose();
      staging.destroy();
      arena.dispose();
    },
  };
}

/** A runner that only measures losses, with or without an adapter. */
export function createEvaluation(
  model: Llava,
  capacity: PassCapacity,
  tileCapacity: number,
  normalise: Normalise,
  adapter: Adapter | undefined,
  makeTower: MakeTower = ownTower,
): Promise<Runner> {
  const rank = adapter?.settings.rank ?? 4;
  return createSession(model, capacity, tileCapacity, rank, normalise, makeTower, (buffers) =>
    recordEvaluation(model, buffers, adapter),
  );
}

export interface TrainingOptions {
  capacity: PassCapacity;
  tileCapacity: number;
  optimizer: OptimizerSettings;
  trainOn: TrainOn;
  normalise: Normalise;
  makeTower?: MakeTower;
}

export async function createTrainingStep(
  model: Llava,
  adapter: Adapter,
  options: TrainingOptions,
): Promise<TrainingStep> {
  const { capacity, tileCapacity, optimizer, trainOn, normalise, makeTower = ownTower } = options;
  const { rank } = adapter.settings;
  const session = await createSession(model, capacity, tileCapacity, rank, normalise, makeTower, (buffers) =>
    recordTraining(model, buffers, adapter),
  );
  const norm = session.arena.tensor("optimizer/norm", 4);
  const update = await recordUpdate(adapter, optimizer, norm, session.arena).build(session.arena, model.pipelines);

  return {
    runner: session,
    adapter,
    async run(examples, step, learningRate, beforeUpdate) {
      const packs = splitByCapacity(examples, capacity.rows, capacity.features / featuresPerTile(model.config)).map(
        (group) =>
          packExamples(
            group,
            group.map((example) => labelsOf(example, trainOn)),
          ),
      );
      const targetTokens = packs.reduce((sum, pack) => sum + pack.targets.length, 0);
      let sum = 0;
      let accumulate = 0;
      for (const pack of packs) {
        const losses = await session.run(pack, { gradScale: 1 / Math.max(1, targetTokens), accumulate });
        for (const loss of losses) sum += loss;
        accumulate = 1;
      }
      await beforeUpdate?.();
      await update.run(
        {
          learningRate,
          biasCorrection1: 1 - optimizer.beta1 ** step,
          biasCorrection2Sqrt: Math.sqrt(1 - optimizer.beta2 ** step),
        },
        model.pace,
      );
      const [gradientNorm, , nonFinite] = await session.readNorm(norm);
      const loss = sum / Math.max(1, targetTokens);
      if (nonFinite || !Number.isFinite(loss)) {
        throw new TabTuneError(
          "non-finite-loss",
          `Step ${step} gave a loss of ${loss} and a gradient norm of ${gradientNorm}.`,
          "Lower the learning rate, or look for broken rows in the data.",
          `The adapter is as it was after step ${step - 1}.`,
        );
      }
      return { loss, gradNorm: gradientNorm!, targetTokens, tokens: packs.reduce((n, pack) => n + pack.rows, 0) };
    },
    dispose: () => session.dispose(),
  };
}

/** Norm of all gradients, clip coefficient, AdamW: one dispatch per layer slab. dims: learningRate, bias corrections. */
function recordUpdate(adapter: Adapter, s: OptimizerSettings, norm: Tensor, arena: Arena): Recorder {
  const recorder = new Recorder();
  const partials = arena.tensor("optimizer/partials", gradNormPartials(adapter.grads.map((g) => g.length)));
  gradNorm(recorder, { partials, gradients: adapter.grads, out: norm, maxNorm: s.maxGradNorm });
  adapter.params.forEach((param, n) => {
    adamw(recorder, {
      param,
      grad: adapter.grads[n]!,
      m: adapter.firstMoments[n]!,
      v: adapter.secondMoments[n]!,
      count: adapter.slabLength,
      clip: norm,
      learningRate: (d) => d.learningRate!,
      beta1: s.beta1,
      beta2: s.beta2,
      eps: s.epsilon,
      weightDecay: s.weightDecay,
      biasCorrection1: (d) => d.biasCorrection1!,
      biasCorrection2Sqrt: (d) => d.biasCorrection2Sqrt!,
    });
  });
  return recorder;
}
