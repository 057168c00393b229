/** `rows`: what the reader understood of the data, row by row, with every note and every row that it left out. No model, no GPU. */
import * as v from "valibot";
import type { ColumnMapping } from "../data/rows/columns.ts";
import { readRows } from "../data/rows/read-rows.ts";
import type { Row, SkippedRow } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";
import type { Arguments } from "./arguments.ts";
import { dataFiles, note, readBytes, skipped, writeWhole } from "./open.ts";

const column = v.optional(v.string());
const mappingSchema = v.strictObject({
  messages: column,
  images: column,
  question: column,
  answer: column,
  system: column,
});

/** A file of `--mapping`: which column is what. Throws TabTuneError "bad-argument" naming the key. */
async function mappingOf(file: string): Promise<ColumnMapping> {
  const remedy = `Give a JSON object with column names under some of ${Object.keys(mappingSchema.entries).join(", ")}.`;
  const text = (await readBytes(file, "the mapping")).toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TabTuneError("bad-argument", `${file} is not valid JSON.`, remedy, "", { cause });
  }
  const read = v.safeParse(mappingSchema, json);
  if (read.success) return JSON.parse(JSON.stringify(read.output)) as ColumnMapping;
  const [issue] = read.issues;
  throw new TabTuneError("bad-argument", `${file}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}.`, remedy);
}

/** A row as a line of stdout. */
const lineOf = ({ index, source, messages, images }: Row): string =>
  JSON.stringify({ row: index, source, messages, pictures: images.map((image) => image.file ?? "embedded") });

/**
 * Lines and report come when all is read: what fails half way leaves neither. Throws as `readRows` does, with what was skipped on
 * stderr before.
 */
export async function rows(args: Arguments): Promise<void> {
  const { files } = await dataFiles(args.text("data"));
  const file = args.maybe("mapping");
  const instruction = args.maybe("instruction");
  const lines: string[] = [];
  const leftOut: SkippedRow[] = [];
  const notes: string[] = [];
  const options = { ...(file ? { mapping: await mappingOf(file) } : {}), ...(instruction ? { instruction } : {}) };
  for await (const event of readRows(files, options)) {
    if (event.type === "row") lines.push(lineOf(event.row));
    else if (event.type === "skipped") {
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
    await writeWhole(report, `${JSON.stringify({ rows: lines.length, skipped: rowsSkipped, notes }, null, 2)}\n`);
  }
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
