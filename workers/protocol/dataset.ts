/** What crosses the border between the page and the dataset worker, through Comlink. Only plain data. */

import type { AdapterFiles } from "../adapter/adapter-files.ts";
import type { RowPage, RowQuery } from "../data/browse.ts";
import type { HubDataSet } from "../data/hub/look-up.ts";
import type { RowChange } from "../data/index/changes.ts";
import type { RowThumbnail } from "../data/preview.ts";
import type { Look } from "../data/rows/look.ts";
import type { WrittenDataSet } from "../data/rows/parquet-data-set.ts";
import type { RecordOptions } from "../data/rows/record.ts";
import type { LeftOutRow } from "../data/shards/dataset.ts";
import type { DatasetInfo } from "../data/shards/prepare-dataset.ts";
import type { DatasetProgress } from "../data/shards/read-drop.ts";
import type { CachedRows } from "../data/shards/row-cache.ts";
import type { PreparationSpec } from "../models/preparation.ts";
import type { RecipeJson } from "../recipe.ts";
import type { HandedOver } from "./hand-over.ts";

/** A file the user dropped or picked; `path` is relative to the dropped root, with "/" between parts. */
export interface DroppedFile {
  path: string;
  blob: Blob;
}

export interface FilesSource {
  kind: "files";
  label: string;
  files: DroppedFile[];
  /** What the user said of their columns. */
  reading?: RecordOptions;
  /** What is to be told of files that were dropped one after the other, whole sentences. */
  told?: string[];
}

/** A data set of a hub that was looked up. */
export interface HubSource {
  kind: "hub";
  label: string;
  set: HubDataSet;
  /** The first ones only; all where nothing is said. */
  rows?: number;
  /** For this hub, "" for none. */
  token: string;
  reading?: RecordOptions;
}

/** What has columns to choose from. */
export type TableSource = FilesSource | HubSource;
export type DatasetSource = { kind: "sample" } | TableSource;

/** What a data set of a hub is, before a byte of it moves. */
export interface HubOffer {
  set: HubDataSet;
  /** Of all its files, in this browser already. */
  keptBytes: number;
}

export interface SuppliedRows {
  /** Those of the rows that cannot be used. */
  leftOut: LeftOutRow[];
  cached: CachedRows;
}

/** A question that a row holds. */
export interface DataQuestion {
  /** Of the row, in the index. */
  position: number;
  /** "" where pictures are all there is. */
  question: string;
  /** Pictures that come with it: the row's first ones. */
  pictures: number;
  /** What the data answers; undefined where it has no answer. */
  right: string | undefined;
  /** A run does not train on it. */
  heldOut: boolean;
}

/** How a run with some recipe would take the rows. */
export interface SeparatedCounts {
  /** Trained on. */
  training: number;
  heldOut: number;
  /** What to tell of them; "" where none are held out and nobody asked for it. */
  words: string;
}

export interface DatasetApi {
  /**
   * The PEFT adapter among files, in a folder or a zip; null where there is none. `label`: what to call one without a folder. Throws
   * "bad-adapter" where it is not whole.
   */
  adapterIn(files: DroppedFile[], label: string): Promise<AdapterFiles | null>;
  /** Asks a hub what a data set holds: names and sizes, no content. `name` as people write it; `onWait` is called while it waits. */
  lookUp(name: string, hub: { endpoint: string; token: string }, onWait: () => void): Promise<HubOffer>;
  /**
   * The first records and rows of a source, read as its `reading` says, for the model of `spec` where one is loaded. `onFetched` is told
   * what has come from a hub.
   */
  look(
    source: TableSource,
    count: number,
    spec: PreparationSpec | undefined,
    onFetched: (detail: string) => void,
  ): Promise<Look>;
  prepare(source: DatasetSource, spec: PreparationSpec, onProgress: (p: DatasetProgress) => void): Promise<DatasetInfo>;
  /**
   * Prepares rows, by position, of a data set whose rows are prepared on demand; `onRow` is called now and then with the row's place.
   * Throws "no-files" until this worker has prepared the data set from its files, which is quick where it is known.
   */
  prepareRows(datasetId: string, positions: number[], onRow: (place: string) => void): Promise<SuppliedRows>;
  /** Gives up a row over which a worker died; prepareRows then tells it with `message`. */
  leaveOut(datasetId: string, position: number, message: string): Promise<void>;
  /**
   * The rows that can be read as one Parquet file, as they were changed, and how many could not be read; boxes as the model of `spec`
   * writes them. `onRow` is called now and then with how many are in it.
   */
  asDataSet(
    source: DatasetSource,
    datasetId: string,
    spec: PreparationSpec,
    onRow: (rows: number, place: string) => void,
  ): Promise<WrittenDataSet>;
  /**
   * A handed-over run as one zip, with its rows; `leftOut` of them had a picture that cannot be read. `onRow` is called now and then with
   * how many are in it. Throws "storage-full" where a zip cannot hold it.
   */
  packed(
    source: DatasetSource,
    run: HandedOver,
    onRow: (rows: number, place: string) => void,
  ): Promise<{ file: Blob; rows: number; leftOut: number }>;
  /** A data set that was prepared before, for the model that `spec` describes; null when it is no longer there. */
  open(datasetId: string, spec: PreparationSpec): Promise<DatasetInfo | null>;
  /** Which rows a run with this recipe would hold out, changes of the rows included. Throws "bad-recipe", "no-rows", "bad-dataset". */
  separate(datasetId: string, spec: PreparationSpec, recipe: RecipeJson): Promise<SeparatedCounts>;
  /** Some of the rows that a query finds; `recipe` says which of them a run would hold out. A search through many calls `onRow` now and then with how many were looked at. */
  rows(
    datasetId: string,
    spec: PreparationSpec,
    asked: { query: RowQuery; from: number; count: number; recipe?: RecipeJson },
    onRow: (looked: string) => void,
  ): Promise<RowPage>;
  /**
   * Small pictures of rows, by position: the first of each as the model sees it; null where a row has none, cannot be read, or its files
   * are not open. Of a data set that was not prepared by `spec` its parts of pictures are not known, nor where boxes lie. `onRow` is called
   * now and then.
   */
  thumbnails(
    datasetId: string,
    spec: PreparationSpec | undefined,
    positions: number[],
    onRow: (place: string) => void,
  ): Promise<(RowThumbnail | null)[]>;
  /**
   * The first questions of at most `count` rows from all over, of those that a run with `recipe` would not train on where there are some;
   * none of a data set that an older version prepared.
   */
  questions(datasetId: string, spec: PreparationSpec, recipe: RecipeJson, count: number): Promise<DataQuestion[]>;
  /** The pictures of a question in their own bytes. Throws "bad-image" where one cannot be read. `onFetched` is called as for `look`. */
  picturesOfRow(
    source: DatasetSource,
    datasetId: string,
    question: Pick<DataQuestion, "position" | "pictures">,
    onFetched: (detail: string) => void,
  ): Promise<{ name: string; blob: Blob }[]>;
  /** Leaves a row out, corrects its texts, or takes that back. Throws "bad-row" for a text that cannot be trained on. */
  change(datasetId: string, spec: PreparationSpec, change: RowChange): Promise<DatasetInfo>;
}
