/**
 * Rows of an index, prepared when they are asked for. It holds the files of the drop; what it makes goes into the cache, from where
 * training and the page read it. A row is the same whenever it is made: it depends on its files, the model's preparation and nothing
 * else.
 */
import * as v from "valibot";
import { eachOf } from "../../each-of.ts";
import { isRowFault, type RowFault, TabTuneError } from "../../errors.ts";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import { type IndexInfo, openIndex, type RowIndex } from "../index/row-index.ts";
import type { PicturePlace, StoredRow } from "../index/stored-row.ts";
import { type PicturePool, picturesHere } from "../pictures/pool.ts";
import { prepareExample, type RowPreparation } from "../prepare-example.ts";
import { widthOf } from "../prepare-rows.ts";
import { type InputFile, unpackedEntries } from "../rows/drop.ts";
import type { Entry } from "../rows/entry.ts";
import { defaultLimits } from "../rows/limits.ts";
import { parquetPicture } from "../rows/parquet-pictures.ts";
import { fileBytes, readLater } from "../rows/pictures.ts";
import type { Row, SkippedRow } from "../rows/row.ts";
import type { LeftOutRow } from "./dataset.ts";
import { type CachedRows, RowCache } from "./row-cache.ts";

/** What a list of skipped rows is grouped by. */
const reasons: Record<RowFault, string> = {
  "bad-image": "broken-picture",
  "image-too-large": "picture-too-large",
  "bad-row": "bad-row",
  "row-too-long": "too-long",
};

/** A row that cannot be used, for the list of those. */
export function skippedBy(
  error: TabTuneError & { code: RowFault },
  row: Pick<Row, "index" | "source" | "messages">,
): SkippedRow {
  const { code, message, remedy } = error;
  const excerpt = row.messages
    .map((m) => m.content.map((part) => (part.type === "text" ? part.text : "<image>")).join(""))
    .join(" | ");
  return {
    index: row.index,
    source: row.source,
    reason: reasons[code],
    message: `${message} ${remedy}`.trim(),
    excerpt: excerpt.slice(0, 200),
  };
}

/** Rows as the index has them, with a way to the bytes of their pictures. */
export interface IndexedRows {
  rows: number;
  row(position: number): Promise<Row>;
  all(): AsyncGenerator<Row>;
}

/** The rows of an index whose files are at hand. Archives are listed at the first picture that lies in a file. */
export function rowsOfIndex(index: RowIndex, files: readonly InputFile[]): IndexedRows {
  let entries: Promise<Map<string, Entry>> | undefined;
  const entryOf = async (path: string): Promise<Entry> => {
    entries ??= unpackedEntries(files, defaultLimits).then(
      (drop) => new Map(drop.entries.map((entry) => [entry.path, entry])),
    );
    const entry = (await entries).get(path);
    if (entry) return entry;
    throw new TabTuneError("bad-image", `${path} is no longer among the files.`, "Drop the same files again.");
  };
  const bytesAt = async (place: PicturePlace, position: number): Promise<Uint8Array> => {
    if ("file" in place) return fileBytes(await entryOf(place.file), defaultLimits);
    if ("cell" in place) return parquetPicture(await entryOf(place.cell.file), place.cell, defaultLimits);
    return index.kept(position, ...place.kept);
  };
  const rows: IndexedRows = {
    rows: index.rows,
    async row(position) {
      const { index: number, source, messages, pictures, answers }: StoredRow = await index.read(position);
      const images = pictures.map(({ path, place }) => ({
        ...readLater(path, undefined, () => bytesAt(place, position), defaultLimits),
        ...("cell" in place ? { at: place.cell } : {}),
      }));
      return { index: number, source, messages, images, ...(answers ? { answers } : {}) };
    },
    async *all() {
      for (let position = 0; position < index.rows; position++) yield await rows.row(position);
    },
  };
  return rows;
}

export interface RowSupply {
  /** How much of the budget is used. */
  readonly cached: CachedRows;
  /** All rows that turned out to be unusable so far. */
  readonly leftOut: LeftOutRow[];
  /**
   * Prepares those of the rows that are not cached, several at once. Resolves to those of them that cannot be used; `onRow` is called with
   * the source of each row before it is begun. Throws "storage-full".
   */
  prepare(positions: readonly number[], onRow?: (source: string) => void): Promise<LeftOutRow[]>;
  /** Gives a row up that whoever prepares it cannot live with. */
  leaveOut(position: number, message: string): Promise<void>;
}

export interface SupplyOptions {
  store: Store;
  id: string;
  index: Pick<IndexInfo, "blocks">;
  files: readonly InputFile[];
  preparation: RowPreparation;
  /** Bytes of prepared rows that are kept. */
  budget: number;
  /** Rows that are kept whatever their bytes. */
  leastRows?: number | undefined;
  pictures?: PicturePool | undefined;
}

export const leftOutForm = v.array(v.looseObject({ position: v.number(), skipped: v.looseObject({}) }));
const leftOutKey = (id: string) => `dataset/${id}/left-out`;

/** Rows that turned out to be unusable, of a data set whose files may not be at hand. */
export async function leftOutRows(store: Store, id: string): Promise<LeftOutRow[]> {
  // A damaged list is found again row by row.
  return (await unsealAs<LeftOutRow[]>(leftOutForm, await store.get(leftOutKey(id)))) ?? [];
}

export async function openSupply(options: SupplyOptions): Promise<RowSupply> {
  const { store, id, files, preparation, budget, leastRows } = options;
  const { pictures = picturesHere(preparation.pictures) } = options;
  const source = rowsOfIndex(openIndex(store, id, options.index), files);
  const cache = await RowCache.open(store, id, budget, leastRows);
  const leftOut = new Map((await leftOutRows(store, id)).map((row) => [row.position, row]));
  const underWay = new Map<number, Promise<void>>();

  /** Rows of the list that is stored: it only grows. */
  let written = leftOut.size;
  async function writeLeftOut(): Promise<void> {
    if (leftOut.size === written) return;
    written = leftOut.size;
    await store.set([[leftOutKey(id), await sealJson([...leftOut.values()])]], "relaxed");
  }
  const leave = (position: number, skipped: SkippedRow): void => {
    leftOut.set(position, { position, skipped });
  };

  async function make(position: number, onRow: (source: string) => void): Promise<void> {
    if (leftOut.has(position) || (await cache.has(position))) return;
    const row = await source.row(position);
    onRow(row.source);
    try {
      await cache.put(position, await prepareExample(row, preparation, pictures));
    } catch (error) {
      if (!isRowFault(error)) throw error;
      leave(position, skippedBy(error, row));
    }
  }

  function once(position: number, onRow: (source: string) => void): Promise<void> {
    let work = underWay.get(position);
    if (!work) {
      work = make(position, onRow).finally(() => underWay.delete(position));
      underWay.set(position, work);
    }
    return work;
  }

  return {
    get cached() {
      return cache.size;
    },
    get leftOut() {
      return [...leftOut.values()];
    },
    async prepare(positions, onRow = () => {}) {
      try {
        await eachOf(positions, widthOf(pictures), (position) => once(position, onRow));
      } finally {
        await writeLeftOut();
      }
      return positions.flatMap((position) => leftOut.get(position) ?? []);
    },
    async leaveOut(position, message) {
      const { index, source: place } = await source.row(position);
      leave(position, { index, source: place, reason: "broken-part", message, excerpt: "" });
      await writeLeftOut();
    },
  };
}
