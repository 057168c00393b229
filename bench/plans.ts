/** GPU memory of a run on each published model, by the plan that is the allocation (a test holds it against measured bytes). */

import { policyName } from "../workers/models/activations.ts";
import { patchesPerTile } from "../workers/models/config.ts";
import { planMemory, stepFlops } from "../workers/models/memory-plan.ts";
import { configOf, type Published, published, tensorsOf } from "../workers/models/published.ts";
import { parseRecipe, type Recipe } from "../workers/recipe.ts";

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

const TEXT_TOKENS = 124;
const VOCABULARY = 32064;

const lean = { optim: "adamw_bnb_8bit", quantize_modules: ["language_model", "vision_tower"] };
const recipes: Record<string, Record<string, unknown>> = {
  "default recipe": {},
  "vision tower in 4 bits": { quantize_modules: ["language_model", "vision_tower"] },
  "lean: the same, and 8-bit moments": lean,
  "activations kept": { gradient_checkpointing: false },
};
const goals: Partial<Record<Published, Record<string, number>>> = {
  "bczhou/tiny-llava-v1-hf": { "default recipe": 2.1e9, "lean: the same, and 8-bit moments": 1.6e9 },
  "llava-hf/llava-1.5-7b-hf": { "default recipe": 7.4e9, "lean: the same, and 8-bit moments": 6e9 },
};

export const plans = (): PlanResult[] =>
  (Object.keys(published) as Published[]).flatMap((model) =>
    Object.entries(recipes).map(([name, json]) => ({
      model,
      recipe: name,
      ...planOf(model, parseRecipe(json)),
      goalBytes: goals[model]?.[name] ?? null,
    })),
  );

function planOf(model: Published, recipe: Recipe): Omit<PlanResult, "model" | "recipe" | "goalBytes"> {
  const config = configOf(model);
  const grid = config.gridPinpoints.map(([h, w]) => (h * w) / config.vision.imageSize ** 2);
  const tiles = config.kind === "llava_next" ? 1 + Math.max(...grid) : 1;
  const rowTokens = Math.min(recipe.maxLength, tiles * patchesPerTile(config.vision) + TEXT_TOKENS);
  const rows = recipe.perDeviceTrainBatchSize;
  const plan = planMemory({
    config,
    tensors: tensorsOf(published[model]),
    quant: { type: "nf4", blockSize: 64, doubleQuant: false, modules: recipe.quantizeModules },
    lora: { rank: recipe.loraR, alpha: recipe.loraAlpha, useRslora: false },
    optim: recipe.optim,
    batchSize: rows,
    accumulation: 1,
    longest: rowTokens,
    tilesPerRow: tiles,
    gradientCheckpointing: recipe.gradientCheckpointing,
  });
  const { policy } = plan.capacity;
  const labels = rows * TEXT_TOKENS;
  const flops = stepFlops(config, VOCABULARY, recipe.loraR, rows * rowTokens, labels, rows * tiles, rowTokens, policy);
  return {
    rowTokens,
    totalBytes: plan.totalBytes,
    largestBytes: plan.largest.bytes,
    policy: policyName(policy, config.text.numLayers),
    executedToIdeal: flops.executed / flops.ideal,
    dispatchesPerStep: plan.dispatchesPerStep,
  };
}
