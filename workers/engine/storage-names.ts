/** Names under which the page's workers meet in the browser's storage. */
export const STORE_NAME = "tabtune";
export const CACHE_DIRECTORY = "tabtune-weights";
/** What was fetched of data sets of a hub. */
export const RANGES_DIRECTORY = "tabtune-hub-data";
export const jobLock = (jobId: string): string => `tabtune-job-${jobId}`;
export const runLock = (runId: string): string => `tabtune-run-${runId}`;
/** Whether it is held by whoever trains or answers rows. Names stay the same in all versions: they look for each other's. */
export const isWorkLock = (name: string): boolean => name.startsWith(runLock("")) || name.startsWith(jobLock(""));
