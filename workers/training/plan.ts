/** What a recipe means for a model: the length of its rows, the settings of its adapter, what a run takes. */
import type { PictureFormat } from "../data/pictures/format.ts";
import { featuresPerTile, positionsOf } from "../models/config.ts";
import { type MemoryPlan, planMemory, stepFlops } from "../models/memory-plan.ts";
import type { OpenedModel } from "../models/open.ts";
import type { LoraSettings } from "../models/parts/lora.ts";
import { quantOf, type TensorFacts } from "../models/weight-builder.ts";

import { answersRows, parseRecipe, type Recipe, rowsPerStep, stepsPerEpoch, totalSteps } from "../recipe.ts";

/** Text of a row beside its picture, for plans made before there is data: that of the published recipe, all of it targets under all-text. */
export const TEXT_TOKENS = 124;

/** What a plan needs of a model: none of its weights. */
export interface PlannedModel extends Pick<OpenedModel, "config"> {
  pictures: Pick<PictureFormat, "mostTiles" | "mostSlots">;
  checkpoint: { tensors: ReadonlyMap<string, TensorFacts> };
  /** `vocab`: rows of the embedding. */
  preparation: { vocab: number };
}

/** What a run will take. */
export interface RunPlan {
  /** Tokens of the longest row; guessed where there is no data yet. */
  rowTokens: number;
  memory: MemoryPlan;
  /** Of an optimizer step whose rows are all as long as the longest one. */
  flops: { executed: number; ideal: number; seen: number };
  /** 0 where it follows from rows that are not there yet. */
  steps: number;
  /** 0 without rows. */
  epochs: number;
}

/** What a plan needs of the rows; all 0 before the data is there. */
export interface PlannedData {
  rows: number;
  /** Tokens of the longest. */
  longest: number;
  /** Pictures of the row that has most; unknown of data sets of an older version. */
  pictures: number | undefined;
}

const noData: PlannedData = { rows: 0, longest: 0, pictures: 1 };

/**
 * `max_length` where nobody has set one: the recipe's default, and more where a picture of the model alone would come near it or beyond,
 * so that a row with the largest picture and as much text again as others have is whole. Never more than the model has positions for.
 */
export function usualMaxLength({ config, pictures }: Pick<PlannedModel, "config" | "pictures">): number {
  const { maxLength } = parseRecipe({});
  const whole = Math.ceil((pictures.mostSlots + TEXT_ROOM) / 256) * 256;
  return Math.min(positionsOf(config.decoder), Math.max(maxLength, whole));
}

/** Tokens that a given answer may be longer than the right one, in the longest row; shorter ones have more room. */
const ANSWER_ROOM = 128;

/** Tokens of text beside a picture that fills what is left of the default row in LLaVA-1.5, rounded down. */
const TEXT_ROOM = 1024;

/** A recipe on a model. */
export interface RecipeOnModel {
  /** Its rows are no longer than the model has positions for. */
  recipe: Recipe;
  /** Computes only. */
  planOf(data?: PlannedData): RunPlan;
}

/** Where a recipe meets a model, for page, command line, bench and the run itself. */
export function onModel(model: PlannedModel, given: Recipe): RecipeOnModel {
  const recipe = { ...given, maxLength: Math.min(given.maxLength, positionsOf(model.config.decoder)) };
  return { recipe, planOf: (data = noData) => planOf(model, recipe, data) };
}

function planOf(model: PlannedModel, recipe: Recipe, data: PlannedData): RunPlan {
  const { config } = model;
  const most = tilesPerPicture(model, recipe);
  // What is cut away of tiles, or shrunk, makes fewer slots than they have features; marks between them are more text.
  const slots = Math.min(most * featuresPerTile(config), model.pictures.mostSlots);
  const longest = data.longest || slots + TEXT_TOKENS;
  const rowTokens = Math.min(longest, recipe.maxLength);
  // At free size each tile is a slot: a row has no more of them than tokens, however large a picture might be.
  const room = config.tower.freeSize ? rowTokens : Number.POSITIVE_INFINITY;
  const tiles = Math.min(most, room);
  const pictures = Math.max(1, data.pictures ?? Math.floor(rowTokens / featuresPerTile(config)));
  const memory = planMemory({
    config,
    tensors: model.checkpoint.tensors,
    quant: quantOf(recipe),
    lora: loraSettings(recipe),
    optim: recipe.optim,
    batchSize: recipe.perDeviceTrainBatchSize,
    accumulation: recipe.gradientAccumulationSteps,
    longest: Math.max(16, rowTokens),
    tilesPerRow: Math.min(tiles * pictures, room),
    tilesPerPicture: tiles,
    gradientCheckpointing: recipe.gradientCheckpointing,
    answerRows: answersRows(recipe) ? Math.min(rowTokens + ANSWER_ROOM, positionsOf(config.decoder)) : undefined,
  });
  const batch = rowsPerStep(recipe);
  const steps = data.rows > 0 || recipe.maxSteps !== -1 ? totalSteps(recipe, data.rows) : 0;
  return {
    rowTokens,
    memory,
    flops: stepFlops(config, {
      vocab: model.preparation.vocab,
      rank: recipe.loraR,
      rows: batch * rowTokens,
      labelRows: batch * Math.min(rowTokens, TEXT_TOKENS),
      tiles: batch * tiles,
      tilesPerPicture: tiles,
      tokensPerRow: rowTokens,
      policy: memory.capacity.policy,
      keptStage: memory.kept?.stage,
    }),
    steps,
    // An epoch ends its last batch and window, however few rows are left for them.
    epochs: data.rows > 0 ? steps / stepsPerEpoch(recipe, data.rows) : 0,
  };
}

/** Most tiles of a picture, of a model that was opened with at least as many. At free size the cap is one of pixels. */
function tilesPerPicture({ config: { tower }, pictures }: PlannedModel, { maxImageTiles, maxPixels }: Recipe): number {
  const pixels = maxPixels === null ? null : Math.max(1, Math.floor(maxPixels / tower.imageSize ** 2));
  return Math.min(pictures.mostTiles, (tower.freeSize ? pixels : maxImageTiles) ?? Number.POSITIVE_INFINITY);
}

export const loraSettings = (recipe: Recipe): LoraSettings => ({
  rank: recipe.loraR,
  alpha: recipe.loraAlpha,
  useRslora: recipe.useRslora,
  targets: recipe.targetModules,
  trainProjector: recipe.modulesToSave !== null,
  dropout: recipe.loraDropout > 0 ? { rate: recipe.loraDropout, seed: recipe.seed } : undefined,
});

/**
 * Bytes of checkpoints that lie in storage together, at most: those that are kept, one more while it is written, and the best one. A run
 * of fewer saves has fewer.
 */
export function checkpointRoom(recipe: Recipe, steps: number, checkpointBytes: number): number {
  const saves = Math.max(1, Math.ceil(steps / recipe.saveSteps));
  const best = recipe.evalStrategy === "no" ? 0 : 1;
  return checkpointBytes * Math.min(saves + best, recipe.saveTotalLimit + 1 + best);
}
