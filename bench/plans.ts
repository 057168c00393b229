/** GPU memory of a run on each published model, by the plan that is the allocation (a test holds it against measured bytes). */

import { policyName } from "../workers/models/activations.ts";
import { configOf, published, publishedPictures, publishedTensors } from "../workers/models/published.ts";
import { parseRecipe, type Recipe } from "../workers/recipe.ts";
import { onModel } from "../workers/training/plan.ts";

export interface PlanResult {
  model: string;
  recipe: string;
  /** Tokens of the longest row. */
  rowTokens: number;
  totalBytes: number;
  /** The largest single buffer: what the adapter must bind. */
  largestBytes: number;
  policy: string;
  executedToIdeal: number;
  dispatchesPerStep: number;
  goalBytes: number | null;
}

const VOCABULARY = 32064;

const lean = { optim: "adamw_bnb_8bit", quantize_modules: ["language_model", "vision_tower"] };
const recipes: Record<string, Record<string, unknown>> = {
  "default recipe": {},
  "vision tower in 4 bits": { quantize_modules: ["language_model", "vision_tower"] },
  "lean: the same, and 8-bit moments": lean,
  "activations kept": { gradient_checkpointing: false },
};
const goals: Record<string, Record<string, number>> = {
  "bczhou/tiny-llava-v1-hf": { "default recipe": 2.1e9, "lean: the same, and 8-bit moments": 1.6e9 },
  "llava-hf/llava-1.5-7b-hf": { "default recipe": 7.4e9, "lean: the same, and 8-bit moments": 6e9 },
};

export const plans = (): PlanResult[] =>
  [...published.keys()].flatMap((model) =>
    Object.entries(recipes).map(([name, json]) => ({
      model,
      recipe: name,
      ...planned(model, parseRecipe(json)),
      goalBytes: goals[model]?.[name] ?? null,
    })),
  );

function planned(model: string, recipe: Recipe): Omit<PlanResult, "model" | "recipe" | "goalBytes"> {
  const config = configOf(model);
  const { rowTokens, memory, flops } = onModel(
    {
      config,
      pictures: publishedPictures(model),
      checkpoint: { tensors: publishedTensors(model) },
      quant: { type: "nf4", blockSize: 64, doubleQuant: false, modules: recipe.quantizeModules },
      preparation: { vocab: VOCABULARY },
    },
    recipe,
  ).planOf();
  return {
    rowTokens,
    totalBytes: memory.totalBytes,
    largestBytes: memory.largest.bytes,
    policy: policyName(memory.capacity.policy, config.decoder.numLayers),
    executedToIdeal: flops.executed / flops.ideal,
    dispatchesPerStep: memory.dispatchesPerStep,
  };
}
