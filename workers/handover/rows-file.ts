/** Rows of an index, in the order of their positions, as Parquet files that train.py reads. */
import { corrected, editsOf, type RowChanges } from "../data/index/changes.ts";
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import type { IndexedRows } from "../data/shards/supply.ts";

/** Where a file ends, as on the hub: no more than this lies in memory at a time where files go to a disk. */
const FILE_BYTES = 500e6;

interface Tell {
  /** Called after each row with how many are written. */
  onRow(rows: number, source: string): void;
  /**
   * Called for a row whose pictures cannot be read: an empty row takes its place, because the order counts by places, and the server leaves
   * it out of its batch, as a run here does.
   */
  onFault(source: string, message: string): void;
}

/** `data/train` -> data/train-00000.parquet and so on; at least one. */
export async function* rowsFiles(
  base: string,
  rows: IndexedRows,
  positions: readonly number[],
  { changes, fileBytes = FILE_BYTES, onRow, onFault }: Tell & { changes: RowChanges; fileBytes?: number },
): AsyncGenerator<{ path: string; data: Blob }> {
  const edits = editsOf(changes);
  let file = parquetDataSet();
  let files = 0;
  const done = () => ({ path: `${base}-${String(files++).padStart(5, "0")}.parquet`, data: file.finish() });
  for (const [n, position] of positions.entries()) {
    if (file.bytes >= fileBytes) {
      yield done();
      file = parquetDataSet();
    }
    const row = await rows.row(position);
    const fault = await file.add(corrected(row, edits.get(position)));
    if (fault) {
      await file.add({ ...row, messages: [], images: [] });
      onFault(row.source, `${fault.message} It is not trained on.`);
    }
    onRow(n + 1, row.source);
  }
  yield done();
}
