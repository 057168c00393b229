/** Files of the user's, wherever they come from: an adapter, a recipe, a model, or data. */
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { labelOf, looksLikeModel } from "../parts/files.ts";
import { useAdapters } from "./adapters.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { useRecipeFile } from "./recipe-file.ts";

/** Gives the files to whom they are for, told by their names, those in a zip too, and of a JSON file by its keys. */
export async function takeFiles(files: DroppedFile[]): Promise<void> {
  if (await useAdapters.getState().take(files)) return;
  if (await useRecipeFile.getState().take(files)) return;
  if (looksLikeModel(files)) useModel.getState().choose({ kind: "folder", label: labelOf(files), files });
  else await useDataset.getState().drop(files);
}
