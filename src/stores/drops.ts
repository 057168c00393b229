/** Files of the user's, wherever they come from: an adapter, a recipe, a model, or data. */
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { labelOf, looksLikeModel } from "../parts/files.ts";
import { useAdapters } from "./adapters.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { useRecipeFile } from "./recipe-file.ts";

const isTaken = async (files: DroppedFile[]): Promise<boolean> =>
  (await useAdapters.getState().take(files)) || (await useRecipeFile.getState().take(files));

/** What was given before is told apart first: a second drop of data asks about the one before it. */
let before: Promise<unknown> = Promise.resolve();

/** Gives the files to whom they are for, told by their names, those in a zip too, and of a JSON file by its keys. */
export async function takeFiles(files: DroppedFile[]): Promise<void> {
  const taken = before.then(() => isTaken(files));
  before = taken.catch(() => undefined);
  if (await taken) return;
  if (looksLikeModel(files)) useModel.getState().choose({ kind: "folder", label: labelOf(files), files });
  else await useDataset.getState().drop(files);
}
