/** One source of rows -> its records, whatever the format. */
import { counted } from "../../words.ts";
import { decodeLoosely } from "./bytes.ts";
import { captionOf, isHeading } from "./caption-lines.ts";
import type { ColumnMapping } from "./columns.ts";
import { csvTable } from "./csv-table.ts";
import { isTable, type Source, type TableSource } from "./detect.ts";
import type { Entry } from "./entry.ts";
import { jsonRecords, type Surroundings, splitInside } from "./json-table.ts";
import { parseJson } from "./json-text.ts";
import type { DatasetLimits } from "./limits.ts";
import { linesOf } from "./lines.ts";
import { parseLoosely } from "./loose-json.ts";
import { parquetRecords, type ReadColumns } from "./parquet.ts";
import { type ReadRecord, readRecord } from "./raw.ts";
import { classRecords, isPicture, sidecarRecords } from "./sidecar.ts";

/** One sentence for the user: how a source is read. */
export function detailOf(source: Source): string {
  if (!isTable(source) && source.format === "webdataset") return `${source.path} is read as WebDataset samples.`;
  if (!isTable(source) && source.format === "folders")
    return `${counted(source.entries.length, "picture")} are read with the names of their folders.`;
  if (!isTable(source) && source.format === "pictures") return `${counted(source.entries.length, "picture")} are read.`;
  if (!isTable(source))
    return `${source.entries.filter(isPicture).length} pictures are read with the texts beside them.`;
  const names = {
    jsonl: "JSON lines",
    json: "JSON",
    csv: "CSV",
    parquet: "Parquet",
    captions: "lines of a picture and its caption",
  };
  return `${source.entry.path} is read as ${names[source.format]}.`;
}

/** A first line that is longer is whole, or broken by itself. */
const HEAD_BYTES = 2 ** 20;

/** Records in file order; errors of the file itself are thrown by the generator, errors of a record by its `parse`. */
export async function* recordsOf(
  source: Source,
  limits: DatasetLimits,
  mapping: ColumnMapping,
  around: Surroundings,
  columns: ReadColumns = "useful",
): AsyncGenerator<ReadRecord> {
  if (!isTable(source) && source.classOf) yield* classRecords(source.entries, source.classOf);
  else if (!isTable(source))
    yield* sidecarRecords(source.entries, source.keyOf, limits, around.toAnswer, around.classes);
  else if (source.format === "parquet")
    yield* parquetRecords(source.entry, limits, mapping, columns, (words) => around.remarks.say(words));
  else if (source.format === "csv") {
    // Who picks columns, or looks at all of them, means those of the file.
    const asItIs = columns === "every" || Object.keys(mapping).length > 0;
    yield* csvTable(source.entry, limits, around.remarks, asItIs);
  } else if (source.format === "captions") yield* captionTable(source.entry, limits);
  else yield* jsonTable(source, source.format, limits, around);
}

/** What of a source belongs to a split that is not trained on; undefined where nothing does. */
export async function heldOutInside(source: Source): Promise<TableSource | undefined> {
  if (!isTable(source) || (source.format !== "json" && source.format !== "jsonl")) return undefined;
  if (source.format === "jsonl" && (await isByLines(source.entry))) return undefined;
  const split = await splitInside(source.entry);
  return split && { ...source, split, inside: true };
}

/** A .jsonl by lines, so that a broken one costs itself only; all other JSON by its structure. */
async function* jsonTable(
  { entry, inside }: TableSource,
  format: "json" | "jsonl",
  limits: DatasetLimits,
  around: Surroundings,
): AsyncGenerator<ReadRecord> {
  if (format === "json" || !(await isByLines(entry))) yield* jsonRecords(entry, limits, around, inside);
  else
    for await (const raw of linesOf(entry.stream(), limits.lineBytes))
      yield readRecord(raw, limits, "bad-json", parseJson);
}

/** False where a file of lines starts with a list, or with an object that goes on behind the first line: one that was printed for people. */
async function isByLines(entry: Entry): Promise<boolean> {
  const lines: string[] = [];
  try {
    for await (const { bytes, tooLong } of linesOf(entry.stream(), HEAD_BYTES)) {
      lines.push(tooLong ? "…" : decodeLoosely(bytes).trim());
      if (lines.length === 2) break;
    }
  } catch {
    // What cannot be read is told when the rows are read.
  }
  const [first = "", second = ""] = lines;
  if (first.startsWith("[")) return false;
  const goesOn = /^\{\s*("[^"]*"\s*:.*[,[{])?$/s.test(first) && !/^\{/.test(second) && second !== "";
  return !goesOn || isWhole(first);
}

function isWhole(line: string): boolean {
  try {
    parseLoosely(line);
    return true;
  } catch {
    return false;
  }
}

async function* captionTable(entry: Entry, limits: DatasetLimits): AsyncGenerator<ReadRecord> {
  let first = true;
  for await (const raw of linesOf(entry.stream(), limits.lineBytes)) {
    const heading = first && isHeading(decodeLoosely(raw.bytes));
    first = false;
    if (!heading) yield readRecord(raw, limits, "bad-csv", captionOf);
  }
}
