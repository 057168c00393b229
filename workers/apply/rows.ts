/** Which rows a job answers, decided when it begins, and how they are read: texts from the index, pictures as they were prepared. */
import type { RowToAsk } from "../chat/answer-rows.ts";
import { picturesOf } from "../data/example.ts";
import { changesKeyOf, corrected, editsOf, readChanges } from "../data/index/changes.ts";
import { openIndex } from "../data/index/row-index.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import type { RowPreparation } from "../data/prepare-example.ts";
import { withChanges } from "../data/shards/changed-dataset.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { TabTuneError } from "../errors.ts";
import { parseRecipe, type RecipeJson } from "../recipe.ts";
import { sha256 } from "../storage/sha256.ts";
import type { Store } from "../storage/store.ts";
import { separateRows } from "../training/held-out.ts";
import { readHeldOut } from "../training/saved/evaluations.ts";
import { runPrefix } from "../training/saved/format.ts";
import type { JobRows } from "./job.ts";

/** Rows of a data set: all, those that a run with this recipe would hold out, or those that a saved run held out. */
export type WhichRows =
  | { kind: "all" | "files" }
  | { kind: "held out"; recipe: RecipeJson }
  | { kind: "held out of run"; runId: string };

/**
 * The rows that are asked for, in their order, with what a person had changed of them.
 * @throws TabTuneError "no-rows" where there are none, with the reason
 */
export async function chosenRows(
  store: Store,
  dataset: Dataset,
  preparation: RowPreparation,
  which: WhichRows,
): Promise<JobRows> {
  if (which.kind === "held out of run") {
    const record = await readHeldOut(store, which.runId);
    if (record)
      return { positions: record.positions, changes: await readChanges(store, `${runPrefix(which.runId)}changes`) };
    throw new TabTuneError("no-rows", "This run held no rows out.", "Choose other rows.");
  }
  const changes = await readChanges(store, changesKeyOf(dataset.manifest) ?? "");
  const now = await withChanges(dataset, changes, preparation);
  if (which.kind !== "held out") {
    const positions = Array.from({ length: now.rows }, (_, i) => now.positionOf(i));
    if (positions.length > 0) return { positions, changes };
    throw new TabTuneError(
      "no-rows",
      "All rows of the data are left out.",
      "Take some of them back, or choose other rows.",
    );
  }
  // Held out as by a run that measures them, whether the recipe does so now or not.
  const recipe = {
    ...which.recipe,
    eval_strategy: "steps",
    load_best_model_at_end: false,
    early_stopping_patience: null,
  };
  const run = { store, runId: "", resume: false };
  const { heldOut, words } = await separateRows(run, now, parseRecipe(recipe));
  if (heldOut) return { positions: heldOut.record.positions, changes };
  throw new TabTuneError(
    "no-rows",
    words.replace(/ The run is not evaluated\.$/, ""),
    "Choose all rows, or other data.",
  );
}

/** The same for the same rows with the same texts. */
export const keyOfRows = async (datasetId: string, { positions, changes }: JobRows): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify([datasetId, positions, changes])));

export interface JobRow extends RowToAsk {
  position: number;
}

/** Rows that are prepared ahead, of data whose rows are prepared on demand. */
const AHEAD = 8;

export interface RowsToAnswer {
  /** From the n-th of them on. */
  from(n: number): AsyncGenerator<JobRow>;
  /** Prepared pictures; throws as `Dataset.read`. */
  picturesOf(row: JobRow): Promise<PreparedImage[]>;
}

/** Throws TabTuneError "bad-dataset" where an older version prepared the data. */
export function rowsToAnswer(store: Store, dataset: Dataset, { positions, changes }: JobRows): RowsToAnswer {
  const { id, index: info, positions: prepared } = dataset.manifest;
  if (!info) {
    throw new TabTuneError("bad-dataset", "An older version prepared this data.", "Drop its files again.");
  }
  const index = openIndex(store, id, info);
  const edits = editsOf(changes);
  const places = prepared && new Map(prepared.map((position, i) => [position, i]));
  const placeOf = (position: number): number => (places ? (places.get(position) ?? -1) : position);
  return {
    async *from(n) {
      for (let at = n; at < positions.length; at++) {
        const position = positions[at]!;
        dataset.soon(positions.slice(at, at + AHEAD).map(placeOf));
        const { index: row, source, pictures, ...texts } = await index.read(position);
        yield { position, index: row, source, images: pictures, ...corrected(texts, edits.get(position)) };
      }
    },
    async picturesOf({ position, images }) {
      if (images.length === 0) return [];
      return picturesOf(await dataset.read(placeOf(position)));
    },
  };
}
