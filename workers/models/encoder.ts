/** Pictures -> rows of the image feature table, by tower and connector. */

import type { PictureFormat } from "../data/pictures/format.ts";
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { write } from "../gpu/buffers.ts";
import { type Dims, type Look, Recorder } from "../gpu/program.ts";
import type { Blend } from "../kernels/rows/blend.ts";
import type { ActivationPolicy } from "./activations.ts";
import { type Adapter, learnsFromPictures } from "./adapter.ts";
import { featuresPerTile, tokensPerTile } from "./config.ts";
import { featureIdentity, type StageDims } from "./kept/feature-identity.ts";
import { allocateReading, KeptFeatures, keptStage, stageWords } from "./kept/kept-features.ts";
import { shuffleOrder } from "./parts/connector-input.ts";
import { passDropout } from "./parts/lora.ts";
import { type PicturePlaces, placesOf, rotaryOf } from "./parts/picture-places.ts";
import { tileBorders } from "./parts/tower.ts";
import type { FeatureTables } from "./pass.ts";
import { type TileRun, tilesIn } from "./picture-runs.ts";
import {
  allocateVision,
  recordConnector,
  recordTower,
  recordVisionBackward,
  type VisionActivations,
  type VisionPass,
} from "./vision.ts";
import type { ModelFacts, Vlm } from "./vlm.ts";

/** Where in a run a call stands, for dropout: the optimizer step, and how many of its tiles came before. */
export interface StepPosition {
  step: number;
  firstTile: number;
}

/** Outside training nothing is dropped. */
const beginning: StepPosition = { step: 0, firstTile: 0 };

/** Which token rows took the features of some tiles. */
export interface TakenFeatures {
  /** Of each feature the token row that took it as it is, -1 for none. */
  rows: Int32Array;
  /** Of each feature the token rows that took it in a sum, and with what weight; of a model that has such. */
  blend: Blend | undefined;
}

export interface VisionEncoder {
  /** Tiles per call; of pictures at free size no picture has more. */
  capacity: number;
  /** Feature rows of one. */
  featuresPerTile: number;
  pictures: PictureFormat;
  buffers: VisionActivations;
  /** `pixels` f32 [tiles, 3, S, S] normalised; writes feature rows of the run's tiles. `at` in training. */
  encode(pixels: Float32Array, run: TileRun, at?: StepPosition): Promise<void>;
  /** The two halves of it: pixels -> `buffers.tower.features` (and rows of layers in between), and from there to rows of the table. */
  see(pixels: Float32Array, run: TileRun, at?: StepPosition): Promise<void>;
  connect(run: TileRun, at?: StepPosition): Promise<void>;
  /** As `encode` in training, with a stop behind each layer for `look`; false where that ended it. */
  trace(pixels: Float32Array, run: TileRun, at: StepPosition, look: Look): Promise<boolean>;
  /** Names of all kernels that its programs dispatch. */
  kernels: readonly string[];
  /** The way to features that are kept; there if `keep` was asked for and a stage is frozen. */
  kept: KeptFeatures | undefined;
  /**
   * Adds the LoRA gradients of tower and projector for the tiles of the last `encode`, whose features were taken so. There in training
   * with an adapter on them. With a `look` it stops behind each layer for it; false where that ended it.
   */
  backward: ((run: TileRun, taken: TakenFeatures, at: StepPosition, look?: Look) => Promise<boolean>) | undefined;
}

export interface EncoderOptions {
  /** The table [capacity + 1, h] that sequences read their image slots from. */
  features: Tensor;
  /** The tables [capacity, h] of features of layers in between, of a model that has such. */
  deepstack?: Tensor[] | undefined;
  featureCapacity: number;
  tileCapacity: number;
  /** What it works in, made for `adapter` and `training`; default: memory of its own. */
  buffers?: VisionActivations;
  /** Used where it is on the tower and the projector. */
  adapter?: Adapter | undefined;
  /**
   * Training of such an adapter: what to keep, the gradient of the language model's input [token rows, h], and those of the rows that
   * features of layers in between were added to, of the same shape.
   */
  training?: { policy: ActivationPolicy; dTokens: Tensor; deepstack?: readonly Tensor[] | undefined } | undefined;
  /** Makes ready for features that are kept. */
  keep?: boolean | undefined;
}

