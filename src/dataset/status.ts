/** What the Data panel says, in words. */

import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import type { DatasetSource, SeparatedCounts } from "../../workers/protocol/dataset.ts";
import { sourceLabel } from "../parts/files.ts";
import { bytes, count } from "../parts/format.ts";
import { words } from "../words/index.ts";

/** "2 rows left out, 1 corrected: the files stay as they are."; "" where nothing was changed. */
export function changesWords({ leftOut, edited }: DatasetInfo["changes"]): string {
  return leftOut + edited > 0 ? words().data.search.changes(leftOut, edited) : "";
}

/** How much there is of the rows, and what of it lies in this browser. */
export function sizeWords(
  info: Pick<DatasetInfo, "tokens" | "longest" | "bytes">,
  cached: DatasetInfo["cached"],
): string {
  const say = words().data.size;
  if (!cached) return say.all(count(info.tokens), info.longest, bytes(info.bytes));
  return say.onDemand(bytes(info.bytes), count(cached.rows), bytes(cached.bytes), bytes(cached.budget));
}

/** What becomes of rows that are not trained on; "" where all are. `measured`: what a run with the recipe of now would hold out. */
export function heldOutWords(
  { heldOut }: Pick<DatasetInfo, "heldOut">,
  measured: Pick<SeparatedCounts, "words"> | undefined,
): string {
  if (measured?.words) return measured.words;
  if (!heldOut) return "";
  return words().data.heldOut(heldOut.rows, heldOut.split);
}

interface Data {
  info: Pick<DatasetInfo, "rows" | "skipped"> | undefined;
  waiting: DatasetSource | undefined;
  /** Rows are being prepared: the bar beside it says so. */
  busy: boolean;
  gone: string;
  /** A model is loaded. */
  model: boolean;
}

export function statusOf({ info, waiting, busy, gone, model }: Data): string {
  const say = words().data.status;
  if (info) {
    const { length } = info.skipped;
    return [say.ready(info.rows), ...(length > 0 ? [say.skipped(length)] : [])].join(", ");
  }
  if (waiting) return say.waits(sourceLabel(waiting));
  if (busy) return "";
  if (gone) return gone;
  return model ? say.none : `${say.none} ${say.early}`;
}
