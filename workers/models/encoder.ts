/** Pictures -> rows of the image feature table, by tower and connector. */

import type { PictureFormat } from "../data/pictures/format.ts";
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { write } from "../gpu/buffers.ts";
import { type Program, Recorder } from "../gpu/program.ts";
import type { Blend } from "../kernels/rows/blend.ts";
import type { ActivationPolicy } from "./activations.ts";
import { type Adapter, learnsFromPictures } from "./adapter.ts";
import { featuresPerTile } from "./config.ts";
import { featureIdentity, type StageDims } from "./kept/feature-identity.ts";
import { allocateReading, KeptFeatures, keptStage, stageWords } from "./kept/kept-features.ts";
import { shuffleOrder } from "./parts/connector.ts";
import { passDropout } from "./parts/lora.ts";
import { tileBorders } from "./parts/tower.ts";
import {
  allocateVision,
  recordConnector,
  recordTower,
  recordVisionBackward,
  type VisionActivations,
  type VisionPass,
} from "./vision.ts";
import type { Vlm } from "./vlm.ts";

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
  /** Tiles per call. */
  capacity: number;
  /** Feature rows of one. */
  featuresPerTile: number;
  pictures: PictureFormat;
  buffers: VisionActivations;
  /** `pixels` f32 [tiles, 3, S, S] normalised; writes feature rows of tile `firstTile` on. `at` in training. */
  encode(pixels: Float32Array, tiles: number, firstTile: number, at?: StepPosition): Promise<void>;
  /** The two halves of it: pixels -> `buffers.tower.features`, and from there to rows of tile `firstTile` on. */
  see(pixels: Float32Array, tiles: number, at?: StepPosition): Promise<void>;
  connect(tiles: number, firstTile: number, at?: StepPosition): Promise<void>;
  /** The way to features that are kept; there if `keep` was asked for and a stage is frozen. */
  kept: KeptFeatures | undefined;
  /**
   * Adds the LoRA gradients of tower and projector for the tiles of the last `encode`, whose features were taken so. There in training
   * with an adapter on them.
   */
  backward: ((tiles: number, taken: TakenFeatures, at: StepPosition) => Promise<void>) | undefined;
}

export interface EncoderOptions {
  /** The table [capacity + 1, h] that sequences read their image slots from. */
  features: Tensor;
  featureCapacity: number;
  tileCapacity: number;
  /** What it works in, made for `adapter` and `training`; default: memory of its own. */
  buffers?: VisionActivations;
  /** Used where it is on the tower and the projector. */
  adapter?: Adapter | undefined;
  /** Training of such an adapter: what to keep, and the gradient of the language model's input [token rows, h]. */
  training?: { policy: ActivationPolicy; dTokens: Tensor } | undefined;
  /** Makes ready for features that are kept. */
  keep?: boolean | undefined;
}

type TowerDims = Exclude<StageDims, "row">;

/** `drops`: with dropout, where the adapter's settings ask for it and a backward pass follows. */
const passOf = (
  model: Vlm,
  v: VisionActivations,
  adapter: Adapter | undefined,
  drops = true,
): VisionPass<TowerDims> => ({
  config: model.config,
  weights: model.weights,
  kept: v,
  lora: adapter?.vision,
  connector: adapter?.connector,
  tiles: (d) => d.tiles,
  dropout: passDropout<TowerDims>(drops ? adapter?.settings : undefined, v.tower.gradients?.dropped, {
    step: (d) => d.step,
    first: (d) => d.firstTile,
  }),
});

/** The tower, recorded. `drops` as in `passOf`. */
function towerRecorder(
  model: Vlm,
  v: VisionActivations,
  adapter: Adapter | undefined,
  drops = true,
): Recorder<TowerDims> {
  const recorder = new Recorder<TowerDims>(model.variants);
  recordTower(recorder, passOf(model, v, adapter, drops));
  return recorder;
}