/** `drops`: with dropout, where the adapter's settings ask for it and a backward pass follows. */
const passOf = (
  model: Pick<ModelFacts, "config" | "weights">,
  v: VisionActivations,
  adapter: Adapter | undefined,
  drops = true,
): VisionPass<StageDims> => ({
  config: model.config,
  weights: model.weights,
  kept: v,
  lora: adapter?.vision,
  connector: adapter?.connector,
  grads: adapter?.visionGrads,
  tiles: (d) => d.tiles,
  ...(model.config.tower.freeSize && { pairs: (d) => d.pairs, pictures: (d) => d.pictures }),
  dropout: passDropout<StageDims>(drops ? adapter?.settings : undefined, v.tower.gradients?.dropped, {
    step: (d) => d.step,
    first: (d) => d.firstTile,
  }),
});

/** What is recorded of tower and connector. */
export interface Stages {
  tower: Recorder<StageDims>;
  connector: Recorder<StageDims>;
  /** Where something learns on that way. */
  backward: Recorder<StageDims> | undefined;
}

/**
 * Records tower and connector over their buffers, for the encoder, and for whoever counts or compiles ahead. Where `adapter` learns
 * from pictures, `training` has the gradients that the way back begins with. `drops` as in `passOf`.
 */
export function recordStages(
  model: Pick<ModelFacts, "config" | "weights" | "variants">,
  v: VisionActivations,
  { imageFeatures, deepstack }: FeatureTables,
  {
    adapter,
    training,
    drops,
  }: {
    adapter: Adapter | undefined;
    training?: { dTokens: Tensor | undefined; deepstack?: readonly Tensor[] | undefined } | undefined;
    drops?: boolean;
  },
): Stages {
  const learning = adapter && learnsFromPictures(adapter) ? adapter : undefined;
  const pass = passOf(model, v, learning, drops);
  const tower = new Recorder<StageDims>(model.variants);
  recordTower(tower, pass, { tables: deepstack, row: (d) => d.row });
  const connector = new Recorder<StageDims>(model.variants);
  recordConnector(connector, imageFeatures, (d) => d.row, pass);
  const backward = learning && training?.dTokens && new Recorder<StageDims>(model.variants);
  if (backward) recordVisionBackward(backward, training.dTokens!, training.deepstack ?? [], pass);
  return { tower, connector, backward };
}

