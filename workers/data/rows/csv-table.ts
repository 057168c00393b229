/** A file of CSV -> its records: by its heading, or by what its lines are where it has none. */
import { TabTuneError } from "../../errors.ts";
import { decodeLoosely, decodeText } from "./bytes.ts";
import { quotedList } from "./column-words.ts";
import { csvFields, csvRecord, csvRecordsOf, guessDelimiter, namedDelimiter, uniqueNames } from "./csv.ts";
import { boxesByPicture, hasBoxLines } from "./csv-boxes.ts";
import type { Entry } from "./entry.ts";
import type { DatasetLimits } from "./limits.ts";
import { type RawRecord, type ReadRecord, readRecord } from "./raw.ts";
import type { Remarks } from "./remarks.ts";
import { isPictureName } from "./sidecar.ts";

/**
 * Records in file order; `asItIs`: also lines of boxes, which else become the pictures that they are on. Throws an Error for a first line
 * that is no CSV, and as `headingOf`.
 */
export async function* csvTable(
  entry: Entry,
  limits: DatasetLimits,
  remarks: Remarks,
  asItIs: boolean,
): AsyncGenerator<ReadRecord> {
  const raws = csvRecordsOf(entry.stream(), limits.lineBytes);
  let first: RawRecord | undefined = (await raws.next()).value;
  const delimiter = first && namedDelimiter(decodeLoosely(first.bytes));
  if (delimiter !== undefined) first = (await raws.next()).value;
  if (!first) return;
  if (first.tooLong || first.broken !== undefined) throw new Error("its header line is not CSV");
  const { header, isRow, fieldsOf } = headingOf(decodeText(first.bytes), delimiter, entry.path, remarks);
  const record = (raw: RawRecord) => readRecord(raw, limits, "bad-csv", (text) => csvRecord(header, fieldsOf(text)));
  async function* lines(): AsyncGenerator<ReadRecord> {
    if (isRow) yield record(first!);
    for await (const raw of raws) yield record(raw);
  }
  yield* asItIs || !hasBoxLines(header) ? lines() : boxesByPicture(entry.path, lines(), header, limits);
}

interface Heading {
  header: string[];
  /** The line is a row as well: the file has no heading. */
  isRow: boolean;
  fieldsOf(line: string): string[];
}

/** What a first line says of all. Throws as `namesWithoutHeading`. */
function headingOf(line: string, named: string | undefined, path: string, remarks: Remarks): Heading {
  const delimiter = named ?? guessDelimiter(line);
  const written = csvFields(line, delimiter);
  const names = written.map((name) => name.trim());
  // "image_name| comment_number| comment" of Flickr30k: the space belongs to the delimiter.
  const isSpaced = written.length > 1 && written.slice(1).every((name) => name.startsWith(" "));
  const isRow = names.some(isPictureName);
  const { header, again } = uniqueNames(isRow ? namesWithoutHeading(names, path) : names);
  if (again.length > 0)
    remarks.say(`${path} has several columns called ${quotedList(again)}; the first of each name is read.`);
  if (isRow)
    remarks.say(`${path} has no heading: its first line is read as a row, and its columns as ${header.join(" and ")}.`);
  const fieldsOf = (text: string): string[] =>
    csvFields(text, delimiter).map((field) => (isSpaced ? field.replace(/^ /, "") : field));
  return { header, isRow, fieldsOf };
}

/** A first line that names a picture is a row. Throws a TabTuneError "bad-dataset" where its columns may be anything. */
function namesWithoutHeading(fields: readonly string[], path: string): string[] {
  const pictures = fields.filter(isPictureName).length;
  if (fields.length === 2 && pictures === 1)
    return fields.map((field) => (isPictureName(field) ? "file_name" : "text"));
  throw new TabTuneError(
    "bad-dataset",
    `${path} has no heading: its first line names a picture (${fields.find(isPictureName)?.slice(0, 100)}) in place of the names of its columns.`,
    "Write a first line with the names of the columns, such as image,question,answer.",
  );
}