export async function createEncoder(model: Vlm, arena: Arena, o: EncoderOptions): Promise<VisionEncoder> {
  const { config, gpu, counters } = model;
  const perTile = featuresPerTile(config);
  const adapter = o.adapter && learnsFromPictures(o.adapter) ? o.adapter : undefined;
  const training = adapter && o.training;
  const buffers =
    o.buffers ?? allocateVision(arena, config, o.tileCapacity, { lora: adapter?.settings, policy: training?.policy });
  const { starts, ends } = tileBorders(config.tower, o.tileCapacity);
  write(gpu, buffers.tower.starts, starts);
  write(gpu, buffers.tower.ends, ends);
  const { shuffle } = buffers.connector;
  if (shuffle) write(gpu, shuffle.order, shuffleOrder(config.tower, config.connector, o.tileCapacity));
  copyExtraRow(model, o.features, o.featureCapacity);
  const towerThat = (drops: boolean): Promise<Program<TowerDims>> =>
    towerRecorder(model, buffers, adapter, drops).build(arena, model.pipelines);
  const tower = await towerThat(true);
  const connectorThat = (drops: boolean): Recorder<StageDims> => {
    const recorder = new Recorder<StageDims>(model.variants);
    recordConnector(recorder, o.features, (d) => d.row, passOf(model, buffers, adapter, drops));
    return recorder;
  };
  const forward = connectorThat(true);
  const connector = await forward.build(arena, model.pipelines);
  // What is measured between two steps of training has nothing dropped.
  const whole = passOf(model, buffers, adapter).dropout && {
    tower: adapter?.vision ? await towerThat(false) : tower,
    connector: await connectorThat(false).build(arena, model.pipelines),
  };
  const recorder = new Recorder<TowerDims>(model.variants);
  if (training) recordVisionBackward(recorder, training.dTokens, passOf(model, buffers, adapter));
  const backward = training && (await recorder.build(arena, model.pipelines));
  const stagesFor = (at: StepPosition | undefined) => (!at && whole) || { tower, connector };
  const see: VisionEncoder["see"] = async (pixels, tiles, at) => {
    write(gpu, buffers.tower.pixels, pixels, counters);
    await stagesFor(at).tower.run({ tiles, ...(at ?? beginning) }, model.pace);
  };
  const connect: VisionEncoder["connect"] = (tiles, firstTile, at) =>
    stagesFor(at).connector.run({ tiles, row: firstTile * perTile, ...(at ?? beginning) }, model.pace);
  const stage = o.keep ? keptStage(config, adapter) : undefined;
  const kept =
    stage &&
    new KeptFeatures({
      ...{ gpu, counters, stage, words: stageWords(config, stage) },
      place: stage === "tower" ? buffers.tower.features : o.features,
      // A connector that learns reads them in the backward too; else the language model takes the tower's memory.
      fleeting: stage === "tower" && !training,
      reading: allocateReading(arena, config, o.tileCapacity, stage),
      identity: (staging, stagingBytes) => {
        const seeing = towerRecorder(model, buffers, adapter).specs;
        const { weights } = model;
        return featureIdentity({
          ...{ model, stage, staging, stagingBytes },
          specs: stage === "tower" ? seeing : [...seeing, ...forward.specs],
          weights: stage === "tower" ? [weights.tower] : [weights.tower, weights.connector],
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
    kept,
    async encode(pixels, tiles, firstTile, at) {
      await see(pixels, tiles, at);
      await connect(tiles, firstTile, at);
    },
    backward:
      backward &&
      (async (tiles, { rows, blend }, at) => {
        const taken = buffers.connector.gradients!;
        write(gpu, taken.featureRows, rows, counters);
        if (taken.blend) {
          write(gpu, taken.blend.rows, blend!.rows, counters);
          write(gpu, taken.blend.weights, blend!.weights, counters);
        }
        await backward.run({ tiles, ...at }, model.pace);
      }),
  };
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
