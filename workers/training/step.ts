/**
 * One optimizer step on the GPU: micro-batches are packed, run forward and backward, their LoRA gradients added up; then norm, clip
 * and AdamW. Everything is allocated and recorded by `createTrainingStep`; a steady step creates no GPU object.
 */
import { groupsOf, type PackedBatch, type PassRoom, packsOf } from "../data/batches/pack.ts";
import type { Example } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, readBack, type Tensor, write } from "../gpu/buffers.ts";
import type { Look } from "../gpu/program.ts";
import { createStaging } from "../gpu/staging.ts";
import { type Adapter, learnsFromPictures } from "../models/adapter.ts";
import { featuresPerTile } from "../models/config.ts";
import { createEncoder, type StepPosition, type VisionEncoder } from "../models/encoder.ts";
import type { FeatureCache } from "../models/kept/feature-cache.ts";
import type { OpenFeatures } from "../models/kept/kept-features.ts";
import {
  backwardPictures,
  encodePictures,
  encodePicturesAhead,
  type PackPictures,
  packPictures,
  tilesAhead,
  tracePictures,
  writeSlots,
} from "../models/pack-pictures.ts";
import { type PassBuffers, type PassCapacity, recordEvaluation, recordTraining } from "../models/pass.ts";
import { allocateStep } from "../models/step-buffers.ts";
import { tokenPositions } from "../models/token-positions.ts";
import { writeTokens } from "../models/token-table.ts";
import type { Vlm } from "../models/vlm.ts";
import { type Answering, createAnswering } from "./answering.ts";
import { type Traced, traceRows } from "./trace.ts";
import { type OptimizerSettings, recordClear, recordUpdate } from "./update.ts";

export interface StepResult {
  loss: number;
  gradNorm: number;
  targetTokens: number;
  tokens: number;
}

/** What a step tells beside the figures of its log. */
export interface StepReport extends StepResult {
  /** Of each layer, the vectors it kept whose values reach beyond f16's range; empty where nothing is kept in f16. */
  beyondHalf: number[];
}

export type TrainOn = "responses" | "all-text";

