/** Pictures -> rows of the image feature table, by tower and connector. */

import type { PictureFormat } from "../data/pictures/format.ts";
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { write } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
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
  /** Names of all kernels that its programs dispatch. */
  kernels: readonly string[];
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
  model: Pick<ModelFacts, "config" | "weights">,
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

/** What is recorded of tower and connector. */
export interface Stages {
  tower: Recorder<TowerDims>;
  connector: Recorder<StageDims>;
  /** Where something learns on that way. */
  backward: Recorder<TowerDims> | undefined;
}

/**
 * Records tower and connector over their buffers, for the encoder, and for whoever counts or compiles ahead. Where `adapter` learns
 * from pictures, `dTokens`, in training, is the gradient of the language model's input. `drops` as in `passOf`.
 */
export function recordStages(
  model: Pick<ModelFacts, "config" | "weights" | "variants">,
  v: VisionActivations,
  features: Tensor,
  { adapter, dTokens, drops }: { adapter: Adapter | undefined; dTokens?: Tensor | undefined; drops?: boolean },
): Stages {
  const learning = adapter && learnsFromPictures(adapter) ? adapter : undefined;
  const pass = passOf(model, v, learning, drops);
  const tower = new Recorder<TowerDims>(model.variants);
  recordTower(tower, pass);
  const connector = new Recorder<StageDims>(model.variants);
  recordConnector(connector, features, (d) => d.row, pass);
  const backward = learning && dTokens && new Recorder<TowerDims>(model.variants);
  if (backward) recordVisionBackward(backward, dTokens!, pass);
  return { tower, connector, backward };
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
  const stages = recordStages(model, buffers, o.features, { adapter, dTokens: training?.dTokens });
  const tower = await stages.tower.build(arena, model.pipelines);
  const connector = await stages.connector.build(arena, model.pipelines);
  // What is measured between two steps of training has nothing dropped.
  const undropped =
    passOf(model, buffers, adapter).dropout && recordStages(model, buffers, o.features, { adapter, drops: false });
  const whole = undropped && {
    tower: adapter?.vision ? await undropped.tower.build(arena, model.pipelines) : tower,
    connector: await undropped.connector.build(arena, model.pipelines),
  };
  const backward = await stages.backward?.build(arena, model.pipelines);
  const stagesFor = (at: StepPosition | undefined) => (!at && whole) || { tower, connector };
  const see: VisionEncoder["see"] = async (pixels, tiles, at) => {
    await model.lent.restore();
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
      identity: async (staging, stagingBytes) => {
        await model.lent.restore();
        const { weights } = model;
        const { specs } = stages.tower;
        return featureIdentity({
          ...{ model, stage, staging, stagingBytes },
          specs: stage === "tower" ? specs : [...specs, ...stages.connector.specs],
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
    kernels: [tower, connector, ...(backward ? [backward] : [])].flatMap((program) => program.kernels),
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
