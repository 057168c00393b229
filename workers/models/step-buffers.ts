/** The memory of a step: a pass over token rows, the tower and connector that give it its features, and answers between steps. */
import type { Allocator, Tensor } from "../gpu/buffers.ts";
import { sharedMemory } from "../gpu/shared-memory.ts";
import { type Adapter, learnsFromPictures } from "./adapter.ts";
import { type AnswerBuffers, allocateAnswers } from "./chat-pass.ts";
import type { VlmConfig } from "./config.ts";
import { allocatePass, type PassBuffers, type PassCapacity } from "./pass.ts";
import { allocateVision, type VisionActivations } from "./vision.ts";
import type { VlmWeights } from "./weights.ts";

/** What is lent lies in CPU memory as long as a run goes on, and is written to the GPU again for pictures that are new. */
const LENT_BYTES = 256e6;

export interface StepBuffersRequest {
  config: VlmConfig;
  weights: Pick<VlmWeights, "embed" | "head" | "lendable">;
  adapter: Pick<Adapter, "settings" | "vision" | "connector"> | undefined;
  capacity: PassCapacity;
  /** Tiles of one call of the tower. */
  tileCapacity: number;
  /** Tokens of a question with its answer, where rows are answered between steps. */
  answerRows?: number | undefined;
}

export interface StepBuffers {
  pass: PassBuffers;
  vision: VisionActivations;
  /** What the pass takes of the tower's weights: they have to be written again before the tower sees a picture. */
  lent: Tensor[];
  answers: AnswerBuffers | undefined;
}

/**
 * Pictures have become features before token rows go through the model, so both use the same memory, and in training token rows take
 * that of the tower's weights as well; but where something learns on the pictures' side, what the tower and the connector left is read
 * again at the end. Nothing of it is needed while rows are answered.
 */
export function allocateStep(
  alloc: Allocator,
  { config, weights, adapter, capacity, tileCapacity, answerRows }: StepBuffersRequest,
): StepBuffers {
  const learns = adapter !== undefined && learnsFromPictures(adapter);
  const training = typeof capacity.policy === "object" ? capacity.policy : undefined;
  const policy = learns ? training : undefined;
  const lora = learns ? adapter.settings : undefined;
  const lent: Tensor[] = [];
  const from = training && !learns ? weights.lendable : [];
  return sharedMemory(
    alloc,
    ["pictures", "tokens", "answers"],
    ({ pictures, tokens, answers, kept }) => {
      const pass = allocatePass(kept, config, weights, adapter?.settings, capacity, tokens);
      return {
        pass,
        vision: allocateVision(kept, config, tileCapacity, { lora, policy }, policy ? tokens : pictures),
        answers:
          answerRows === undefined
            ? undefined
            : allocateAnswers(kept, config, weights, adapter?.settings, {
                ...{ contextRows: answerRows, tables: pass, features: capacity.features },
                shared: answers,
              }),
        lent,
      };
    },
    { to: "tokens", from, most: LENT_BYTES / 4, taken: lent },
  );
}
