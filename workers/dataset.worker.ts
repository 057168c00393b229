/** The disposable worker: parses files nobody has vetted. The page kills it when it hangs; nothing but prepared rows is lost. */

import * as Comlink from "comlink";
import { adapterIn } from "./adapter/adapter-files.ts";
import { holdTogether, olderRows, viewRows } from "./data/browse.ts";
import { changed, currentRows, writeChanges } from "./data/index/changes.ts";
import { lookAt } from "./data/rows/look.ts";
import { writtenDataSet } from "./data/rows/parquet-data-set.ts";
import { readManifest } from "./data/shards/manifest.ts";
import { prepareDataset, storedInfo } from "./data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "./data/shards/read-drop.ts";
import { browsedFrom, changesOf, foundRows, gone, infoNow, separatedCounts, thumbnailsOf } from "./dataset/browsing.ts";
import { dropOf, lookUp } from "./dataset/drops.ts";
import { packedRun } from "./dataset/packing.ts";
import { picturesOfRow, questionsOf } from "./dataset/questions.ts";
import { sparingly, store } from "./dataset/state.ts";
import { cacheBudget, picturesFor, rememberSupply, supplyOf } from "./dataset/supplies.ts";
import { reporting } from "./errors.ts";
import { pictureFormatOf } from "./models/picture-format.ts";
import { boxTargetOf, type PreparationSpec, preparationOf } from "./models/preparation.ts";
import type { DatasetApi } from "./protocol/dataset.ts";

/** How boxes are read for a model. */
const boxesFor = (spec: PreparationSpec | undefined) =>
  spec ? { boxTarget: boxTargetOf(spec, pictureFormatOf(spec)) } : {};

const api: DatasetApi = {
  adapterIn: (files, label) => reporting(async () => (await adapterIn(files, label)) ?? null),
  lookUp: (name, hub, onWait) => reporting(() => lookUp(name, hub, onWait)),
  look: (source, count, spec, onFetched) =>
    reporting(async () => {
      const { files, reading } = await dropOf(source, sparingly(onFetched));
      return lookAt(files, { ...reading, ...boxesFor(spec) }, count);
    }),
  prepare: (source, spec, onProgress) =>
    reporting(async () => {
      const report = sparingly(onProgress);
      let last: DatasetProgress = { phase: "reading", rows: 0, skipped: 0, detail: "" };
      const drop = await dropOf(source, (detail) => report({ ...last, detail }));
      const onRow = (progress: DatasetProgress): void => {
        last = progress;
        report(progress);
      };
      const options = { budget: await cacheBudget(), pictures: picturesFor(spec) };
      const { info, supply } = await prepareDataset(await store(), drop, preparationOf(spec), onRow, options);
      if (supply) rememberSupply(info.id, supply);
      return infoNow(info, spec);
    }),
  prepareRows: (datasetId, positions, onRow) =>
    reporting(async () => {
      const supply = supplyOf(datasetId);
      const leftOut = await supply.prepare(positions, sparingly(onRow));
      return { leftOut, cached: supply.cached };
    }),
  leaveOut: (datasetId, position, message) => reporting(() => supplyOf(datasetId).leaveOut(position, message)),
  asDataSet: (source, datasetId, spec, onRow) =>
    reporting(async () => {
      const report = sparingly(onRow);
      let rows = 0;
      const { files, reading, first } = await dropOf(source, (detail) => report(rows, detail));
      const { changes } = await changesOf(datasetId);
      const onWritten = (written: number, place: string): void => {
        rows = written;
        report(written, place);
      };
      return writtenDataSet(files, { ...reading, ...boxesFor(spec), first }, onWritten, currentRows(changes));
    }),
  packed: (source, run, onRow) => reporting(() => packedRun(source, run, sparingly(onRow))),
  open: (datasetId, spec) =>
    reporting(async () => {
      const manifest = await readManifest(await store(), datasetId);
      return manifest ? infoNow(await storedInfo(await store(), manifest), spec) : null;
    }),
  separate: (datasetId, spec, recipe) => reporting(() => separatedCounts(datasetId, spec, recipe)),
  rows: (datasetId, spec, { query, from, count, recipe }, onRow) =>
    reporting(async () => {
      const { rows, preparation, dataset } = await browsedFrom(datasetId, spec, recipe);
      if (!rows) return olderRows(dataset, preparation, from, count);
      const report = sparingly((looked: number) => onRow(`row ${looked}`));
      const found = await foundRows(rows, query, report);
      return { total: found.length, rows: await viewRows(rows, found.slice(from, from + count)) };
    }),
  thumbnails: (datasetId, spec, positions, onRow) =>
    reporting(() => thumbnailsOf(datasetId, spec, positions, sparingly(onRow))),
  questions: (datasetId, spec, recipe, count) => reporting(() => questionsOf(datasetId, spec, recipe, count)),
  picturesOfRow: (source, datasetId, question, onFetched) =>
    reporting(() => picturesOfRow(source, datasetId, question, sparingly(onFetched))),
  change: (datasetId, spec, change) =>
    reporting(async () => {
      const { rows, dataset } = await browsedFrom(datasetId, spec);
      const { changes, key } = await changesOf(datasetId);
      if (!rows || !key) throw gone();
      await holdTogether(rows, change);
      await writeChanges(await store(), key, changed(changes, change));
      return infoNow(await storedInfo(await store(), dataset.manifest), spec);
    }),
};

Comlink.expose(api);
