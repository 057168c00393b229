/** The disposable worker: parses files nobody has vetted. The page kills it when it hangs; nothing but prepared shards is lost. */

import * as Comlink from "comlink";
import { embeddedFiles } from "./data/embedded.ts";
import { previewRows } from "./data/preview.ts";
import { lookAt } from "./data/rows/look.ts";
import { writtenDataSet } from "./data/rows/parquet-data-set.ts";
import { openDataset } from "./data/shards/dataset.ts";
import { readManifest } from "./data/shards/manifest.ts";
import { CACHE_BYTES, type Drop, prepareDataset, storedInfo } from "./data/shards/prepare-dataset.ts";
import type { RowSupply } from "./data/shards/supply.ts";
import { STORE_NAME } from "./engine/storage-names.ts";
import { TabTuneError, toReport } from "./errors.ts";
import { preparationOf } from "./models/preparation.ts";
import type { DatasetApi, DatasetSource } from "./protocol/dataset.ts";
import { openIdbStore } from "./storage/idb.ts";
import type { Store } from "./storage/store.ts";

let opened: Promise<Store> | undefined;
const store = (): Promise<Store> => {
  opened ??= openIdbStore(STORE_NAME);
  return opened;
};

/** Data sets whose rows are prepared on demand, with their files, as long as this worker lives. */
const supplies = new Map<string, RowSupply>();

function supplyOf(datasetId: string): RowSupply {
  const supply = supplies.get(datasetId);
  if (supply) return supply;
  throw new TabTuneError(
    "no-files",
    "Rows of this data set have yet to be prepared, and its files are not open in this tab.",
    "Drop the same files again, then press Resume run.",
    "The run's checkpoints are kept, and the rows that were prepared.",
  );
}

/** A quarter of what this site may store at most. */
async function cacheBudget(): Promise<number> {
  const { quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate();
  return Math.min(CACHE_BYTES, quota / 4);
}

/** Comlink carries an error's own fields only for plain objects: send the report. */
async function reporting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toReport(error);
  }
}

async function dropOf(source: DatasetSource): Promise<Drop> {
  if (source.kind === "files") return source;
  const files = await embeddedFiles("data", (name) => !name.startsWith("heldout") && !/README|recipe\.json/.test(name));
  return { label: "the sample data", files };
}

/** Calls `then` ten times a second at most: progress that is reported row by row would cost more than the rows. */
function sparingly<A extends unknown[]>(then: (...args: A) => void): (...args: A) => void {
  let reported = 0;
  return (...args) => {
    const time = performance.now();
    if (time - reported < 100) return;
    reported = time;
    then(...args);
  };
}

const api: DatasetApi = {
  look: ({ files, reading = {} }, count) => reporting(() => lookAt(files, reading, count)),
  prepare: (source, spec, onProgress) =>
    reporting(async () => {
      const drop = await dropOf(source);
      const budget = await cacheBudget();
      const prepared = await prepareDataset(await store(), drop, preparationOf(spec), sparingly(onProgress), {
        budget,
      });
      const { info, supply } = prepared;
      if (supply) supplies.set(info.id, supply);
      return info;
    }),
  prepareRows: (datasetId, positions, onRow) =>
    reporting(async () => {
      const supply = supplyOf(datasetId);
      const leftOut = await supply.prepare(positions, sparingly(onRow));
      return { leftOut, cached: supply.cached };
    }),
  leaveOut: (datasetId, position, message) => reporting(() => supplyOf(datasetId).leaveOut(position, message)),
  asDataSet: (source, onRow) =>
    reporting(async () => {
      const { files, reading } = await dropOf(source);
      return writtenDataSet(files, reading ?? {}, sparingly(onRow));
    }),
  open: (datasetId) =>
    reporting(async () => {
      const manifest = await readManifest(await store(), datasetId);
      return manifest ? storedInfo(await store(), manifest) : null;
    }),
  preview: (datasetId, spec, from, count) =>
    reporting(async () => {
      const supply = async (positions: number[]) => supplyOf(datasetId).prepare(positions);
      const dataset = await openDataset(await store(), datasetId, supply);
      if (!dataset) {
        throw new TabTuneError(
          "bad-dataset",
          "The prepared data is no longer in the browser's storage.",
          "Drop the files again.",
        );
      }
      return previewRows(dataset, preparationOf(spec).tokenizer, from, count);
    }),
};

Comlink.expose(api);
