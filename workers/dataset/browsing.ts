/** Rows of the data set on show: found, looked at and changed. */
import { type Browsed, findRows, type RowQuery, type RowUse, rowAt } from "../data/browse.ts";
import { changesKeyOf, isUnchanged, noChanges, type RowChanges, readChanges } from "../data/index/changes.ts";
import { openIndex } from "../data/index/row-index.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import type { RowPreparation } from "../data/prepare-example.ts";
import { type RowThumbnail, thumbnailOf } from "../data/preview.ts";
import { withChanges } from "../data/shards/changed-dataset.ts";
import { preparedIdentity } from "../data/shards/data-identity.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { readManifest } from "../data/shards/manifest.ts";
import { type DatasetInfo, unusableRows } from "../data/shards/prepare-dataset.ts";
import { TabTuneError } from "../errors.ts";
import { pictureFormatOf } from "../models/picture-format.ts";
import { type PreparationSpec, preparationOf } from "../models/preparation.ts";
import type { SeparatedCounts } from "../protocol/dataset.ts";
import { parseRecipe, type RecipeJson } from "../recipe.ts";
import { separateRows } from "../training/held-out.ts";
import { store } from "./state.ts";
import { supplyOf } from "./supplies.ts";

export const gone = (): TabTuneError =>
  new TabTuneError("bad-dataset", "The prepared data is no longer in the browser's storage.", "Drop the files again.");

/** What was changed of a data set's rows, and where it is kept; nothing can be changed of one that has no index. */
export async function changesOf(datasetId: string): Promise<{ changes: RowChanges; key: string | undefined }> {
  const manifest = await readManifest(await store(), datasetId);
  const key = manifest && changesKeyOf(manifest);
  return { changes: key ? await readChanges(await store(), key) : noChanges, key };
}

interface Opened {
  dataset: Dataset;
  preparation: RowPreparation;
  /** Undefined where an older version prepared it, without an index. */
  rows: Browsed | undefined;
}

/** A data set with its index, as a run with `recipe` would take its rows. Throws "bad-dataset" where it is gone. */
export async function browsedFrom(datasetId: string, spec: PreparationSpec, recipe?: RecipeJson): Promise<Opened> {
  const supply = async (positions: number[]) => supplyOf(datasetId).prepare(positions);
  const dataset = await openDataset(await store(), datasetId, supply);
  if (!dataset) throw gone();
  const preparation = preparationOf(spec);
  const { manifest } = dataset;
  if (!manifest.index) return { dataset, preparation, rows: undefined };
  const index = openIndex(await store(), datasetId, manifest.index);
  const { changes } = await changesOf(datasetId);
  const unusable = await unusableRows(await store(), manifest, index);
  const notTrained = await notTrainedOf(dataset, changes, preparation, recipe);
  return { dataset, preparation, rows: { dataset, index, changes, preparation, unusable, notTrained } };
}

/** What the last recipe left out of training: other pages of the same rows are asked for next. */
let lastSeparated: { key: string; notTrained: Browsed["notTrained"] } | undefined;

/** Rows that a run would not train on, by the very rule of the run. */
async function notTrainedOf(
  asRead: Dataset,
  changes: RowChanges,
  preparation: RowPreparation,
  recipe: RecipeJson = {},
): Promise<Browsed["notTrained"]> {
  const key = JSON.stringify([asRead.manifest.id, recipe, changes]);
  if (lastSeparated?.key === key) return lastSeparated.notTrained;
  const notTrained = new Map<number, Exclude<RowUse, "trained on">>();
  const { split } = asRead.manifest;
  for (let i = 0; split && i < asRead.rows; i++) {
    const position = asRead.positionOf(i);
    if (position >= split.from) notTrained.set(position, "of the split");
  }
  const dataset = await withChanges(asRead, changes, preparation);
  for (const position of await heldOutOf(dataset, recipe)) notTrained.set(position, "held out");
  lastSeparated = { key, notTrained };
  return notTrained;
}

