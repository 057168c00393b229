/** The disposable worker: parses files nobody has vetted. The page kills it when it hangs; nothing but prepared shards is lost. */

import * as Comlink from "comlink";
import { embeddedFiles } from "./data/embedded.ts";
import { previewRows } from "./data/preview.ts";
import { lookAt } from "./data/rows/look.ts";
import { writtenDataSet } from "./data/rows/parquet-data-set.ts";
import { type Drop, infoOf, prepareDataset } from "./data/shards/prepare-dataset.ts";
import { openDataset } from "./data/shards/shards.ts";
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
      return prepareDataset(await store(), drop, preparationOf(spec), sparingly(onProgress));
    }),
  asDataSet: (source, onRow) =>
    reporting(async () => {
      const { files, reading } = await dropOf(source);
      return writtenDataSet(files, reading ?? {}, sparingly(onRow));
    }),
  open: (datasetId) =>
    reporting(async () => {
      const dataset = await openDataset(await store(), datasetId);
      return dataset ? infoOf(dataset.manifest) : null;
    }),
  preview: (datasetId, spec, from, count) =>
    reporting(async () => {
      const dataset = await openDataset(await store(), datasetId);
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
