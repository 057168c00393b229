/** One source of rows -> its records, whatever the format. */
import { decodeLoosely, decodeText } from "./bytes.ts";
import type { ColumnMapping } from "./columns.ts";
import { csvFields, csvRecord, csvRecordsOf, guessDelimiter } from "./csv.ts";
import { isTable, type Source } from "./detect.ts";
import type { Entry } from "./entry.ts";
import { jsonItemsOf } from "./json-items.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { linesOf } from "./lines.ts";
import { parseLoosely } from "./loose-json.ts";
import { parquetRecords, type ReadColumns } from "./parquet.ts";
import { excerptOf, RowProblem, wordsOf } from "./problem.ts";
import { isSpace, type RawRecord, type ReadRecord } from "./raw.ts";
import { isPicture, sidecarRecords } from "./sidecar.ts";

/** One sentence for the user: how a source is read. */
export function detailOf(source: Source): string {
  if (!isTable(source) && source.format === "webdataset") return `${source.path} is read as WebDataset samples.`;
  if (!isTable(source))
    return `${source.entries.filter(isPicture).length} pictures are read with the texts beside them.`;
  const names = { jsonl: "JSON lines", json: "JSON", csv: "CSV", parquet: "Parquet" };
  return `${source.entry.path} is read as ${names[source.format]}.`;
}

/** Records in file order; errors of the file itself are thrown by the generator, errors of a record by its `parse`. */
export async function* recordsOf(
  source: Source,
  limits: DatasetLimits,
  mapping: ColumnMapping,
  columns: ReadColumns = "useful",
): AsyncGenerator<ReadRecord> {
  if (!isTable(source)) yield* sidecarRecords(source.entries, limits);
  else if (source.format === "parquet") yield* parquetRecords(source.entry, limits, mapping, columns);
  else if (source.format === "csv") yield* csvTable(source.entry, limits);
  else yield* jsonTable(source.entry, source.format, limits);
}

/** A .jsonl by lines, so that a broken one costs itself only; a .json, or a .jsonl that holds one array, by structure. */
async function* jsonTable(entry: Entry, format: "json" | "jsonl", limits: DatasetLimits): AsyncGenerator<ReadRecord> {
  const byLines = format === "jsonl" && !(await startsWithBracket(entry));
  const records = byLines ? linesOf(entry.stream(), limits.lineBytes) : jsonItemsOf(entry.stream(), limits.lineBytes);
  for await (const raw of records) yield readRecord(raw, limits, "bad-json", parseJson);
}

async function startsWithBracket(entry: Entry): Promise<boolean> {
  const reader = entry.stream().getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const bom = value?.[0] === 0xef ? 3 : 0;
  return value?.subarray(bom).find((byte) => !isSpace(byte)) === 0x5b;
}

function parseJson(text: string): unknown {
  try {
    return parseLoosely(text);
  } catch (error) {
    throw new RowProblem("bad-json", `The text is not JSON: ${wordsOf(error)}.`, { cause: error });
  }
}

async function* csvTable(entry: Entry, limits: DatasetLimits): AsyncGenerator<ReadRecord> {
  let header: string[] | undefined;
  let delimiter = ",";
  for await (const raw of csvRecordsOf(entry.stream(), limits.lineBytes)) {
    if (header === undefined) {
      if (raw.tooLong || raw.broken !== undefined) throw new Error("its header line is not CSV");
      const line = decodeText(raw.bytes);
      delimiter = guessDelimiter(line);
      header = csvFields(line, delimiter).map((name) => name.trim());
      continue;
    }
    const names = header;
    yield readRecord(raw, limits, "bad-csv", (text) => csvRecord(names, csvFields(text, delimiter)));
  }
}

function readRecord(
  raw: RawRecord,
  limits: DatasetLimits,
  broken: "bad-json" | "bad-csv",
  parse: (text: string) => unknown,
): ReadRecord {
  return {
    place: raw.place,
    excerpt: () => excerptOf(decodeLoosely(raw.bytes.subarray(0, 800)).trim()),
    parse: () => {
      if (raw.tooLong)
        throw new RowProblem("too-long-line", `The record has more than ${formatBytes(limits.lineBytes)}.`);
      if (raw.broken !== undefined) throw new RowProblem(broken, raw.broken);
      return parse(decodeText(raw.bytes));
    },
  };
}