/** Runs batches through a model without touching the adapter, or what training goes on with. */
export interface Runner {
  buffers: PassBuffers;
  encoder: VisionEncoder;
  room: PassRoom;
  /** Loss of every target of the packed batch, in packed order; nothing is dropped. Throws "gpu-error"/"device-lost". */
  losses(pack: PackedBatch): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface TrainingStep {
  /** On the step's own buffers: measuring takes no memory. Its `losses` is there where `evaluates` was asked for. */
  runner: Runner;
  adapter: Adapter;
  /** From now on features of frozen stages are kept, and read again. Does nothing where no stage is frozen. */
  keepFeatures(open: OpenFeatures): Promise<void>;
  /** Names of all kernels that a step dispatches. */
  readonly kernels: ReadonlySet<string>;
  /** Of the features that are kept. */
  readonly features: FeatureCache | undefined;
  /** Answers rows between steps, on the step's own buffers; where `answerRows` were asked for. */
  answering: Answering | undefined;
  /**
   * One optimizer step over `examples` (the whole optimizer batch, any split into micro-batches). `step` counts from 1.
   * `beforeUpdate` sees the summed gradients before clipping. Throws "non-finite-loss" with nothing updated.
   */
  run(examples: Example[], step: number, learningRate: number, beforeUpdate?: () => Promise<void>): Promise<StepReport>;
  /**
   * Runs `examples` of a step that failed once more, each by itself, and finds which of them give values that are not numbers, and where
   * first. The adapter's gradients are then those of the last.
   */
  trace(examples: Example[], step: number): Promise<Traced[]>;
  dispose(): Promise<void>;
}

/** `firstRow`, `firstTile`: tokens and tiles of the step's earlier passes, which dropout counts on from. */
type PassDims = Record<"gradScale" | "accumulate" | "step" | "firstRow" | "firstTile", number>;

/** What a step runs in: buffers of a pass, the vision tower, and the program over them. */
interface StepBuffers extends Runner {
  arena: Arena;
  /**
   * The passes of a step in groups, each with its pictures. Where token rows take memory of the tower's weights, the pictures of a group
   * are seen before its first pass: the weights are written again once for all of them.
   */
  groups(packs: readonly PackedBatch[]): AsyncGenerator<{ pack: PackedBatch; pictures: PackPictures }[]>;
  answering: Answering | undefined;
  kernels: readonly string[];
  run(pack: PackedBatch, pictures: PackPictures, dims: PassDims): Promise<Float32Array>;
  /** As `run`, looking at the output of each layer of vision tower and language model, then at their gradients; `look` ends it with false. */
  trace(pack: PackedBatch, dims: PassDims, look: Look): Promise<void>;
  /** `norm`, f32[4], and what layers have counted since the run began. */
  readNorm(norm: Tensor): Promise<{ norm: Float32Array; beyondHalf: Uint32Array }>;
}

interface StepBuffersOptions {
  capacity: PassCapacity;
  tileCapacity: number;
  adapter: Adapter | undefined;
  /** What is recorded: a pass that trains the adapter, one that only measures, or both in the same buffers. */
  trains?: Adapter | undefined;
  evaluates: boolean;
  answerRows?: number | undefined;
  keep: boolean;
}

async function createStepBuffers(model: Vlm, options: StepBuffersOptions): Promise<StepBuffers> {
  const { gpu, config, counters } = model;
  const { capacity, tileCapacity, adapter, trains, evaluates, answerRows, keep } = options;
  const arena = new Arena(gpu, counters);
  const { weights } = model;
  const sizes = { capacity, tileCapacity, answerRows };
  const { pass: buffers, vision, lent, answers } = allocateStep(arena, { config, weights, adapter, ...sizes });
  const borrowed = model.lent.lend(lent);
  const encoder = await createEncoder(model, arena, {
    features: buffers.imageFeatures,
    deepstack: buffers.deepstack,
    featureCapacity: capacity.features,
    tileCapacity,
    buffers: vision,
    adapter,
    keep,
    ...(typeof capacity.policy === "object" && {
      training: { policy: capacity.policy, dTokens: buffers.gradients!.dx, deepstack: buffers.dDeepstack },
    }),
  });
  const training = trains && (await recordTraining(model, buffers, trains).build(arena, model.pipelines));
  const evaluation = evaluates
    ? await recordEvaluation(model, buffers, adapter).build(arena, model.pipelines)
    : undefined;
  const answering = answers && (await createAnswering(model, { arena, buffers: answers, encoder, adapter }));
  const counts = (buffers.beyondHalf ? [buffers.beyondHalf] : []).map((t): [Tensor, number] => [t, 4 * t.length]);
  const bytes = Math.max(256, 4 * buffers.nll.length, 16 + 4 * config.decoder.numLayers);
  const staging = createStaging(gpu, counters, "losses to read", bytes);
  const { imageTokenId } = config;

  const readLosses = async (count: number): Promise<Float32Array> =>
    new Float32Array(await staging.read([buffers.nll, 4 * count]));

  const room: PassRoom = { rows: capacity.rows, tiles: capacity.features / featuresPerTile(config) };
  const picturesOf = ({ examples, rows }: PackedBatch): PackPictures => {
    const pictures = packPictures(examples, { pictures: model.pictures, imageTokenId }, rows, capacity.features);
    if (pictures.tiles > room.tiles)
      throw new Error(`a pass with room for ${room.tiles} tiles was given ${pictures.tiles}`);
    return pictures;
  };
  const writePack = (pack: PackedBatch, pictures: PackPictures): void => {
    writeTokens(gpu, counters, model.weights.embed, buffers, pack.inputIds);
    writeSlots(gpu, counters, buffers, pictures);
    write(gpu, buffers.starts, pack.starts, counters);
    write(gpu, buffers.ends, pack.ends, counters);
    write(gpu, buffers.positions, tokenPositions(pack.examples, model).positions, counters);
    write(gpu, buffers.labelRows, pack.labelRows, counters);
    write(gpu, buffers.targets, pack.targets, counters);
  };
  /** `at` in training. */
  const upload = async (pack: PackedBatch, pictures: PackPictures, at?: StepPosition): Promise<void> => {
    writePack(pack, pictures);
    await encodePictures(encoder, pictures, at);
    await borrowed.take();
  };

  async function* groups(packs: readonly PackedBatch[]) {
    const ahead = lent.length > 0 ? tilesAhead(encoder) : 0;
    for (const group of ahead > 0 ? groupsOf(packs, ahead) : packs.map((pack) => [pack])) {
      const passes = group.map((pack) => ({ pack, pictures: picturesOf(pack) }));
      if (passes.length > 1) {
        await encodePicturesAhead(
          encoder,
          passes.map(({ pictures }) => pictures),
        );
      }
      yield passes;
    }
  }

  const run: StepBuffers["run"] = async (pack, pictures, dims) => {
    const { firstTile, ...rest } = dims;
    const { step } = rest;
    await upload(pack, pictures, { step, firstTile });
    if (!training) throw new Error("this pass was not recorded for training");
    await training.run({ rows: pack.rows, labelRows: pack.targets.length, ...rest }, model.pace);
    await backwardPictures(encoder, pictures, { step, firstTile });
    return readLosses(pack.targets.length);
  };
  return {
    arena,
    buffers,
    encoder,
    room,
    groups,
    answering,
    kernels: [...(training?.kernels ?? []), ...encoder.kernels],
    run,
    async trace(pack, { firstTile, ...dims }, look) {
      const pictures = picturesOf(pack);
      const at = { step: dims.step, firstTile };
      writePack(pack, pictures);
      if (!(await tracePictures(encoder, pictures, at, look))) return;
      await borrowed.take();
      const passDims = { rows: pack.rows, labelRows: pack.targets.length, ...dims };
      if (!(await training!.trace(passDims, model.pace, look))) return;
      await backwardPictures(encoder, pictures, at, look);
    },
    async readNorm(norm) {
      const words = await staging.read([norm, 16], ...counts);
      return { norm: new Float32Array(words, 0, 4), beyondHalf: new Uint32Array(words, 16) };
    },
    async losses(pack) {
      if (!evaluation) throw new Error("this pass was not recorded for evaluation");
      await upload(pack, picturesOf(pack));
      const dims = { gradScale: 1, accumulate: 0, step: 0, firstRow: 0 };
      await evaluation.run({ rows: pack.rows, labelRows: pack.targets.length, ...dims }, model.pace);
      return readLosses(pack.targets.length);
    },
    async dispose() {
      await encoder.kept?.close();
      answering?.dispose();
      staging.destroy();
      arena.dispose();
      borrowed.giveBack();
    },
  };
}

export interface EvaluationOptions {
  capacity: Omit<PassCapacity, "policy" | "cacheRows">;
  tileCapacity: number;
  adapter?: Adapter | undefined;
}

/** A runner that only measures losses, with or without an adapter. */
export function createEvaluation(model: Vlm, options: EvaluationOptions): Promise<Runner> {
  const { capacity, tileCapacity, adapter } = options;
  return createStepBuffers(model, {
    capacity: { ...capacity, policy: "forward" },
    tileCapacity,
    adapter,
    evaluates: true,
    keep: false,
  });
}

export interface TrainingOptions {
  capacity: PassCapacity;
  tileCapacity: number;
  optimizer: OptimizerSettings;
  trainOn: TrainOn;
  /** Held-out rows are measured between steps. */
  evaluates?: boolean;
  /** Rows are answered between steps: tokens of the longest question with its answer. */
  answerRows?: number | undefined;
}

export async function createTrainingStep(
  model: Vlm,
  adapter: Adapter,
  options: TrainingOptions,
): Promise<TrainingStep> {
  const { capacity, tileCapacity, optimizer, trainOn, evaluates = false, answerRows } = options;
  const made = await createStepBuffers(model, {
    capacity,
    tileCapacity,
    adapter,
    trains: adapter,
    evaluates,
    answerRows,
    keep: true,
  });
  const norm = made.arena.tensor("optimizer/norm", 4);
  // Vision gradients are added up over passes, of which any number may have no picture: they start from zero.
  const clear = await recordClear(adapter).build(made.arena, model.pipelines);
  const update = await recordUpdate(adapter, optimizer, norm, made.arena).build(made.arena, model.pipelines);
  let before: Uint32Array = new Uint32Array(made.buffers.beyondHalf?.length ?? 0);

  return {
    runner: made,
    adapter,
    answering: made.answering,
    kernels: new Set([...made.kernels, ...clear.kernels, ...update.kernels]),
    keepFeatures: async (open) => made.encoder.kept?.open(open),
    get features() {
      return made.encoder.kept?.cache;
    },
    async run(examples, step, learningRate, beforeUpdate) {
      const packs = packsOf(examples, trainOn, made.room);
      const targetTokens = packs.reduce((sum, pack) => sum + pack.targets.length, 0);
      let sum = 0;
      const done = { accumulate: 0, firstRow: 0, firstTile: 0 };
      if (learnsFromPictures(adapter)) await clear.run({}, model.pace);
      for await (const passes of made.groups(packs)) {
        for (const { pack, pictures } of passes) {
          const losses = await made.run(pack, pictures, { gradScale: 1 / Math.max(1, targetTokens), step, ...done });
          for (const loss of losses) sum += loss;
          done.accumulate = 1;
          done.firstRow += pack.rows;
          done.firstTile += pictures.tiles;
        }
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
      const read = await made.readNorm(norm);
      const [gradientNorm, , nonFinite] = read.norm;
      // Counted modulo 2^32, and so is the difference.
      const beyondHalf = [...read.beyondHalf.map((count, n) => count - before[n]!)];
      before = read.beyondHalf;
      const loss = sum / Math.max(1, targetTokens);
      if (nonFinite || !Number.isFinite(loss)) {
        throw new TabTuneError(
          "non-finite-loss",
          `Step ${step} gave a loss of ${loss} and a gradient norm of ${gradientNorm}.`,
          // What the first step computes comes of the weights and the rows alone: no rate has had a part in it yet.
          step === 1
            ? "Look for values that are not numbers in the model's weights (download them again), or for broken rows in the data."
            : "Lower the learning rate, or look for broken rows in the data.",
          `The adapter is as it was after step ${step - 1}.`,
        );
      }
      const tokens = packs.reduce((n, pack) => n + pack.rows, 0);
      return { loss, gradNorm: gradientNorm!, targetTokens, tokens, beyondHalf };
    },
    async trace(examples, step) {
      const packs = packsOf(examples, trainOn, made.room);
      const targets = packs.reduce((sum, pack) => sum + pack.targets.length, 0);
      const dims = { gradScale: 1 / Math.max(1, targets), step, accumulate: 0 };
      return traceRows(packs, trainOn, async (pack, first, look) => {
        if (learnsFromPictures(adapter)) await clear.run({}, model.pace);
        await made.trace(pack, { ...dims, ...first }, (name, values) =>
          look(name, () => readBack(model.gpu, [values])),
        );
      });
    },
    dispose: () => made.dispose(),
  };
}
