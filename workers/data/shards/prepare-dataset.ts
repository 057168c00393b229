/**
 * Files -> rows -> examples: what the dataset worker does for the page and the command line does for itself. Reading gives an index of
 * all rows. A small data set is then prepared whole, so that all is known of it before a run; of a larger one rows are prepared when
 * they are asked for.
 */

import { TabTuneError } from "../../errors.ts";
import { freeBytes } from "../../storage/quota.ts";
import type { Store } from "../../storage/store.ts";
import { counted } from "../../words.ts";
import { hashedRows, type RowContent, writeContents } from "../held-out/content.ts";
import { mostTokens } from "../index/most-tokens.ts";
import { openIndex, type RowIndex } from "../index/row-index.ts";
import type { PicturePool } from "../pictures/pool.ts";
import type { RowPreparation } from "../prepare-example.ts";
import { preparedRows } from "../prepare-rows.ts";
import type { HeldOutSplit } from "../rows/folders.ts";
import { formatBytes } from "../rows/limits.ts";
import type { RecordOptions } from "../rows/record.ts";
import type { Row, SkippedRow } from "../rows/row.ts";
import { filesIdentity, preparedIdentity } from "./data-identity.ts";
import type { LeftOutRow } from "./dataset.ts";
import {
  type DatasetManifest,
  deleteDataset,
  isOnDemand,
  readManifest,
  rowsOfSplit,
  writeManifest,
} from "./manifest.ts";
import { whilePreparing } from "./preparing.ts";
import { type DatasetProgress, type Drop, type Facts, type ReadDrop, readDrop } from "./read-drop.ts";
import { type CachedRows, cacheSize } from "./row-cache.ts";
import { createShardWriter } from "./shards.ts";
import { leftOutRows, openSupply, type RowSupply, rowsOfIndex, skippedBy } from "./supply.ts";

export interface DatasetInfo {
  id: string;
  label: string;
  /** To train on. */
  rows: number;
  /** Of a split of the data that is not trained on, and that runs can be measured by. */
  heldOut?: { split: HeldOutSplit; rows: number };
  skipped: SkippedRow[];
  format: string;
  /** Over all rows: tokens, image slots included; 0 where rows are prepared on demand. */
  tokens: number;
  /** Tokens of the longest row; where rows are prepared on demand, more than any can have. */
  longest: number;
  /** Pictures of the row that has most; unknown of data sets of an older version. */
  mostPictures: number | undefined;
  /** [tokens, rows] of each length, ascending; empty for data sets of an older version, and where rows are prepared on demand. */
  lengths: [number, number][];
  /** What was left aside, guessed or found elsewhere than named, one sentence each. */
  notes: string[];
  /** The unit in which boxes were written as answers (`unitName`); undefined where there were none. */
  boxes: string | undefined;
  /** What the user said of the columns. */
  reading: RecordOptions;
  /** In the browser's storage, rows that are prepared on demand aside. */
  bytes: number;
  /** What a person changed: rows left out and corrected. */
  changes: { leftOut: number; edited: number };
  /** All that were read can be looked through; false for data sets of an older version. */
  indexed: boolean;
  /** Rows are prepared when they are asked for, and as many kept as the budget takes; null where all are prepared. */
  cached: CachedRows | null;
}

export interface PrepareOptions {
  /** A data set with more rows is prepared on demand. */
  wholeRows?: number;
  /** Bytes of rows prepared on demand that are kept. */
  budget?: number;
  /** Rows that are kept whatever their bytes. */
  leastRows?: number;
  /** By what pictures are prepared; by this thread where there is none. It stays the caller's, and is used by the supply. */
  pictures?: PicturePool;
}

export interface PreparedDataset {
  info: DatasetInfo;
  /** Where rows are prepared on demand. */
  supply: RowSupply | undefined;
}

/** Rows of which one knows what all of them take. */
const LOOKED_AT = 64;

/** Half a minute of work at most, with which everything is known of the data before the first step. */
const WHOLE_ROWS = 2000;
/** 6,000 rows of one picture of 336 pixels. */
export const CACHE_BYTES = 2 * 2 ** 30;

/**
 * Makes every row that can be used ready, or findable; the rest is listed with its reason. A data set that was prepared before, from the
 * same files for the same tokenizer and pictures, is taken as it is. Throws "bad-dataset" or "no-rows".
 */
