/**
 * A saved run goes on as what it was: with the same model, recipe and rows. Held against each other are what changes the run's numbers;
 * a folder that was moved or a name that was changed does not.
 */

import { type DatasetManifest, partsOf } from "../../data/shards/manifest.ts";
import { TabTuneError } from "../../errors.ts";
import { parseRecipe, type Recipe, toHuggingFace } from "../../recipe.ts";
import type { RunInfo } from "./run-info.ts";

/** Keys that say when a run reports and saves, and nothing of what it computes. */
const FREE = new Set(["save_steps", "logging_steps", "save_total_limit"]);

export interface Offered {
  modelId: string;
  modelLabel: string;
  /** Marks of the weights (weights-mark.ts): the run's own, where it has one, and those that are loaded now. */
  weights?: { own: string | undefined; now: string };
  /** As the run would have it, rows no longer than the model takes. */
  recipe: Recipe;
  dataset: Pick<DatasetManifest, "id" | "label" | "rows" | "shards" | "index">;
}

/**
 * What to tell of an offer that goes on with the run (settings that may change and have), one sentence each.
 * @param stored the run's own rows, undefined where they are no longer there
 * @throws TabTuneError "bad-checkpoint" naming what differs; nothing is changed by it
 */
export function notesOnSameRun(info: RunInfo, stored: DatasetManifest | undefined, offered: Offered): string[] {
  if (info.modelId !== offered.modelId) {
    throw refusal(
      `The run began on another model or other loading settings (${info.modelLabel}) than ${offered.modelLabel} as it is loaded now.`,
      `Give ${info.modelLabel}, loaded as the run's recipe says, or another --out for a new run.`,
    );
  }
  const weights = offered.weights;
  if (weights?.own !== undefined && weights.own !== weights.now) {
    throw refusal(
      `The run began on other weights (${info.modelLabel}) than those of ${offered.modelLabel} now, which have the same shapes.`,
      "Give the model that the run began with, or another --out for a new run.",
    );
  }
  const notes = notesOnRecipe(parseRecipe(info.recipe), offered.recipe, info.maxSteps);
  if (info.datasetId === offered.dataset.id) return notes;
  if (!stored) {
    throw refusal(
      `The rows that the run began with (${info.datasetLabel}) are no longer beside its checkpoints, so ${offered.dataset.label} cannot be held against them.`,
      "Start a new run with another --out.",
    );
  }
  const [own, given] = [partsOf(stored), partsOf(offered.dataset)];
  const same = own.length === given.length && own.every(({ sha256 }, n) => sha256 === given[n]!.sha256);
  if (same) return notes;
  throw refusal(
    `The data has changed: the run began with ${stored.rows} rows of ${stored.label}, and the ${offered.dataset.rows} rows of ${offered.dataset.label} are not the same.`,
    "Give the data that the run began with, or another --out for a new run.",
  );
}

/** `maxSteps`: the run's length. A larger one is no other run: it goes on (extend.ts). */
function notesOnRecipe(began: Recipe, offered: Recipe, maxSteps: number): string[] {
  const [before, now] = [toHuggingFace(began), toHuggingFace(offered)];
  const changed = Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
  const words = (name: string): string => `${name} ${JSON.stringify(before[name])}, not ${JSON.stringify(now[name])}`;
  // Without steps of their own, evaluations are where the logs are.
  const isTied = (name: string): boolean =>
    name === "logging_steps" && began.evalStrategy === "steps" && began.evalSteps === null;
  const longer = offered.maxSteps > maxSteps;
  const isFree = (name: string): boolean => (FREE.has(name) && !isTied(name)) || (name === "max_steps" && longer);
  const wrong = changed.filter((name) => !isFree(name));
  if (wrong.length > 0) {
    throw refusal(
      `The recipe is another than the run began with: ${wrong.map(words).join("; ")}.`,
      "Give the recipe that the run began with, or another --out for a new run.",
    );
  }
  return changed.map((name) => `The run began with ${words(name)}; the new value is taken.`);
}

const refusal = (what: string, remedy: string): TabTuneError =>
  new TabTuneError("bad-checkpoint", what, remedy, "The run's checkpoints are kept as they are.");
