/**
 * Pictures -> rows of the image feature table. The frozen tower runs in one of two ways with the same interface: our own kernels,
 * or onnxruntime-web on the same device; the projector is always ours. `name` is shown to the user: the choice is never silent.
 */
import type { Arena, Tensor } from "../gpu/buffers.ts";
import { write } from "../gpu/buffers.ts";
import { type Program, Recorder } from "../gpu/program.ts";
import {
  allocateVision,
  newlineRow,
  projectorForward,
  tileBorders,
  towerForward,
  type VisionActivations,
} from "../model/clip.ts";
import { featuresPerTile, type LlavaConfig } from "../model/config.ts";
import type { Llava } from "../model/llava.ts";

/** Runs the tower: v.pixels holds `tiles` normalised tiles; leaves v.features. */
export interface Tower {
  name: "own" | "onnxruntime";
  run(v: VisionActivations, tiles: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface VisionEncoder {
  /** Tiles per call. */
  capacity: number;
  buffers: VisionActivations;
  tower: Tower;
  /** `pixels` f32 [tiles, 3, S, S] normalised; writes feature rows of tile `firstTile` on. */
  encode(pixels: Float32Array, tiles: number, firstTile: number): Promise<void>;
}

/** The tower on our own kernels, recorded once. */
export async function ownTower(model: Llava, arena: Arena, v: VisionActivations): Promise<Tower> {
  const recorder = new Recorder();
  towerForward(recorder, v, model.config, model.weights, (d) => d.tiles!);
  const program = await recorder.build(arena, model.pipelines);
  return {
    name: "own",
    run: (_, tiles) => program.run({ tiles }, model.pace),
    dispose: async () => {},
  };
}

/**
 * `features` is the table [capacity + 1, h] that sequences read their image slots from. `makeTower` gets the buffers it works on.
 */
export async function createEncoder(
  model: Llava,
  arena: Arena,
  features: Tensor,
  featureCapacity: number,
  tileCapacity: number,
  makeTower: (v: VisionActivations) => Promise<Tower>,
): Promise<VisionEncoder> {
  const { config, gpu } = model;
  const buffers = allocateVision(arena, config, tileCapacity);
  const { starts, ends } = tileBorders(config, tileCapacity);
  write(gpu, buffers.starts, starts);
  write(gpu, buffers.ends, ends);
  copyNewline(model, features, featureCapacity);
  const tower = await makeTower(buffers);
  const recorder = new Recorder();
  projectorForward(
    recorder,
    features,
    buffers,
    config,
    model.weights,
    (d) => d.tiles!,
    (d) => d.row!,
  );
  const projector: Program = await recorder.build(arena, model.pipelines);
  return {
    capacity: tileCapacity,
    buffers,
    tower,
    async encode(pixels, tiles, firstTile) {
      write(gpu, buffers.pixels, pixels, model.counters);
      await tower.run(buffers, tiles);
      await projector.run({ tiles, row: firstTile * featuresPerTile(config) }, model.pace);
    },
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

/** Tiles that one vision pass takes: enough to fill a GPU, few enough to stay small beside the model. */
export const visionTiles = (_config: LlavaConfig, tiles: number): number => Math.max(1, Math.min(8, tiles));
