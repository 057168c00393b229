/** The disposable worker: parses files nobody has vetted. The page kills it when it hangs; nothing but prepared shards is lost. */

import * as Comlink from "comlink";
import { type Browsed, findRows, holdTogether, olderRows, type RowQuery, viewRows } from "./data/browse.ts";
import { embeddedFiles } from "./data/embedded.ts";
import {
  changed,
  changesKey,
  currentRows,
  isUnchanged,
  noChanges,
  type RowChanges,
  readChanges,
  writeChanges,
} from "./data/index/changes.ts";
import { openIndex } from "./data/index/row-index.ts";
import { openPicturePool, type PicturePool, type PictureThread, threadsFor } from "./data/pictures/pool.ts";
import { startPictures } from "./data/pictures/thread.ts";
import { lookAt } from "./data/rows/look.ts";
import { writtenDataSet } from "./data/rows/parquet-data-set.ts";
import { withChanges } from "./data/shards/changed-dataset.ts";
import { openDataset } from "./data/shards/dataset.ts";
import { readManifest } from "./data/shards/manifest.ts";
import {
  CACHE_BYTES,
  type DatasetInfo,
  type Drop,
  prepareDataset,
  storedInfo,
  unusableRows,
} from "./data/shards/prepare-dataset.ts";
import type { RowSupply } from "./data/shards/supply.ts";
import { STORE_NAME } from "./engine/storage-names.ts";
import { reporting, TabTuneError } from "./errors.ts";
import { type PreparationSpec, preparationOf } from "./models/preparation.ts";
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

const gone = (): TabTuneError =>
  new TabTuneError("bad-dataset", "The prepared data is no longer in the browser's storage.", "Drop the files again.");

/** What was changed of a data set's rows, and where it is kept; nothing can be changed of one that has no index. */
async function changesOf(datasetId: string): Promise<{ changes: RowChanges; key: string | undefined }> {
  const { filesId } = (await readManifest(await store(), datasetId)) ?? {};
  const key = filesId && changesKey(filesId);
  return { changes: key ? await readChanges(await store(), key) : noChanges, key };
}

/** A data set with its index, for looking through it; `rows` is undefined where an older version prepared it. */
async function browsedFrom(datasetId: string, spec: PreparationSpec) {
  const supply = async (positions: number[]) => supplyOf(datasetId).prepare(positions);
  const dataset = await openDataset(await store(), datasetId, supply);
  if (!dataset) throw gone();
  const preparation = preparationOf(spec);
  const { manifest } = dataset;
  if (!manifest.index) return { dataset, preparation, rows: undefined };
  const index = openIndex(await store(), datasetId, manifest.index);
  const { changes } = await changesOf(datasetId);
  const unusable = await unusableRows(await store(), manifest, index);
  return { dataset, preparation, rows: { dataset, index, changes, preparation, unusable } satisfies Browsed };
}

/** What the last search found: its other pages are asked for next. */
let lastFound: { key: string; positions: number[] } | undefined;

async function foundRows(
  datasetId: string,
  rows: Browsed,
  query: RowQuery,
  onRow: (looked: number) => void,
): Promise<number[]> {
  const key = JSON.stringify([datasetId, query, rows.changes, [...rows.unusable.keys()]]);
  if (lastFound?.key !== key) lastFound = { key, positions: await findRows(rows, query, onRow) };
  return lastFound.positions;
}

/** What is told of a data set, with what was changed of its rows. */
async function infoNow(info: DatasetInfo, spec: PreparationSpec): Promise<DatasetInfo> {
  const { changes } = await changesOf(info.id);
  if (isUnchanged(changes)) return info;
  const dataset = await openDataset(await store(), info.id);
  const now = await withChanges(dataset!, changes, preparationOf(spec));
  const { length: edited } = changes.edited;
  return { ...info, rows: now.rows, longest: now.longest, changes: { leftOut: dataset!.rows - now.rows, edited } };
}

async function dropOf(source: DatasetSource): Promise<Drop> {
  if (source.kind === "files") return source;
  const files = await embeddedFiles("data", (name) => !name.startsWith("heldout") && !/README|recipe\.json/.test(name));
  return { label: "the sample data", files };
}

/** Threads that prepare pictures, for the model that was asked for last: there is one at a time. */
let pool: { id: string; pictures: PicturePool } | undefined;

function picturesFor(spec: PreparationSpec): PicturePool {
  if (pool?.id !== spec.id) {
    pool?.pictures.dispose();
    const pictures = openPicturePool(threadsFor(navigator.hardwareConcurrency), () => openPictures(spec));
    pool = { id: spec.id, pictures };
  }
  return pool.pictures;
}

function openPictures({ configJson, processorJson, maxImageTiles }: PreparationSpec): Promise<PictureThread> {
  const worker = new Worker(new URL("./picture.worker.ts", import.meta.url), { type: "module" });
  return startPictures(worker, worker, { configJson, processorJson, maxImageTiles });
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
      const pictures = picturesFor(spec);
      const options = { budget: await cacheBudget(), pictures };
      const prepared = await prepareDataset(await store(), drop, preparationOf(spec), sparingly(onProgress), options);
      const { info, supply } = prepared;
      if (supply) supplies.set(info.id, supply);
      return infoNow(info, spec);
    }),
  prepareRows: (datasetId, positions, onRow) =>
    reporting(async () => {
      const supply = supplyOf(datasetId);
      const leftOut = await supply.prepare(positions, sparingly(onRow));
      return { leftOut, cached: supply.cached };
    }),
  leaveOut: (datasetId, position, message) => reporting(() => supplyOf(datasetId).leaveOut(position, message)),
  asDataSet: (source, datasetId, onRow) =>
    reporting(async () => {
      const { files, reading } = await dropOf(source);
      const { changes } = await changesOf(datasetId);
      return writtenDataSet(files, reading ?? {}, sparingly(onRow), currentRows(changes));
    }),
  open: (datasetId, spec) =>
    reporting(async () => {
      const manifest = await readManifest(await store(), datasetId);
      return manifest ? infoNow(await storedInfo(await store(), manifest), spec) : null;
    }),
  rows: (datasetId, spec, { query, from, count }, onRow) =>
    reporting(async () => {
      const { rows, preparation, dataset } = await browsedFrom(datasetId, spec);
      if (!rows) return olderRows(dataset, preparation.tokenizer, from, count);
      const found = await foundRows(
        datasetId,
        rows,
        query,
        sparingly((looked) => onRow(`row ${looked}`)),
      );
      return { total: found.length, rows: await viewRows(rows, found.slice(from, from + count)) };
    }),
  change: (datasetId, spec, change) =>
    reporting(async () => {
      const { rows, dataset } = await browsedFrom(datasetId, spec);
      if (!rows) throw gone();
      await holdTogether(rows, change);
      const { changes, key } = await changesOf(datasetId);
      await writeChanges(await store(), key!, changed(changes, change));
      return infoNow(await storedInfo(await store(), dataset.manifest), spec);
    }),
};

Comlink.expose(api);
