/** What the question about a data set of the hub says, in words. */
import { bytesFor } from "../../workers/data/hub/cost.ts";
import { KEPT_BYTES } from "../../workers/data/hub/kept-ranges.ts";
import { counted } from "../../workers/words.ts";
import { bytes } from "../parts/format.ts";

/** `rows`: as the card counts them, undefined where it does not. */
export const rowsWords = (rows: number | undefined): string =>
  rows === undefined ? "rows that its card does not count," : counted(rows, "row");

/** What moves for the first `rows` rows, undefined for all of them. */
export function costWords(set: { bytes: number; rows?: number }, rows: number | undefined): string {
  const moved = bytesFor(set, rows);
  const what = rows === undefined || (set.rows ?? rows + 1) <= rows ? "All of it" : `The first ${counted(rows, "row")}`;
  const much =
    moved === undefined
      ? `as much as they take, at most ${bytes(set.bytes)}`
      : rows === undefined
        ? bytes(moved)
        : `about ${bytes(moved)}`;
  return `${what} will be downloaded: ${much}. What was downloaded is kept in this browser, up to ${bytes(KEPT_BYTES)} over all data sets.`;
}
