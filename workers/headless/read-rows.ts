/** `rows`: what the reader understood of the data, row by row, with every note and every row that it left out. No model, no GPU. */
import { contentOf, contentOfBytes, type RowContent } from "../data/held-out/content.ts";
import { countShared, sharedRowsWords } from "../data/held-out/shared.ts";
import { MEASURED_BY } from "../data/rows/folders.ts";
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import { type RowEvent, readRows } from "../data/rows/read-rows.ts";
import type { Row, SkippedRow } from "../data/rows/row.ts";
import { isRowFault } from "../errors.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { note, skipped, writeWhole } from "./open.ts";
import { terminal } from "./terminal.ts";

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
      terminal.show("Reading rows", { done: lines.length });
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
  const shared = notes.some((words) => words.includes(MEASURED_BY))
    ? await sharedOf(() => readRows(files, { ...reading, first, heldOut: true }))
    : "";
  if (shared) {
    notes.push(shared);
    note(shared);
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
  terminal.clear();
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Of data with a split that runs are measured by: what is to be told of its rows whose pictures are trained on, too. Reads all again. */
async function sharedOf(read: () => AsyncGenerator<RowEvent>): Promise<string> {
  const training: RowContent[] = [];
  const heldOut: RowContent[] = [];
  for await (const event of read()) {
    if (event.type !== "row") continue;
    const content = await contentByBytes(event.row);
    if (content) (event.split ? heldOut : training).push(content);
  }
  return sharedRowsWords(countShared(heldOut, training), heldOut.length, false);
}

/** Undefined for a row whose picture cannot be read: it is neither trained on nor measured. */
async function contentByBytes({ messages, images }: Row): Promise<RowContent | undefined> {
  try {
    const hashes: string[] = [];
    for (const image of images) hashes.push(await contentOfBytes(await image.bytes()));
    return contentOf(messages, hashes);
  } catch (error) {
    if (isRowFault(error)) return undefined;
    throw error;
  }
}