export async function prepareDataset(
  store: Store,
  drop: Drop,
  preparation: RowPreparation,
  onProgress: (p: DatasetProgress) => void,
  { wholeRows = WHOLE_ROWS, budget = CACHE_BYTES, leastRows, pictures }: PrepareOptions = {},
): Promise<PreparedDataset> {
  // Signs of life: a slow disk takes longer for its samples than the page waits for a reader that hangs.
  const onFile = (detail: string) => onProgress({ phase: "reading", rows: 0, skipped: 0, detail });
  const filesId = await filesIdentity(drop.files, drop.reading, drop.first, onFile);
  const id = await preparedIdentity(filesId, preparation.id);
  const wait = () => onProgress({ phase: "reading", rows: 0, skipped: 0, detail: "the same data in another tab" });
  return whilePreparing(id, wait, async () => {
    const manifest =
      (await readManifest(store, id)) ??
      (await writeDataset(store, id, { ...drop, filesId, preparation, onProgress, wholeRows, pictures }));
    const { index } = manifest;
    const supply =
      isOnDemand(manifest) && index
        ? await openSupply({ store, id, index, files: drop.files, preparation, budget, leastRows, pictures })
        : undefined;
    return { info: infoOf(manifest, supply?.cached ?? null, supply?.leftOut ?? []), supply };
  });
}

interface Preparing extends Drop {
  filesId: string;
  preparation: RowPreparation;
  onProgress: (p: DatasetProgress) => void;
  wholeRows: number;
  pictures: PicturePool | undefined;
}

async function writeDataset(store: Store, id: string, preparing: Preparing): Promise<DatasetManifest> {
  await deleteDataset(store, id);
  try {
    const read = await readDrop(store, id, preparing, preparing.onProgress, preparing.preparation.boxes);
    if (read.index.rows === 0) throw noneUsable(preparing, read.facts.skipped);
    return read.index.rows > preparing.wholeRows
      ? await findable(store, id, { ...preparing, ...read })
      : await whole(store, id, { ...preparing, ...read });
  } catch (error) {
    await deleteDataset(store, id);
    throw error;
  }
}

type Indexed = Preparing & ReadDrop;

/** All rows are prepared; what cannot be used is skipped. */
async function whole(store: Store, id: string, preparing: Indexed): Promise<DatasetManifest> {
  const { files, label, filesId, preparation, onProgress, pictures, index, facts, split } = preparing;
  const source = rowsOfIndex(openIndex(store, id, index), files);
  const writer = createShardWriter(store, id);
  const skipped = [...facts.skipped];
  const positions: number[] = [];
  const rowTokens: number[] = [];
  const onRow = ({ source: detail }: Row): void =>
    onProgress({
      ...{ phase: "preparing", rows: positions.length, skipped: skipped.length, detail },
      ...(room && Number.isFinite(room.free) ? { room } : {}),
    });
  let position = 0;
  let bytes = 0;
  let room: DatasetProgress["room"];
  const contents: RowContent[] = [];
  const hashed = hashedRows(source.all());
  for await (const { row, example, fault } of preparedRows(hashed.rows, preparation, onRow, pictures)) {
    contents.push(hashed.contentOf(row));
    if (example) {
      const size = await writer.append(example, row.source);
      if (position < LOOKED_AT) bytes += size;
      positions.push(position);
      rowTokens.push(example.inputIds.length);
    } else skipped.push(skippedBy(fault, row));
    position += 1;
    if (position === LOOKED_AT) room = await needRoom(preparing, { position, bytes });
  }
  const trained = split ? positions.filter((at) => at < split.from) : positions;
  if (trained.length === 0) throw noneUsable(preparing, skipped);
  const written = await writer.finish();
  await writeContents(store, id, contents);
  const all: Facts = { ...facts, skipped: byRow(skipped), lengths: histogramOf(rowTokens) };
  return writeManifest(store, {
    ...{ id, filesId, label, ...written, positions, rowTokens, index, facts: all, ...(split ? { split } : {}) },
    bytes: written.bytes + index.bytes,
  });
}

/**
 * What all rows take, and what was free for them, by what the first rows took: a browser that has no room is told before minutes of
 * work, not after.
 * @throws TabTuneError "storage-full" with both figures
 */
