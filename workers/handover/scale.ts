/** How the rows of a step lie on processes: what train.py does (`Share` in python/rows.py), so that it can be told before. */
import { type Recipe, rowsPerStep } from "../recipe.ts";

export interface Shares {
  processes: number;
  /** Of an optimizer step, whatever the number of processes. */
  rowsPerStep: number;
  /** Places of a micro-batch on one process, and micro-batches of a step. */
  batch: number;
  batches: number;
  /** Places of a step that no row has. */
  empty: number;
  /** Rows of a step on the process that has most, and on the one that has fewest. */
  mostRows: number;
  fewestRows: number;
}

type Keys = "perDeviceTrainBatchSize" | "gradientAccumulationSteps";

/** `most`: rows of a micro-batch on one process; the recipe's where nothing is said. */
export function sharesOf(recipe: Pick<Recipe, Keys>, processes: number, most = recipe.perDeviceTrainBatchSize): Shares {
  const rows = rowsPerStep(recipe);
  const each = Math.ceil(rows / processes);
  const batch = Math.min(most, each);
  const batches = Math.ceil(each / batch);
  return {
    ...{ processes, rowsPerStep: rows, batch, batches },
    empty: batch * batches * processes - rows,
    mostRows: each,
    fewestRows: Math.floor(rows / processes),
  };
}

export interface Wire {
  /** The adapter, either way, and Adam's moments with it where a run goes on: f32. */
  adapterBytes: number;
  momentBytes: number;
  /** What each process sends in a step to sum gradients (f32) in a ring. */
  reducedBytes: number;
}

export const wireOf = (trainable: number, processes: number): Wire => ({
  adapterBytes: 4 * trainable,
  momentBytes: 8 * trainable,
  reducedBytes: Math.round((2 * (processes - 1) * 4 * trainable) / processes),
});

/** One line of `handover --dry-run`: the same run on so many processes. */
export const dryRun = (
  recipe: Pick<Recipe, Keys>,
  { steps, trainable, most }: { steps: number; trainable: number; most?: number | undefined },
  processes: number,
) => {
  const { mostRows, fewestRows, batch, batches, empty } = sharesOf(recipe, processes, most);
  return {
    ranks: processes,
    steps,
    rows_per_step: rowsPerStep(recipe),
    rows_per_rank: [fewestRows, mostRows],
    micro_batches: batches,
    micro_batch: batch,
    empty_places: empty,
    reduced_bytes: wireOf(trainable, processes).reducedBytes,
  };
};
