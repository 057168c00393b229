/** Rows to train on, wherever they lie: prepared before, or prepared when they are asked for. */
import { TabTuneError } from "../../errors.ts";
import type { Store } from "../../storage/store.ts";
import type { Example } from "../example.ts";
import { openIndex } from "../index/row-index.ts";
import type { RowTexts, SkippedRow } from "../rows/row.ts";
import { type DatasetManifest, damaged, isOnDemand, partsOf, readManifest } from "./manifest.ts";
import { cachedRow } from "./row-cache.ts";
import { openShards } from "./shards.ts";

export interface Dataset {
  manifest: DatasetManifest;
  rows: number;
  /** What a shuffled order mixes, in order; together they have all rows. */
  parts: readonly { rows: number }[];
  /** Tokens of the longest row; more than any can have where rows are prepared on demand. */
  longest: number;
  /** Where a row stands in the index of all that were read. */
  positionOf(i: number): number;
  /** Rows are prepared when they are asked for: how long each is, and whether it can be used, is known only then. */
  onDemand: boolean;
  /**
   * Example at position `i` of 0 … rows - 1. Throws "bad-dataset" for damaged storage, a row's fault (`isRowFault`) where rows are
   * prepared on demand and this one cannot be used, and "no-files" where it would have to be prepared and its files are not at hand.
   */
  read(i: number): Promise<Example>;
  /** These rows are read soon: they are prepared meanwhile, where that is not done. What goes wrong is told by `read`. */
  soon(rows: readonly number[]): void;
  /** Where that row came from; undefined for data sets of an older version. */
  sourceOf(i: number): Promise<string | undefined>;
  /** Its conversation, as it is trained on, and what several people answered; undefined for data sets of an older version. */
  textsOf(i: number): Promise<RowTexts | undefined>;
}

/** A row that turned out to be unusable when it was prepared. */
export interface LeftOutRow {
  position: number;
  skipped: SkippedRow;
}

/** Prepares those of the rows that are not at hand. Resolves when they are, with those that cannot be used. */
export type SupplyRows = (positions: number[]) => Promise<LeftOutRow[]>;

/** Rows would have to be prepared, and nobody has their files. */
export const noFiles = (): TabTuneError =>
  new TabTuneError(
    "no-files",
    "Rows of this data set have yet to be prepared, and its files are not open in this tab.",
    "Open the same data again (drop its files, or look it up at the hub), then press Resume run.",
    "The run's checkpoints are kept, and the rows that were prepared.",
  );

/** Opens data set `id`; undefined when there is none (or its writing was cut off). Throws "bad-dataset" for a damaged manifest. */
export async function openDataset(
  store: Store,
  id: string,
  supply: SupplyRows = () => Promise.reject(noFiles()),
): Promise<Dataset | undefined> {
  const manifest = await readManifest(store, id);
  if (manifest === undefined) return undefined;
  const { rows } = manifest;
  const onDemand = isOnDemand(manifest);
  const reader: RowReader = onDemand ? suppliedRows(store, manifest, together(supply)) : openShards(store, manifest);
  const { index, positions } = manifest;
  const read = index && openIndex(store, id, index);
  const positionOf = (i: number): number => positions?.[i] ?? i;
  return {
    manifest,
    rows,
    parts: partsOf(manifest),
    longest: manifest.longest,
    positionOf,
    onDemand,
    async read(i) {
      if (i >= 0 && i < rows) return reader.read(i);
      throw new TabTuneError("bad-argument", `Row ${i} is not one of ${rows}.`, "Choose a row that exists.");
    },
    soon: (wanted) => reader.soon?.(wanted),
    sourceOf: (i) => reader.sourceOf(i),
    textsOf: async (i) => read?.read(positionOf(i)),
  };
}

interface RowReader extends Pick<Dataset, "read" | "sourceOf"> {
  soon?: Dataset["soon"];
}

/** A row may be let go for others before it is read, where a step has more rows than the cache keeps. */
const ATTEMPTS = 10;

function suppliedRows(store: Store, { id, index }: DatasetManifest, supply: SupplyRows): RowReader {
  const rows = openIndex(store, id, index!);
  /** Asked for, and not read since. */
  const coming = new Set<number>();
  return {
    soon(wanted) {
      const fresh = wanted.filter((i) => !coming.has(i));
      for (const i of fresh) coming.add(i);
      // It is asked for again when it is read, and then told.
      if (fresh.length > 0) supply(fresh).catch(() => undefined);
    },
    async read(i) {
      coming.delete(i);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const cached = await cachedRow(store, id, i);
        if (cached) return cached;
        const fault = (await supply([i])).find(({ position }) => position === i);
        if (fault) {
          const { source, message } = fault.skipped;
          throw new TabTuneError("bad-row", message.startsWith(source) ? message : `${source}: ${message}`, "");
        }
      }
      throw damaged(`Row ${i + 1} was prepared and is no longer in the browser's storage.`);
    },
    sourceOf: async (i) => (await rows.read(i)).source,
  };
}

/** Rows that are asked for in one turn go out as one request: each crosses two workers' borders. */
function together(supply: SupplyRows): SupplyRows {
  let waiting: { positions: number[]; answer: Promise<LeftOutRow[]> } | undefined;
  return (positions) => {
    if (!waiting) {
      const next = { positions: [] as number[], answer: Promise.resolve([] as LeftOutRow[]) };
      next.answer = new Promise((resolve) => setTimeout(resolve)).then(() => {
        waiting = undefined;
        return supply(next.positions);
      });
      waiting = next;
    }
    waiting.positions.push(...positions);
    return waiting.answer;
  };
}