export async function createEncoder(model: Vlm, arena: Arena, o: EncoderOptions): Promise<VisionEncoder> {
  const { config, gpu, counters } = model;
  const perTile = featuresPerTile(config);
  const adapter = o.adapter && learnsFromPictures(o.adapter) ? o.adapter : undefined;
  const training = adapter && o.training;
  const buffers =
    o.buffers ?? allocateVision(arena, config, o.tileCapacity, { lora: adapter?.settings, policy: training?.policy });
  const { freeSize } = config.tower;
  const free = freeSize && { ...config.tower, freeSize };
  if (free) {
    write(gpu, buffers.tower.places!.rotary, rotaryOf(free, o.tileCapacity));
  } else {
    const { starts, ends } = tileBorders(config.tower, o.tileCapacity);
    write(gpu, buffers.tower.starts, starts);
    write(gpu, buffers.tower.ends, ends);
  }
  /** What a replay is to know of a run. */
  const dimsOf = ({ tiles, firstTile, grids }: TileRun, at: StepPosition = beginning): Dims<StageDims> => {
    const rows = tokensPerTile(config.tower);
    const pairs = grids.reduce((sum, grid) => sum + (tilesIn(grid) * rows) ** 2, 0);
    return { tiles, pairs, pictures: grids.length, row: firstTile * perTile, ...at };
  };
  const { shuffle } = buffers.connector.input;
  if (shuffle) write(gpu, shuffle.order, shuffleOrder(config.tower, config.connector, o.tileCapacity));
  copyExtraRow(model, o.features, o.featureCapacity);
  const tables = { imageFeatures: o.features, deepstack: o.deepstack ?? [] };
  const stages = recordStages(model, buffers, tables, { adapter, training });
  const tower = await stages.tower.build(arena, model.pipelines);
  const connector = await stages.connector.build(arena, model.pipelines);
  // What is measured between two steps of training has nothing dropped.
  const undropped =
    passOf(model, buffers, adapter).dropout && recordStages(model, buffers, tables, { adapter, drops: false });
  const whole = undropped && {
    tower: adapter?.vision ? await undropped.tower.build(arena, model.pipelines) : tower,
    connector: await undropped.connector.build(arena, model.pipelines),
  };
  const backward = await stages.backward?.build(arena, model.pipelines);
  const stagesFor = (at: StepPosition | undefined) => (!at && whole) || { tower, connector };
  const writeRun = async (pixels: Float32Array, run: TileRun): Promise<void> => {
    await model.lent.restore();
    write(gpu, buffers.tower.pixels, pixels, counters);
    if (free) writePlaces(model, buffers.tower, placesOf(free, run.grids));
  };
  const see: VisionEncoder["see"] = async (pixels, run, at) => {
    await writeRun(pixels, run);
    await stagesFor(at).tower.run(dimsOf(run, at), model.pace);
  };
  const connect: VisionEncoder["connect"] = (run, at) => stagesFor(at).connector.run(dimsOf(run, at), model.pace);
  const stage = o.keep ? keptStage(config, adapter) : undefined;
  const kept =
    stage &&
    new KeptFeatures({
      ...{ gpu, counters, stage, words: stageWords(config, stage) },
      places: stage === "tower" ? [buffers.tower.features] : [o.features, ...tables.deepstack],
      // A connector that learns reads them in the backward too; else the language model takes the tower's memory.
      fleeting: stage === "tower" && !training,
      reading: allocateReading(arena, config, o.tileCapacity, stage),
      identity: async (staging, stagingBytes) => {
        await model.lent.restore();
        const { weights } = model;
        const { specs } = stages.tower;
        return featureIdentity({
          ...{ model, stage, staging, stagingBytes },
          specs: stage === "tower" ? specs : [...specs, ...stages.connector.specs],
          weights: stage === "tower" ? [weights.tower] : [weights.tower, weights.connector, weights.deepstack],
        });
      },
    });
  return {
    capacity: o.tileCapacity,
    featuresPerTile: perTile,
    pictures: model.pictures,
    buffers,
    see,
    connect,
    kernels: [tower, connector, ...(backward ? [backward] : [])].flatMap((program) => program.kernels),
    kept,
    async encode(pixels, run, at) {
      await see(pixels, run, at);
      await connect(run, at);
    },
    async trace(pixels, run, at, look) {
      await writeRun(pixels, run);
      const dims = dimsOf(run, at);
      return (await tower.trace(dims, model.pace, look)) && connector.trace(dims, model.pace, look);
    },
    backward:
      backward &&
      (async (run, { rows, blend }, at, look) => {
        const taken = buffers.connector.gradients!;
        for (const { gradients } of [buffers.connector, ...buffers.deepstack]) {
          write(gpu, gradients!.featureRows, rows, counters);
        }
        if (taken.blend) {
          write(gpu, taken.blend.rows, blend!.rows, counters);
          write(gpu, taken.blend.weights, blend!.weights, counters);
        }
        const dims = dimsOf(run, at);
        if (look) return backward.trace(dims, model.pace, look);
        await backward.run(dims, model.pace);
        return true;
      }),
  };
}

/** Queues where the patches of a run's pictures are. */
function writePlaces({ gpu, counters }: Vlm, to: VisionActivations["tower"], places: PicturePlaces): void {
  const { positions, taps } = to.places!;
  write(gpu, to.starts, places.starts, counters);
  write(gpu, to.ends, places.ends, counters);
  write(gpu, positions, places.positions, counters);
  write(gpu, taps.rows, places.taps.rows, counters);
  write(gpu, taps.weights, places.taps.weights, counters);
}

/** Puts the row that belongs to no tile behind those of all tiles. Copies and table reads may begin anywhere: nothing is aligned. */
function copyExtraRow(model: Vlm, { buffer, offset }: Tensor, capacity: number): void {
  const { extraRow } = model.weights;
  if (!extraRow) return;
  const encoder = model.gpu.device.createCommandEncoder();
  const at = offset + 4 * capacity * extraRow.length;
  encoder.copyBufferToBuffer(extraRow.buffer, extraRow.offset, buffer, at, 4 * extraRow.length);
  model.gpu.device.queue.submit([encoder.finish()]);
}
