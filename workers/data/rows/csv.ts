/**
 * CSV and TSV (RFC 4180 quoting) as records. papaparse wants a whole string, or a file through the DOM's FileReader; so
 * the stream is cut into records here, where only quotes are followed, and papaparse takes each record apart.
 */
import Papa from "papaparse";
import { textChunksOf } from "./bytes.ts";
import { RowProblem } from "./problem.ts";
import { isBlank, type RawRecord, recordBuffer } from "./raw.ts";

const QUOTE = 0x22;
const DELIMITERS = [",", "\t", ";", "|"];
const DELIMITER_BYTES = DELIMITERS.map((delimiter) => delimiter.charCodeAt(0));

/** Records of `stream`, the header first; `place` is the line on which a record starts. Bytes over `limit` are cut. */
export async function* csvRecordsOf(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<RawRecord> {
  const buffer = recordBuffer(limit);
  let fieldStart = true;
  let quoted = false;
  let justClosed = false;
  let line = 1;
  let firstLine = 1;
  const take = (): RawRecord => {
    const record = { place: `line ${firstLine}`, ...buffer.take() };
    firstLine = line;
    return record;
  };
  for await (const chunk of textChunksOf(stream)) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === 10) line += 1;
      if (quoted) {
        quoted = byte !== QUOTE;
        justClosed = !quoted;
        continue;
      }
      // A quote opens at the start of a field; a doubled quote inside one closes it and opens it again.
      quoted = byte === QUOTE && (fieldStart || justClosed);
      justClosed = false;
      if (byte === 10) {
        buffer.add(chunk.subarray(start, i));
        start = i + 1;
        const record = take();
        if (!isBlank(record.bytes)) yield record;
      }
      // Any of the delimiters will do: a quote right behind another one, in a field that is not quoted, is no CSV anyway.
      fieldStart = byte === 10 || DELIMITER_BYTES.includes(byte);
    }
    buffer.add(chunk.subarray(start));
  }
  const last = take();
  if (quoted) yield { ...last, broken: "A quote that opens here is never closed, so the rows after it are lost." };
  else if (!isBlank(last.bytes)) yield last;
}

/** The delimiter that cuts a header line into the most names. */
export function guessDelimiter(header: string): string {
  const bare = header.replace(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

/** The fields of one record. Throws a RowProblem "bad-csv" when its quotes do not fit. */
export function csvFields(record: string, delimiter: string): string[] {
  const parsed = Papa.parse<string[]>(record.replace(/\r$/, ""), { delimiter, newline: "\n" });
  const error = parsed.errors[0];
  if (error !== undefined || parsed.data.length !== 1) {
    throw new RowProblem("bad-csv", `The line is not CSV: ${error?.message ?? "it holds several records"}.`);
  }
  return parsed.data[0]!;
}

/** A record by column name. Throws a RowProblem "bad-csv" when it has not one field for each column. */
export function csvRecord(header: readonly string[], fields: readonly string[]): Record<string, unknown> {
  if (fields.length !== header.length) {
    throw new RowProblem(
      "bad-csv",
      `The line has ${fields.length} fields where the header has ${header.length}; quote fields that hold a delimiter.`,
    );
  }
  // defineProperty semantics: a column called __proto__ is a column, nothing more.
  return Object.fromEntries(header.map((name, i) => [name, fields[i]!]));
}
