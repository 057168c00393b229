/** What reading a data set of a hub costs, from what its listing tells. */
import { counted } from "../../words.ts";
import { FOOTER_BYTES, formatBytes } from "../rows/limits.ts";
import type { HubDataSet } from "./look-up.ts";

/** Rows come in groups; as `datasets` writes them where there are pictures. */
const GROUP_ROWS = 100;

/** "a/b at 0123456: 2 Parquet files, 7 MiB, 150 rows as its card counts them", without a full stop. */
export function factsOf({ label, commit, files, bytes, rows }: HubDataSet): string {
  const counts =
    rows === undefined ? "its card does not count the rows" : `${counted(rows, "row")} as its card counts them`;
  return `${label} at ${commit.slice(0, 7)}: ${counted(files.length, "Parquet file")}, ${formatBytes(bytes)}, ${counts}`;
}

/** About how many bytes move for the first `rows` rows, all of them where nothing is said; undefined where nobody counted the rows. */
export function bytesFor(set: Pick<HubDataSet, "bytes" | "rows">, rows?: number): number | undefined {
  if (rows === undefined) return set.bytes;
  if (set.rows === undefined) return undefined;
  const share = (GROUP_ROWS * Math.ceil(rows / GROUP_ROWS)) / Math.max(1, set.rows);
  return Math.min(set.bytes, Math.ceil(set.bytes * share) + FOOTER_BYTES);
}
