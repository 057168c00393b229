/** What saved runs are called. */
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** "voice" of an adapter that came as a file, "tiny on icons" of a run. */
export const titleOf = ({ modelLabel, datasetLabel, lineage }: RunSummary): string =>
  lineage.imported ? datasetLabel : `${modelLabel} on ${datasetLabel}`;
