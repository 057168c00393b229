/** Rows of an index, in the order of their positions, as a Parquet file that train.py reads. */
import { corrected, editsOf, type RowChanges } from "../data/index/changes.ts";
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import type { IndexedRows } from "../data/shards/supply.ts";

/**
 * @param onRow called after each row with how many are in the file
 * @param onFault called with the source of a row whose pictures cannot be read: an empty row takes its place, because the order counts by
 * places, and the server leaves it out of its batch, as a run here does
 */
export async function rowsFile(
  rows: IndexedRows,
  positions: readonly number[],
  changes: RowChanges,
  {
    onRow,
    onFault,
  }: { onRow: (rows: number, source: string) => void; onFault: (source: string, message: string) => void },
): Promise<Blob> {
  const file = parquetDataSet();
  const edits = editsOf(changes);
  let written = 0;
  for (const position of positions) {
    const row = await rows.row(position);
    const fault = await file.add(corrected(row, edits.get(position)));
    if (fault) {
      await file.add({ ...row, messages: [], images: [] });
      onFault(row.source, `${fault.message} It is not trained on.`);
    }
    written += 1;
    onRow(written, row.source);
  }
  return file.finish();
}
