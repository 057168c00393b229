/** The raw bytes of one record of a text file, before anyone has understood them. */
import { concat, decodeLoosely, decodeText } from "./bytes.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { excerptOf, RowProblem } from "./problem.ts";
import type { Remark } from "./remarks.ts";

export interface RawRecord {
  /** Where in the file: "line 12", "item 3". */
  place: string;
  /** The record's own bytes; only its start when `tooLong`. */
  bytes: Uint8Array;
  tooLong: boolean;
  /** Set when the file's structure broke here: the sentence for the user. */
  broken?: string;
}

/** One record of any format, on its way to become a row. */
export interface ReadRecord {
  /** Where in its file: "line 12"; "" when the record is a file of its own. */
  place: string;
  /** The file, where it is not the table itself. */
  file?: string;
  /** All columns of its table, where the record itself does not have them all. */
  columns?: readonly string[];
  /** The raw record, cut to 200 characters. */
  excerpt(): string;
  /** The record itself; throws a RowProblem when it cannot be understood. */
  parse(): unknown | Promise<unknown>;
  /** Set on the last record of a Parquet row group: those behind it are read from another place. */
  endsGroup?: true;
  /** What is to be told of a record that became a row; known after `parse`. */
  remarks?: [remark: Remark, example: string][];
}

/** What is kept of a record that is over the limit, for its excerpt. */
const KEPT = 800;

/** Gathers one record from pieces of chunks; over `limit` bytes it goes on counting and keeps only the start. */
export function recordBuffer(limit: number) {
  let pieces: Uint8Array[] = [];
  let kept = 0;
  let length = 0;
  return {
    length: () => length,
    add(piece: Uint8Array): void {
      if (piece.length === 0) return;
      if (length <= limit) {
        const part = length + piece.length > limit ? piece.slice(0, KEPT) : piece;
        pieces.push(part);
        kept += part.length;
      }
      length += piece.length;
    },
    /** The record so far, and an empty buffer for the next one. */
    take(): { bytes: Uint8Array; tooLong: boolean } {
      const tooLong = length > limit;
      const bytes = concat(pieces, kept);
      pieces = [];
      kept = 0;
      length = 0;
      return { bytes: tooLong ? bytes.slice(0, KEPT) : bytes, tooLong };
    },
  };
}

/** True for ASCII white space: such a record is no row. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}

export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** A raw record of text, to be understood by `parse`; RowProblems: "too-long-line", `broken` where the structure broke, "bad-text". */
export function readRecord(
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
