/** How rows are had that are prepared on demand: the engine asks the page, and the page the dataset worker. */
import type { LeftOutRow } from "../data/shards/dataset.ts";
import type { ErrorReport } from "../errors.ts";

/** Has rows of a data set prepared that is prepared on demand: the page asks the dataset worker, which has the files. Without it only rows that were prepared before can be read. */
export type SupplyOf = (
  datasetId: string,
  positions: number[],
) => Promise<{ leftOut: LeftOutRow[] } | { failed: ErrorReport }>;
