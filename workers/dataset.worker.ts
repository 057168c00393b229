/** The disposable worker: parses files nobody has vetted. The page kills it when it hangs; nothing but prepared shards is lost. */

import * as Comlink from "comlink";
import { embeddedFiles } from "./data/embedded.ts";
import { previewRows } from "./data/preview.ts";
import { lookAt } from "./data/rows/look.ts";
import type { InputFile } from "./data/rows/read-rows.ts";
import type { RecordOptions } from "./data/rows/record.ts";
import { infoOf, prepareDataset } from "./data/shards/prepare-dataset.ts";
import { openDataset } from "./data/shards/shards.ts";
import { STORE_NAME } from "./engine/storage-names.ts";
import { TabTuneError, toReport } from "./errors.ts";
import { preparationOf } from "./models/preparation.ts";
import type { DatasetApi } from "./protocol/dataset.ts";
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

const api: DatasetApi = {
  look: ({ files, reading = {} }, count) => reporting(() => lookAt(files, reading, count)),
  prepare: (source, spec, onProgress) =>
    reporting(async () => {
      let files: InputFile[];
      let label: string;
      let reading: RecordOptions = {};
      if (source.kind === "sample") {
        label = "the sample data";
        files = await embeddedFiles("data", (name) => !name.startsWith("heldout") && !/README|recipe\.json/.test(name));
      } else ({ files, label, reading = {} } = source);
      // Progress that is reported row by row would cost more than the rows.
      let reported = 0;
      const drop = { files, label, reading };
      return prepareDataset(await store(), drop, preparationOf(spec), (progress) => {
        const now = performance.now();
        if (now - reported < 100) return;
        reported = now;
        onProgress(progress);
      });
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
