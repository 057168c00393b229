/** How the rows of a step lie on processes: what train.py does (`Share` in python/rows.py), so that it can be told before. */
import type { Recipe } from "../recipe.ts";
import { rowsPerStep } from "./order.ts";

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
