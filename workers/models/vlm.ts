/** A loaded model: frozen, shared by training and chat. */
import type { PictureFormat } from "../data/pictures/format.ts";
import type { Arena, Counters, Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import type { LentMemory } from "../gpu/lent-memory.ts";
import type { Pace } from "../gpu/pace.ts";
import type { PipelineCache } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import type { VlmConfig } from "./config.ts";
import type { VlmWeights, WeightLayout } from "./weights.ts";

export interface Vlm {
  gpu: Gpu;
  counters: Counters;
  pipelines: PipelineCache;
  /** The kernels that suit the adapter. */
  variants: Variants;
  pace: Pace;
  config: VlmConfig;
  /** How it is shown a picture. */
  pictures: PictureFormat;
  layout: WeightLayout;
  weights: VlmWeights;
  /** cos and sin of every position, [maxPositions, 2, headSize / 2] as the RoPE kernel reads it. */
  ropeTable: Tensor;
  arena: Arena;
  /** Of `weights.lendable`: they are there once its `restore` has resolved. */
  lent: LentMemory;
}

/** What recording a program needs to know of a model: no GPU, so that the plan can count dispatches. */
export type ModelFacts = Pick<Vlm, "config" | "weights" | "ropeTable" | "variants">;
