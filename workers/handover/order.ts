/** The order of a run's rows as a file, so that a server needs none of our generators. */
import { parquetWriteBuffer } from "hyparquet-writer";
import { epochOrder, type OrderOptions, type Position } from "../data/batches/sampler.ts";
import { TabTuneError } from "../errors.ts";
import { type Recipe, rowsPerStep } from "../recipe.ts";

/** Places of an order that fit into memory and a file of 256 MB. */
const MOST_PLACES = 1 << 26;

export interface WrittenOrder {
  /** Rows of one epoch after the other, from the epoch of the first step on; as many as the steps see. */
  rows: Int32Array;
  /** Optimizer steps of the first epoch that lie before the first one. */
  window: number;
}

/**
 * The rows that `steps` optimizer steps from `position` on see. Throws TabTuneError "bad-recipe" where they are too many to be written.
 */
export function writtenOrder(
  options: OrderOptions,
  recipe: Pick<Recipe, "perDeviceTrainBatchSize" | "gradientAccumulationSteps">,
  { position, steps }: { position: Position; steps: number },
): WrittenOrder {
  const { rows } = options;
  const batch = rowsPerStep(recipe);
  const perEpoch = Math.ceil(rows / batch);
  const window = Math.floor(position.index / batch);
  const end = window + steps;
  const epochs = Math.ceil(end / perEpoch);
  const inLast = Math.min(rows, (end - (epochs - 1) * perEpoch) * batch);
  const places = (epochs - 1) * rows + inLast;
  if (places > MOST_PLACES) {
    throw new TabTuneError(
      "bad-recipe",
      `${steps} steps of ${batch} rows are too many for one hand-over: it writes down the order of its rows, of ${MOST_PLACES} at most.`,
      "Lower max_steps, or hand over again from the adapter that comes back.",
    );
  }
  const order = new Int32Array(places);
  for (let n = 0; n < epochs; n++) {
    const epoch = epochOrder(options, position.epoch + n);
    order.set(n === epochs - 1 ? epoch.subarray(0, inLast) : epoch, n * rows);
  }
  return { rows: order, window };
}

/** As a Parquet file with the one column `row`. */
export const orderFile = (order: Int32Array): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "row", data: order, type: "INT32" }] }));
