/** What a recipe means for a model: the length of its rows, the settings of its adapter, the memory of a run. */
import { TabTuneError } from "../errors.ts";
import type { LlavaConfig } from "../models/config.ts";
import { positionsOf } from "../models/load.ts";
import type { LoraSettings } from "../models/lora.ts";
import { type MemoryPlan, planMemory } from "../models/memory-plan.ts";
import type { OpenedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";

/** The recipe with rows no longer than the model has positions for. */
export const withinModel = (recipe: Recipe, { text }: LlavaConfig): Recipe => ({
  ...recipe,
  maxLength: Math.min(recipe.maxLength, positionsOf(text)),
});

/** The plan of a run on this model; `rows` and `longest` may be guesses before the data is there. */
export function planRun(model: OpenedModel, recipe: Recipe, longest: number): MemoryPlan {
  return planMemory({
    config: model.config,
    tensors: model.checkpoint.tensors,
    quant: model.quant && { ...model.quant, modules: recipe.quantizeModules },
    lora: loraSettings(recipe),
    optim: recipe.optim,
    batchSize: recipe.perDeviceTrainBatchSize,
    accumulation: recipe.gradientAccumulationSteps,
    longest: Math.max(16, Math.min(longest, withinModel(recipe, model.config).maxLength)),
    tilesPerRow: tilesPerPicture(model, recipe),
    gradientCheckpointing: recipe.gradientCheckpointing,
  });
}

/** Most tiles of a picture, of a model that was opened with at least as many. */
export const tilesPerPicture = (model: OpenedModel, { maxImageTiles }: Recipe): number =>
  Math.min(model.tilesPerPicture, maxImageTiles ?? Number.POSITIVE_INFINITY);

export const loraSettings = (recipe: Recipe): LoraSettings => ({
  rank: recipe.loraR,
  alpha: recipe.loraAlpha,
  useRslora: recipe.useRslora,
  targets: recipe.targetModules,
  trainProjector: recipe.modulesToSave !== null,
  dropout: recipe.loraDropout > 0 ? { rate: recipe.loraDropout, seed: recipe.seed } : undefined,
});

/** What is not trained is refused before anything is allocated. */
export function checkSupported(recipe: Recipe): void {
  if (recipe.loraDropout > 0 && recipe.loraR % 4 !== 0) {
    throw new TabTuneError(
      "bad-recipe",
      `lora_dropout with lora_r ${recipe.loraR}: with dropout the rank must be a multiple of 4.`,
      `Set lora_r to ${4 * Math.ceil(recipe.loraR / 4)}, or lora_dropout to 0.`,
    );
  }
}
