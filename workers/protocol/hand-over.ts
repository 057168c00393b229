/** What crosses the borders of both workers of a run that is handed over: the engine makes it, the dataset worker adds its rows. */
import type { RowChanges } from "../data/index/changes.ts";
import type { HandedFile } from "../handover/handed.ts";
import type { RecipeJson } from "../recipe.ts";

/** A saved run, or one that has not begun: its recipe and data, and the run whose adapter it begins with. */
export type ToHandOver =
  | { runId: string }
  | { recipe: RecipeJson; datasetId: string; from?: string | undefined; which?: "best" | "last" | undefined };

/** A run as a folder for a server, but for its rows, which the dataset worker writes. */
export interface HandedOver {
  files: HandedFile[];
  /** The Parquet files of rows (`path` with a number behind it): which, by their positions, in this order; as they were changed. */
  rows: { path: string; positions: number[] }[];
  changes: RowChanges;
  datasetId: string;
  /** What to tell, a sentence each. */
  notes: string[];
}
