/** What saved runs are called. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** What somebody calls it, else "voice" of an adapter that came as a file, "tiny on icons" of a run. */
export const titleOf = ({ name, modelLabel, datasetLabel, lineage }: RunSummary): string =>
  name || (lineage.imported ? datasetLabel : `${modelLabel} on ${datasetLabel}`);
