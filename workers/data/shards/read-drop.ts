/** Files -> an index of all their rows, with what is to be told of them. Of pictures that lie in files no more is read than the size that boxes in pixels need. */
import { isRowFault } from "../../errors.ts";
import type { Store } from "../../storage/store.ts";
import type { BoxTarget } from "../boxes/convention.ts";
import { contentByPlace, type RowContent } from "../held-out/content.ts";
import { createIndexWriter, type IndexInfo } from "../index/row-index.ts";
import type { FirstRows, InputFile } from "../rows/read-rows.ts";
import { readRows } from "../rows/read-rows.ts";
import type { RecordOptions } from "../rows/record.ts";
import type { SkippedRow } from "../rows/row.ts";
import type { DatasetManifest } from "./manifest.ts";
import { skippedBy } from "./supply.ts";

/** What is prepared. */
export interface Drop {
  files: readonly InputFile[];
  label: string;
  /** What the user said of its columns. */
  reading?: RecordOptions;
  /** Only these rows. */
  first?: FirstRows;
  /** What else is to be said of it, asked for when all is read. */
  notes?: () => string[];
}

export interface DatasetProgress {
  phase: "reading" | "preparing";
  rows: number;
  skipped: number;
  detail: string;
  /** Bytes in storage: about what all rows take, and what is free for them; once some are prepared. */
  room?: { needs: number; free: number } | undefined;
}

/** What a manifest keeps for people. */
export interface Facts {
  format: string;
  skipped: SkippedRow[];
  /** Older versions had none of these. */
  reading?: RecordOptions;
  notes?: string[];
  /** The unit in which boxes were written as answers (`unitName`); absent where there were none. */
  boxes?: string;
  lengths?: [number, number][];
}

export interface ReadDrop {
  index: IndexInfo;
  facts: Facts;
  /** By position in the index. */
  contents: RowContent[];
  /** Where the rows of a split begin that is not trained on. */
  split: DatasetManifest["split"];
}

/** Reads the drop into the index of data set `id`; boxes are written as `boxTarget` says. Throws as `readRows` does, and "storage-full". */
export async function readDrop(
  store: Store,
  id: string,
  { files, reading = {}, first, notes: others = () => [] }: Drop,
  onProgress: (p: DatasetProgress) => void,
  boxTarget?: BoxTarget,
): Promise<ReadDrop> {
  const contents: RowContent[] = [];
  const writer = createIndexWriter(store, id);
  const skipped: SkippedRow[] = [];
  const formats = new Set<string>();
  const notes: string[] = [];
  let split: ReadDrop["split"];
  let boxes: string | undefined;
  const progress = (detail: string) =>
    onProgress({ phase: "reading", rows: contents.length, skipped: skipped.length, detail });
  // Rows that are answered are not measured by: a split of theirs is left aside, as by the command.
  const heldOut = reading.toAnswer !== true;
  for await (const event of readRows(files, { ...reading, first, heldOut, boxTarget })) {
    if (event.type === "format") boxes ??= event.boxes;
    if (event.type === "format" && event.format === "note") notes.push(event.detail);
    else if (event.type === "format") formats.add(event.format);
    else if (event.type === "skipped") {
      skipped.push(event.skipped);
      progress(event.skipped.source);
    } else {
      const { row } = event;
      progress(row.source);
      try {
        const content = await contentByPlace(row, await writer.append(row));
        if (event.split) split ??= { name: event.split, from: contents.length };
        contents.push(content);
      } catch (error) {
        if (!isRowFault(error)) throw error;
        skipped.push(skippedBy(error, row));
      }
    }
  }
  const facts = {
    ...{ format: [...formats].join(", "), reading, skipped, notes: [...others(), ...notes] },
    ...(boxes === undefined ? {} : { boxes }),
  };
  return { index: await writer.finish(), facts, contents, split };
}
