/** Rows -> examples, several at once and in the order of the rows. */
import { isRowFault, type RowFault, type TabTuneError } from "../errors.ts";
import type { Example } from "./example.ts";
import { inOrder } from "./in-order.ts";
import { type PicturePool, picturesHere } from "./pictures/pool.ts";
import { prepareExample, type RowPreparation } from "./prepare-example.ts";
import type { Row } from "./rows/row.ts";

/** A row with its example, or with the fault for which it cannot be used. */
export type PreparedRow =
  | { row: Row; example: Example; fault?: undefined }
  | { row: Row; example?: undefined; fault: TabTuneError & { code: RowFault } };

/** Rows under way at once: twice as many as pictures, so that no thread waits for the row whose turn it is; in one thread it is one. */
export const widthOf = ({ size }: Pick<PicturePool, "size">): number => 2 * size - 1;

/** @param onRow called when a row's turn to be prepared has come */
export function preparedRows(
  rows: AsyncGenerator<Row>,
  preparation: Omit<RowPreparation, "id">,
  onRow: (row: Row) => void = () => {},
  pictures: PicturePool = picturesHere(preparation.pictures),
): AsyncGenerator<PreparedRow> {
  return inOrder(rows, widthOf(pictures), async (row): Promise<PreparedRow> => {
    onRow(row);
    try {
      return { row, example: await prepareExample(row, preparation, pictures) };
    } catch (fault) {
      if (!isRowFault(fault)) throw fault;
      return { row, fault };
    }
  });
}
