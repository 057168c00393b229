/** The memory of a step: a pass over token rows, and the tower and connector that give it its features. */
import type { Allocator } from "../gpu/buffers.ts";
import { sharedMemory } from "../gpu/shared-memory.ts";
import { type Adapter, learnsFromPictures } from "./adapter.ts";
import type { VlmConfig } from "./config.ts";
import { allocatePass, type PassBuffers, type PassCapacity } from "./pass.ts";
import { allocateVision, type VisionActivations } from "./vision.ts";
import type { VlmWeights } from "./weights.ts";

export interface StepBuffersRequest {
  config: VlmConfig;
  weights: Pick<VlmWeights, "embed" | "head">;
  adapter: Pick<Adapter, "settings" | "vision" | "connector"> | undefined;
  capacity: PassCapacity;
  /** Tiles of one call of the tower. */
  tileCapacity: number;
}

export interface StepBuffers {
  pass: PassBuffers;
  vision: VisionActivations;
}

/**
 * Pictures have become features before token rows go through the model, so both use the same memory; but where something learns on
 * the pictures' side, what the tower and the connector left is read again at the end.
 */
export function allocateStep(
  alloc: Allocator,
  { config, weights, adapter, capacity, tileCapacity }: StepBuffersRequest,
): StepBuffers {
  const learns = adapter !== undefined && learnsFromPictures(adapter);
  const policy = learns && typeof capacity.policy === "object" ? capacity.policy : undefined;
  const lora = learns ? adapter.settings : undefined;
  return sharedMemory(alloc, ["pictures", "tokens"], ({ pictures, tokens, kept }) => ({
    pass: allocatePass(kept, config, weights, adapter?.settings, capacity, policy ? kept : tokens),
    vision: allocateVision(kept, config, tileCapacity, { lora, policy }, policy ? kept : pictures),
  }));
}
