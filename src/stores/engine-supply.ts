/** Rows that the engine wants prepared: the data set on show tells what became of them. */
import { reportOf } from "../../workers/errors.ts";
import type { SupplyOf } from "../../workers/protocol/supply.ts";
import { useDataset } from "./dataset.ts";

export const engineSupply: SupplyOf = async (datasetId, positions) => {
  try {
    return { leftOut: await useDataset.getState().supply(datasetId, positions) };
  } catch (error) {
    // A class does not cross a worker's border; its report does.
    return { failed: reportOf(error) };
  }
};
