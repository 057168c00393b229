/** GPU memory of a run on each published model, by the plan that is the allocation (a test holds it against measured bytes). */

import { policyName } from "../workers/models/activations.ts";
import { pictureSettingsOf } from "../workers/models/family.ts";
import { configOf, published, publishedPictures, publishedTensors } from "../workers/models/published.ts";
import { parseRecipe, type Recipe } from "../workers/recipe.ts";
import { onModel, type PlannedData } from "../workers/training/plan.ts";

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
/** Rows of 256 tokens with a picture in one tile: what small machines are planned for. */
const SMALL = "batch 8, r 16, unsplit, 256 tokens a row";
const small = { lora_r: 16, lora_alpha: 16, do_image_splitting: false };
/** Of a picture as large as it goes through in a thousand tokens. */
const LARGE_PICTURE = "batch 1, r 16, 1,000 tokens of one picture";
const largePicture = { lora_r: 16, lora_alpha: 16, per_device_train_batch_size: 1 };
const goals: Record<string, Record<string, number>> = {
  "HuggingFaceTB/SmolVLM-256M-Instruct": { [SMALL]: 0.9e9 },
  "HuggingFaceTB/SmolVLM-500M-Instruct": { [SMALL]: 1.6e9 },
  "Qwen/Qwen3-VL-2B-Instruct": { [LARGE_PICTURE]: 2.6e9 },
  "bczhou/tiny-llava-v1-hf": { "default recipe": 2.1e9, "lean: the same, and 8-bit moments": 1.6e9 },
  "llava-hf/llava-1.5-7b-hf": { "default recipe": 7.4e9, "lean: the same, and 8-bit moments": 6e9 },
};

export const plans = (): PlanResult[] =>
  [...published.keys()].flatMap((model) => {
    const goal = (name: string) => ({ model, recipe: name, goalBytes: goals[model]?.[name] ?? null });
    return [
      ...Object.entries(recipes).map(([name, json]) => ({ ...goal(name), ...planned(model, parseRecipe(json)) })),
      ...(goals[model]?.[SMALL]
        ? [{ ...goal(SMALL), ...planned(model, parseRecipe(small), { rows: 1000, longest: 256, pictures: 1 }) }]
        : []),
      ...(goals[model]?.[LARGE_PICTURE]
        ? [
            {
              ...goal(LARGE_PICTURE),
              ...planned(model, parseRecipe(largePicture), { rows: 1000, longest: 1000, pictures: 1 }),
            },
          ]
        : []),
    ];
  });

function planned(
  model: string,
  recipe: Recipe,
  data?: PlannedData,
): Omit<PlanResult, "model" | "recipe" | "goalBytes"> {
  const config = configOf(model);
  const { rowTokens, memory, flops } = onModel(
    {
      config,
      pictures: publishedPictures(model, pictureSettingsOf(recipe)),
      checkpoint: { tensors: publishedTensors(model) },
      preparation: { vocab: VOCABULARY },
    },
    recipe,
  ).planOf(data);
  return {
    rowTokens,
    totalBytes: memory.totalBytes,
    largestBytes: memory.largest.bytes,
    policy: policyName(memory.capacity.policy, config.decoder.numLayers),
    executedToIdeal: flops.executed / flops.ideal,
    dispatchesPerStep: memory.dispatchesPerStep,
  };
}
