/** Rows of a data set as a run takes them: none longer than its plan has room for, and what is not as it was read is told once. */
import type { Example } from "../data/example.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { fitLength } from "../data/text/fit-length.ts";
import { isRowFault } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import type { OddRow } from "./events.ts";
import type { RunReport } from "./report.ts";

export interface FittedRowsOptions {
  model: Pick<LoadedModel, "config">;
  recipe: Pick<Recipe, "maxLength" | "trainOn">;
  report: Pick<RunReport, "row">;
  /** What does not fit was counted before the run: none of the rows that are asked for may be at fault. */
  counted: boolean;
}

/** A reader by the rows' numbers. It resolves to undefined for a row that cannot be used. */
export function fittedRows(
  dataset: Dataset,
  { model, recipe, report, counted }: FittedRowsOptions,
): (i: number) => Promise<Example | undefined> {
  const { trainOn } = recipe;
  // What the plan has room for: no row is longer than the longest, and one that were would be cut and told.
  const maxLength = Math.min(recipe.maxLength, dataset.longest);
  const { imageTokenId } = model.config;
  const told = new Set<number>();
  const tell = async (i: number, outcome: OddRow["outcome"], message = ""): Promise<void> => {
    if (counted || told.has(i)) return;
    told.add(i);
    report.row({ source: (await dataset.sourceOf(i)) ?? `row ${i + 1}`, outcome, message });
  };
  return async (i) => {
    try {
      const example = await dataset.read(i);
      const fitted = fitLength(example, maxLength, { trainOn, imageTokenId });
      if (fitted !== example) await tell(i, "cut");
      return fitted;
    } catch (error) {
      if (counted || !isRowFault(error)) throw error;
      await tell(i, "left-out", error.message);
      return undefined;
    }
  };
}
