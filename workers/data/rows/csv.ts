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

/** The delimiter that Excel's first line names ("sep=;"); undefined for any other line. */
export const namedDelimiter = (line: string): string | undefined => /^"?sep=([,;|\t])"?\s*$/i.exec(line)?.[1];

/** A quoted field with spaces in front of its quote, or behind. */
const SPACED = /(^|[,;|\t]) +("(?:[^"]|"")*") *(?=[,;|\t]|$)/g;

/** The fields of one record. Throws a RowProblem "bad-csv" when its quotes do not fit. */
export function csvFields(record: string, delimiter: string): string[] {
  const text = record.replace(/\r$/, "");
  const parse = (line: string) => Papa.parse<string[]>(line, { delimiter, newline: "\n" });
  let parsed = parse(text);
  // Quotes behind a space are text to the standard and quotes to the people who write `a.jpg, "A dog, asleep"`.
  if (parsed.data[0]?.some((field) => /^ +"/.test(field))) parsed = parse(text.replace(SPACED, "$1$2"));
  const error = parsed.errors[0];
  if (error !== undefined || parsed.data.length !== 1) {
    throw new RowProblem("bad-csv", `The line is not CSV: ${error?.message ?? "it holds several records"}.`);
  }
  return parsed.data[0]!;
}

/** Names of columns, each once: of two of one name the first has it, as in pandas. `again` are those that come again. */
export function uniqueNames(names: readonly string[]): { header: string[]; again: string[] } {
  const seen = new Map<string, number>();
  const header = names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
  return { header, again: [...seen].flatMap(([name, times]) => (times > 1 && name !== "" ? [name] : [])) };
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
