/** Files -> rows -> examples -> shards: what the dataset worker does for the page and the command line does for itself. */

import { isRowFault, type RowFault, TabTuneError } from "../../errors.ts";
import type { Store } from "../../storage/store.ts";
import { counted } from "../../words.ts";
import { prepareExample, type RowPreparation } from "../prepare-example.ts";
import { type InputFile, readRows } from "../rows/read-rows.ts";
import type { RecordOptions } from "../rows/record.ts";
import type { SkippedRow } from "../rows/row.ts";
import { datasetIdentity } from "./data-identity.ts";
import { whilePreparing } from "./preparing.ts";
import { createShardWriter, type DatasetManifest, openDataset } from "./shards.ts";

export interface DatasetProgress {
  phase: "reading" | "preparing";
  rows: number;
  skipped: number;
  detail: string;
}

export interface DatasetInfo {
  id: string;
  label: string;
  rows: number;
  skipped: SkippedRow[];
  format: string;
  /** Over all rows: tokens, image slots included. */
  tokens: number;
  longest: number;
  /** [tokens, rows] of each length, ascending; empty for data sets of an older version. */
  lengths: [number, number][];
  /** What was left aside, guessed or found elsewhere than named, one sentence each. */
  notes: string[];
  /** What the user said of the columns. */
  reading: RecordOptions;
  bytes: number;
}

interface Facts {
  format: string;
  skipped: SkippedRow[];
  /** Older versions had none of these. */
  reading?: RecordOptions;
  notes?: string[];
  lengths?: [number, number][];
}

/**
 * Prepares every row that can be used; the rest is listed with its reason. A data set that was prepared before, from the same files
 * for the same tokenizer and pictures, is taken as it is. Throws "bad-dataset" or "no-rows".
 */
export async function prepareDataset(
  store: Store,
  drop: Drop,
  preparation: RowPreparation,
  onProgress: (p: DatasetProgress) => void,
): Promise<DatasetInfo> {
  const id = await datasetIdentity(drop.files, preparation.id, drop.reading);
  const wait = () => onProgress({ phase: "reading", rows: 0, skipped: 0, detail: "the same data in another tab" });
  return whilePreparing(id, wait, async () => {
    const before = await openDataset(store, id);
    return infoOf(before ? before.manifest : await writeDataset(store, id, { ...drop, preparation, onProgress }));
  });
}

/** What is prepared. */
export interface Drop {
  files: readonly InputFile[];
  label: string;
  /** What the user said of its columns. */
  reading?: RecordOptions;
}

interface Preparing extends Drop {
  preparation: RowPreparation;
  onProgress: (p: DatasetProgress) => void;
}

async function writeDataset(
  store: Store,
  id: string,
  { files, label, reading = {}, preparation, onProgress }: Preparing,
): Promise<DatasetManifest> {
  const writer = await createShardWriter(store, id, label);
  const skipped: SkippedRow[] = [];
  const formats = new Set<string>();
  const notes: string[] = [];
  /** Rows by their length. */
  const lengths = new Map<number, number>();
  let rows = 0;
  try {
    for await (const event of readRows(files, reading)) {
      if (event.type === "format") {
        if (event.format === "note") notes.push(event.detail);
        else formats.add(event.format);
        continue;
      }
      if (event.type === "skipped") {
        skipped.push(event.skipped);
        onProgress({ phase: "reading", rows, skipped: skipped.length, detail: event.skipped.source });
        continue;
      }
      const { row } = event;
      onProgress({ phase: "preparing", rows, skipped: skipped.length, detail: row.source });
      try {
        const example = await prepareExample(row, preparation);
        await writer.append(example, row.source);
        const { length } = example.inputIds;
        lengths.set(length, (lengths.get(length) ?? 0) + 1);
        rows += 1;
      } catch (error) {
        if (!isRowFault(error)) throw error;
        const { code, message, remedy } = error;
        const excerpt = row.messages
          .map((m) => m.content.map((c) => (c.type === "text" ? c.text : "<image>")).join(""))
          .join(" | ");
        skipped.push({
          index: row.index,
          source: row.source,
          reason: reasons[code],
          message: `${message} ${remedy}`.trim(),
          excerpt: excerpt.slice(0, 200),
        });
      }
    }
    if (rows === 0 && skipped.length > 0) {
      throw new TabTuneError(
        "no-rows",
        `None of the ${counted(skipped.length, "row")} of ${label} can be used: ${skipped[0]!.source}: ${skipped[0]!.message}`,
        "Correct the rows, or drop other files.",
      );
    }
    const facts: Facts = {
      format: [...formats].join(", "),
      reading,
      skipped,
      notes,
      lengths: [...lengths].sort(([a], [b]) => a - b),
    };
    return await writer.finish(facts);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** What the list of skipped rows is grouped by. */
const reasons: Record<RowFault, string> = {
  "bad-image": "broken-picture",
  "image-too-large": "picture-too-large",
  "bad-row": "bad-row",
  "row-too-long": "too-long",
};

/** What the page is told of a prepared data set. */
export function infoOf(manifest: DatasetManifest): DatasetInfo {
  const { format, skipped, notes = [], lengths = [], reading = {} } = manifest.facts as Facts;
  return {
    id: manifest.id,
    label: manifest.label,
    rows: manifest.rows,
    skipped,
    format,
    tokens: manifest.tokens,
    longest: manifest.longest,
    lengths,
    notes,
    reading,
    bytes: manifest.bytes,
  };
}
