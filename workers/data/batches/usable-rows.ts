/** Which rows of a data set a run can train on. */
import { TabTuneError } from "../../errors.ts";
import type { Recipe } from "../../recipe.ts";
import type { Example } from "../example.ts";
import type { Dataset } from "../shards/dataset.ts";
import { fitLength } from "../text/fit-length.ts";

export interface UsableRows {
  /** Positions in the data set. */
  rows: number[];
  /** How many of them each part of the data set has; their sum is the number of rows. */
  shardSizes: number[];
  /** Rows among them that are longer than the recipe's length and lose their end. */
  cut: number;
}

/**
 * Rows that fit the recipe's length; all of them where rows are prepared on demand, whose lengths show when they are read. Throws
 * "no-rows" when there are none.
 */
export async function usableRows(
  dataset: Dataset,
  { maxLength, trainOn }: Pick<Recipe, "maxLength" | "trainOn">,
  imageTokenId: number,
): Promise<UsableRows> {
  const rows: number[] = [];
  let cut = 0;
  const shardSizes: number[] = [];
  const all = dataset.onDemand || dataset.longest <= maxLength;
  let at = 0;
  for (const part of dataset.parts) {
    const before = rows.length;
    for (let k = 0; k < part.rows; k++, at++) {
      if (all) rows.push(at);
      else {
        const example = await dataset.read(at);
        if (!fits(example, maxLength, { trainOn, imageTokenId })) continue;
        rows.push(at);
        if (example.inputIds.length > maxLength) cut += 1;
      }
    }
    shardSizes.push(rows.length - before);
  }
  if (rows.length > 0) return { rows, shardSizes, cut };
  throw new TabTuneError(
    "no-rows",
    `None of the ${dataset.rows} rows fits into ${maxLength} tokens with its picture and an answer.`,
    "Raise max_length (Longest row in tokens) where the model has room for more, or choose other data.",
    "The prepared data stays as it is.",
  );
}

function fits(example: Example, maxLength: number, options: Parameters<typeof fitLength>[2]): boolean {
  try {
    fitLength(example, maxLength, options);
    return true;
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "row-too-long") return false;
    throw error;
  }
}