async function needRoom(
  { label, index }: Pick<Indexed, "label" | "index">,
  { position, bytes }: { position: number; bytes: number },
): Promise<DatasetProgress["room"]> {
  const rest = (bytes / position) * (index.rows - position);
  const free = await freeBytes();
  if (rest <= free) return { needs: bytes + rest, free: free + bytes };
  const each = `The first ${counted(position, "row")} of ${label} took ${formatBytes(bytes)}`;
  throw new TabTuneError(
    "storage-full",
    `${each}; the other ${index.rows - position} take about ${formatBytes(rest)}, and this browser has room for ${formatBytes(free)}.`,
    "Delete old runs, data or models under Storage, free disk space, or give fewer rows.",
    "Nothing of these rows is kept; all else is as it was.",
  );
}

/** [length, how many have it], ascending. */
function histogramOf(lengths: readonly number[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}

/** Nothing is prepared yet. */
async function findable(
  store: Store,
  id: string,
  { label, filesId, preparation, index, facts, contents, split }: Indexed,
): Promise<DatasetManifest> {
  await writeContents(store, id, contents);
  const longest = mostTokens(index.most, preparation);
  return writeManifest(store, {
    ...{ id, filesId, label, index, facts, longest, ...(split ? { split } : {}) },
    ...{ rows: index.rows, bytes: index.bytes, tokens: 0, shards: [] },
  });
}

/** By the rows' numbers; what is no row (an archive that is left out) stays in front. */
const byRow = (skipped: readonly SkippedRow[]): SkippedRow[] => skipped.toSorted((a, b) => a.index - b.index);

function noneUsable({ label, reading }: Pick<Drop, "label" | "reading">, skipped: readonly SkippedRow[]): TabTuneError {
  const [first] = skipped;
  return first
    ? new TabTuneError(
        "no-rows",
        `None of the ${counted(skipped.length, "row")} of ${label} can be used: ${first.source}: ${first.message}`,
        "Correct the rows, or drop other files.",
      )
    : new TabTuneError(
        "no-rows",
        `${label} has no row that can be ${reading?.toAnswer ? "answered" : "trained on"}.`,
        "Choose other files.",
      );
}

/** What is told of a data set; `leftOut`: rows that turned out to be unusable when they were prepared on demand. */
function infoOf(manifest: DatasetManifest, cached: CachedRows | null, leftOut: readonly LeftOutRow[]): DatasetInfo {
  const { format, skipped, notes = [], lengths = [], reading = {}, boxes } = manifest.facts as Facts;
  const heldOut = rowsOfSplit(manifest);
  return {
    id: manifest.id,
    label: manifest.label,
    rows: manifest.rows - heldOut,
    ...(manifest.split ? { heldOut: { split: manifest.split.name, rows: heldOut } } : {}),
    skipped: leftOut.length === 0 ? skipped : byRow([...skipped, ...leftOut.map((row) => row.skipped)]),
    format,
    tokens: manifest.tokens,
    longest: manifest.longest,
    mostPictures: manifest.index?.most.pictures,
    lengths,
    notes,
    boxes,
    reading,
    bytes: manifest.bytes,
    changes: { leftOut: 0, edited: 0 },
    indexed: manifest.index !== undefined,
    cached,
  };
}

/** Rows of the index that turned out to be unusable, by position, and why. */
export async function unusableRows(
  store: Store,
  manifest: DatasetManifest,
  index: RowIndex,
): Promise<Map<number, string>> {
  if (isOnDemand(manifest)) {
    const leftOut = await leftOutRows(store, manifest.id);
    return new Map(leftOut.map(({ position, skipped }) => [position, skipped.message]));
  }
  const usable = new Set(manifest.positions);
  const reasons = new Map((manifest.facts as Facts).skipped.map(({ index: row, message }) => [row, message]));
  const unusable = new Map<number, string>();
  for (let position = 0; position < index.rows; position++) {
    if (usable.has(position)) continue;
    unusable.set(position, reasons.get((await index.read(position)).index) ?? "It cannot be used.");
  }
  return unusable;
}

/** The same of data that was prepared before, whose files are not at hand. */
export async function storedInfo(store: Store, manifest: DatasetManifest): Promise<DatasetInfo> {
  if (!isOnDemand(manifest)) return infoOf(manifest, null, []);
  const cached = { ...(await cacheSize(store, manifest.id)), budget: CACHE_BYTES };
  return infoOf(manifest, cached, await leftOutRows(store, manifest.id));
}
