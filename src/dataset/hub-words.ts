/** What the question about a data set of the hub says, in words. */
import { bytesFor } from "../../workers/data/hub/cost.ts";
import { KEPT_BYTES } from "../../workers/data/hub/kept-ranges.ts";
import { bytes } from "../parts/format.ts";
import { words } from "../words/index.ts";

/** `rows`: as the card counts them, undefined where it does not. */
export function rowsWords(rows: number | undefined): string {
  const { uncounted, counted } = words().data.hub;
  return rows === undefined ? uncounted : counted(rows);
}

/** What moves for the first `rows` rows, undefined for all of them. */
export function costWords(set: { bytes: number; rows?: number }, rows: number | undefined): string {
  const moved = bytesFor(set, rows);
  const isAll = rows === undefined || (set.rows ?? rows + 1) <= rows;
  const much = moved === undefined ? undefined : bytes(moved);
  return words().data.hub.cost(isAll ? undefined : rows, much, rows !== undefined, bytes(set.bytes), bytes(KEPT_BYTES));
}
