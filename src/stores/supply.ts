/** Rows for a run whose data set is prepared on demand: the engine asks, the dataset worker has the files and makes them. */
import type { LeftOutRow } from "../../workers/data/shards/dataset.ts";
import { reportOf } from "../../workers/errors.ts";
import type { PreparationSpec } from "../../workers/models/preparation.ts";
import type { DatasetSource, SuppliedRows } from "../../workers/protocol/dataset.ts";
import { callback, dataset } from "../page/workers.ts";
import { words } from "../words/index.ts";

interface Opened {
  source: DatasetSource;
  spec: PreparationSpec;
}

/** From what each data set of this visit was prepared: a dataset worker that died, or was thrown away, opens it again. */
const opened = new Map<string, Opened>();

export const rememberOpened = (datasetId: string, source: DatasetSource, spec: PreparationSpec): void => {
  opened.set(datasetId, { source, spec });
};

const ask = (datasetId: string, positions: number[]): Promise<SuppliedRows> =>
  dataset((api, alive) => api.prepareRows(datasetId, positions, callback(alive)));

async function openAgain(datasetId: string): Promise<boolean> {
  const { source, spec } = opened.get(datasetId) ?? {};
  if (!source || !spec) return false;
  await dataset((api, alive) =>
    api.prepare(
      source,
      spec,
      callback(({ detail }) => alive(detail)),
    ),
  );
  return true;
}

/** Asks once more where the worker had not opened the data set yet. Throws what the worker threw, "no-files" where nobody has the files. */
async function askOpened(datasetId: string, positions: number[]): Promise<SuppliedRows> {
  try {
    return await ask(datasetId, positions);
  } catch (error) {
    const notOpen = reportOf(error).code === "no-files";
    if (!notOpen || !(await openAgain(datasetId))) throw error;
    return ask(datasetId, positions);
  }
}

/** The worker is gone: it hung or broke over a row, or somebody cancelled what else it did. */
const isGone = (error: unknown): boolean => ["worker-died", "cancelled"].includes(reportOf(error).code);

/**
 * Has rows prepared. One over which the worker dies again when it is asked for alone is given up, the others go on.
 * Throws "no-files" where the files have to be dropped again.
 */
export async function suppliedRows(datasetId: string, positions: number[]): Promise<SuppliedRows> {
  try {
    return await askOpened(datasetId, positions);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  const leftOut: LeftOutRow[] = [];
  let cached: SuppliedRows["cached"] | undefined;
  for (const position of positions) {
    const one = await askOpened(datasetId, [position]).catch(async (error: unknown) => {
      if (!isGone(error)) throw error;
      const message = words().data.rows.gaveUp(reportOf(error).message);
      await openAgain(datasetId);
      await dataset((api) => api.leaveOut(datasetId, position, message));
      return askOpened(datasetId, [position]);
    });
    leftOut.push(...one.leftOut);
    cached = one.cached;
  }
  return { leftOut, cached: cached! };
}
