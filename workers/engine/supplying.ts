/** Rows that the page has prepared, as data sets ask for them. */
import type { SupplyRows } from "../data/shards/dataset.ts";
import { fromReport } from "../errors.ts";
import type { SupplyOf } from "../protocol/supply.ts";

/** What the page cannot do comes back as an error of its own. */
export const supplying = (datasetId: string, supply: SupplyOf | undefined): { supply?: SupplyRows } => {
  if (!supply) return {};
  return {
    async supply(positions) {
      const supplied = await supply(datasetId, positions);
      if ("failed" in supplied) throw fromReport(supplied.failed);
      return supplied.leftOut;
    },
  };
};