async function heldOutOf(dataset: Dataset, recipe: RecipeJson): Promise<number[]> {
  try {
    const run = { store: await store(), runId: "", resume: false };
    const { heldOut } = await separateRows(run, dataset, parseRecipe(recipe));
    return heldOut?.record.positions ?? [];
  } catch (error) {
    // The panel says why a run could not hold rows out (`separatedCounts`); the rows are looked at all the same.
    if (error instanceof TabTuneError && error.code === "no-rows") return [];
    throw error;
  }
}

/** What the last search found: its other pages are asked for next. */
let lastFound: { key: string; positions: number[] } | undefined;

/** Positions that the query finds. */
export async function foundRows(rows: Browsed, query: RowQuery, onRow: (looked: number) => void): Promise<number[]> {
  const key = JSON.stringify([
    rows.dataset.manifest.id,
    query,
    rows.changes,
    [...rows.unusable.keys()],
    [...rows.notTrained],
  ]);
  if (lastFound?.key !== key) lastFound = { key, positions: await findRows(rows, query, onRow) };
  return lastFound.positions;
}

/** What is told of a data set, with what was changed of its rows. */
export async function infoNow(info: DatasetInfo, spec: PreparationSpec): Promise<DatasetInfo> {
  const { changes } = await changesOf(info.id);
  if (isUnchanged(changes)) return info;
  const dataset = await openDataset(await store(), info.id);
  if (!dataset) throw gone();
  const now = await withChanges(dataset, changes, preparationOf(spec));
  const { length: edited } = changes.edited;
  const { split } = dataset.manifest;
  const measured = Array.from({ length: now.rows }, (_, i) => now.positionOf(i)).filter(
    (position) => split && position >= split.from,
  ).length;
  return {
    ...info,
    ...{ rows: now.rows - measured, longest: now.longest },
    changes: { leftOut: dataset.rows - now.rows, edited },
    ...(info.heldOut ? { heldOut: { ...info.heldOut, rows: measured } } : {}),
  };
}

/** How a run with this recipe would take the rows as they are now. */
export async function separatedCounts(
  datasetId: string,
  spec: PreparationSpec,
  recipe: RecipeJson,
): Promise<SeparatedCounts> {
  const asRead = await openDataset(await store(), datasetId);
  if (!asRead) throw gone();
  const dataset = await withChanges(asRead, (await changesOf(datasetId)).changes, preparationOf(spec));
  const run = { store: await store(), runId: "", resume: false };
  const { training, heldOut, words } = await separateRows(run, dataset, parseRecipe(recipe));
  return { training: training.rows, heldOut: heldOut?.rows.rows ?? 0, words };
}

/** Pixels at a side: what the page shows, sharp on screens of two pixels a CSS pixel. */
const THUMBNAIL = 144;

/** @see DatasetApi.thumbnails */
export async function thumbnailsOf(
  datasetId: string,
  spec: PreparationSpec | undefined,
  positions: readonly number[],
  onRow: (place: string) => void,
): Promise<(RowThumbnail | null)[]> {
  const dataset = await openDataset(await store(), datasetId, async (wanted) =>
    supplyOf(datasetId).prepare(wanted, onRow),
  );
  const filesId = dataset?.manifest.filesId;
  const isOwn = spec && filesId !== undefined && (await preparedIdentity(filesId, spec.id)) === datasetId;
  const pictures = isOwn ? pictureFormatOf(spec) : undefined;
  const found: (RowThumbnail | null)[] = [];
  for (const position of positions) {
    onRow(`row ${position + 1}`);
    found.push(dataset ? await thumbnailAt(dataset, pictures, position) : null);
  }
  return found;
}

async function thumbnailAt(
  dataset: Dataset,
  pictures: PictureFormat | undefined,
  position: number,
): Promise<RowThumbnail | null> {
  try {
    return thumbnailOf(await dataset.read(rowAt(dataset, position)), pictures, THUMBNAIL);
  } catch (error) {
    // A row that cannot be used, was evicted, or whose files are not open: it stands without a picture.
    if (error instanceof TabTuneError) return null;
    throw error;
  }
}
