/** `rows`: what the reader understood of the data, row by row, with every note and every row that it left out. No model, no GPU. */
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import { readRows } from "../data/rows/read-rows.ts";
import type { Row, SkippedRow } from "../data/rows/row.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { note, skipped, writeWhole } from "./open.ts";

/** A row as a line of stdout. */
const lineOf = ({ index, source, messages, images }: Row): string =>
  JSON.stringify({ row: index, source, messages, pictures: images.map((image) => image.file ?? "embedded") });

/**
 * Lines and report come when all is read: what fails half way leaves neither. Throws as `readRows` does, with what was skipped on
 * stderr before.
 */
export async function rows(args: Arguments): Promise<void> {
  const { files, reading, first, told } = await dataOf(args);
  const lines: string[] = [];
  const leftOut: SkippedRow[] = [];
  const notes: string[] = [];
  const parquet = args.maybe("parquet");
  const dataSet = parquetDataSet();
  for await (const event of readRows(files, { ...reading, first })) {
    if (event.type === "row") {
      lines.push(lineOf(event.row));
      const fault = parquet ? await dataSet.add(event.row) : undefined;
      if (fault) skipped(event.row.source, `${fault.message} It is not in the data set.`);
    } else if (event.type === "skipped") {
      leftOut.push(event.skipped);
      skipped(event.skipped.source, event.skipped.message);
    } else if (event.format === "note") {
      notes.push(event.detail);
      note(event.detail);
    }
  }
  const report = args.maybe("report");
  if (report) {
    const rowsSkipped = leftOut.map(({ index, source, reason, message }) => ({
      row: index,
      source,
      code: reason,
      message,
    }));
    await writeWhole(
      report,
      `${JSON.stringify({ rows: lines.length, skipped: rowsSkipped, notes: [...told, ...notes] }, null, 2)}\n`,
    );
  }
  if (parquet) await writeWhole(parquet, new Uint8Array(await dataSet.finish().arrayBuffer()));
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
