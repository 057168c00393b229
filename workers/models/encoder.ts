/**
 * Pictures -> rows of the image feature table. The frozen tower runs in one of two ways with the same interface: our own kernels,
 * or onnxruntime-web on the same device; the projector is always ours, and so is a tower that an adapter changes. `name` is shown to
 * the user: the choice is never silent.
 */
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { write } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import type { ActivationPolicy } from "./activations.ts";
import {
  allocateVision,
  newlineRow,
  projectorForward,
  tileBorders,
  towerForward,
  type VisionActivations,
  type VisionPass,
  visionBackward,
} from "./clip.ts";
import { featuresPerTile } from "./config.ts";
import type { Llava } from "./llava.ts";
import { type Adapter, learnsFromPictures, passDropout } from "./lora.ts";

/** Where in a run a call stands, for dropout: the optimizer step, and how many of its tiles came before. */
export interface StepPosition {
  step: number;
  firstTile: number;
}

/** Runs the tower: v.pixels holds `tiles` normalised tiles; leaves v.features. */
export interface Tower {
  name: "own" | "onnxruntime";
  run(v: VisionActivations, tiles: number, at?: StepPosition): Promise<void>;
  dispose(): Promise<void>;
}

export interface VisionEncoder {
  /** Tiles per call. */
  capacity: number;
  buffers: VisionActivations;
  tower: Tower;
  /** `pixels` f32 [tiles, 3, S, S] normalised; writes feature rows of tile `firstTile` on. `at` in training. */
  encode(pixels: Float32Array, tiles: number, firstTile: number, at?: StepPosition): Promise<void>;
  /**
   * Adds the LoRA gradients of tower and projector for the tiles of the last `encode`. `featureRows`: the token row that took each of
   * their features, -1 for none. There in training with an adapter on them.
   */
  backward: ((tiles: number, featureRows: Int32Array, at: StepPosition) => Promise<void>) | undefined;
}

export interface EncoderOptions {
  /** The table [capacity + 1, h] that sequences read their image slots from. */
  features: Tensor;
  featureCapacity: number;
  tileCapacity: number;
  /** How a frozen tower runs; default: on our own kernels. It gets the buffers it works on. */
  makeTower?: ((v: VisionActivations) => Promise<Tower>) | undefined;
  /** Used where it is on the tower and the projector. */
  adapter?: Adapter | undefined;
  /** Training of such an adapter: what to keep, and the gradient of the language model's input [token rows, h]. */
  training?: { policy: ActivationPolicy; dTokens: Tensor } | undefined;
}

const passOf = (model: Llava, v: VisionActivations, adapter: Adapter | undefined): VisionPass => ({
  config: model.config,
  weights: model.weights,
  lora: adapter?.vision,
  projector: adapter?.projector,
  tiles: (d) => d.tiles!,
  dropout: passDropout(adapter?.settings, v.towerGradients?.dropped),
});

/** The tower on our own kernels, recorded once. */
export async function ownTower(model: Llava, arena: Arena, v: VisionActivations, adapter?: Adapter): Promise<Tower> {
  const recorder = new Recorder(model.variants);
  towerForward(recorder, v, passOf(model, v, adapter));
  const program = await recorder.build(arena, model.pipelines);
  return {
    name: "own",
    run: (_, tiles, at) => program.run({ tiles, ...at }, model.pace),
    dispose: async () => {},
  };
}

export async function createEncoder(model: Llava, arena: Arena, o: EncoderOptions): Promise<VisionEncoder> {
  const { config, gpu, counters } = model;
  const adapter = o.adapter && learnsFromPictures(o.adapter) ? o.adapter : undefined;
  const training = adapter && o.training;
  const buffers = allocateVision(arena, config, o.tileCapacity, {
    lora: adapter?.settings,
    policy: training?.policy,
  });
  const { starts, ends } = tileBorders(config, o.tileCapacity);
  write(gpu, buffers.starts, starts);
  write(gpu, buffers.ends, ends);
  copyNewline(model, o.features, o.featureCapacity);
  const makeTower = adapter?.vision ? undefined : o.makeTower;
  const tower = makeTower ? await makeTower(buffers) : await ownTower(model, arena, buffers, adapter);
  const forward = new Recorder(model.variants);
  projectorForward(forward, o.features, buffers, passOf(model, buffers, adapter), (d) => d.row!);
  const projector = await forward.build(arena, model.pipelines);
  const recorder = new Recorder(model.variants);
  if (training) visionBackward(recorder, training.dTokens, buffers, passOf(model, buffers, adapter));
  const backward = training && (await recorder.build(arena, model.pipelines));
  return {
    capacity: o.tileCapacity,
    buffers,
    tower,
    async encode(pixels, tiles, firstTile, at = { step: 0, firstTile: 0 }) {
      write(gpu, buffers.pixels, pixels, counters);
      await tower.run(buffers, tiles, at);
      await projector.run({ tiles, row: firstTile * featuresPerTile(config), ...at }, model.pace);
    },
    backward:
      backward &&
      (async (tiles, featureRows, at) => {
        write(gpu, buffers.gradients!.featureRows, featureRows, counters);
        await backward.run({ tiles, ...at }, model.pace);
      }),
  };
}

/** Puts `image_newline` behind the features (LLaVA-NeXT). */
function copyNewline(model: Llava, features: Tensor, capacity: number): void {
  const from = model.weights.imageNewline;
  if (!from) return;
  const to = newlineRow(features, capacity, model.config.text.hiddenSize);
  const encoder = model.gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, from.length * 4);
  model.gpu.device.queue.submit([encoder.finish()]);
}
