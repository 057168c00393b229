/** What the Data panel says, in words. */

import type { DatasetInfo } from "../../workers/data/shards/prepare-dataset.ts";
import type { DatasetSource, SeparatedCounts } from "../../workers/protocol/dataset.ts";
import { counted } from "../../workers/words.ts";
import { sourceLabel } from "../parts/files.ts";
import { bytes, count } from "../parts/format.ts";

/** "2 rows left out, 1 corrected: the files stay as they are."; "" where nothing was changed. */
export function changesWords({ leftOut, edited }: DatasetInfo["changes"]): string {
  const parts = [
    leftOut > 0 && `${counted(leftOut, "row")} left out`,
    edited > 0 && `${counted(edited, "row")} corrected`,
  ];
  const words = parts.filter(Boolean).join(", ");
  return words && `${words}: the files stay as they are.`;
}

/** How much there is of the rows, and what of it lies in this browser. */
export function sizeWords(
  info: Pick<DatasetInfo, "tokens" | "longest" | "bytes">,
  cached: DatasetInfo["cached"],
): string {
  if (!cached)
    return `${count(info.tokens)} tokens with picture slots, longest row ${info.longest}, ${bytes(info.bytes)} cached in this browser.`;
  return `rows are prepared as training comes to them; the list of all takes ${bytes(info.bytes)} in this browser, the ${count(cached.rows)} prepared rows ${bytes(cached.bytes)} of at most ${bytes(cached.budget)}.`;
}

/** What becomes of rows that are not trained on; "" where all are. `measured`: what a run with the recipe of now would hold out. */
export function heldOutWords(
  { heldOut }: Pick<DatasetInfo, "heldOut">,
  measured: Pick<SeparatedCounts, "words"> | undefined,
): string {
  if (measured?.words) return measured.words;
  if (!heldOut) return "";
  const { rows, split } = heldOut;
  const are = rows === 1 ? "is" : "are";
  return `${counted(rows, "row")} of the ${split} split ${are} not trained on; runs can be measured by ${rows === 1 ? "it" : "them"} (Held-out rows, in the recipe).`;
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
  if (info) {
    const skipped = info.skipped.length > 0 ? `, ${info.skipped.length} skipped` : "";
    return `${info.rows} rows ready${skipped}`;
  }
  if (waiting) {
    return `Load a model: its tokenizer turns ${sourceLabel(waiting)} into examples.`;
  }
  if (busy) return "";
  if (gone) return gone;
  return model ? "No data yet." : "No data yet. You may drop it before the model is loaded.";
}
