/**
 * Which data set a drop is: the same id for the same files in any order, another one after any change. Files up to `WHOLE_BYTES` are
 * hashed from end to end: a caption that was corrected in place changes neither a name, nor a size, nor a file's ends. Reading them
 * costs less than preparing them. Larger ones (archives, Parquet) are known by their time of change and samples, where one is known.
 * Files of a hub are known by what it tells of them, and not read.
 */

import type { ByteSource } from "../../storage/byte-source.ts";
import { sha256, sha256OfPieces } from "../../storage/sha256.ts";

import { byPath } from "../rows/entry.ts";
import type { FirstRows, InputFile } from "../rows/read-rows.ts";
import type { RecordOptions } from "../rows/record.ts";
import { datasetIdOf } from "./manifest.ts";

const WHOLE_BYTES = 32 * 2 ** 20;
/** Bytes in memory at a time. */
const PIECE_BYTES = 8 * 2 ** 20;
const SAMPLES = 64;
const SAMPLE_BYTES = 65_536;

/** The id of `files`, read as `reading` says, whatever they are prepared for. `onFile`: before each file, with its path. */
export async function filesIdentity(
  files: readonly InputFile[],
  reading: RecordOptions = {},
  first?: FirstRows,
  onFile: (path: string) => void = () => {},
): Promise<string> {
  // The number grows when the reader makes other rows of the same files: what an older one prepared is not taken for them.
  const parts = ["reader 7"];
  const said = readingKey(reading);
  if (said !== "") parts.push(said);
  if (first) parts.push(`first ${first.rows}`);
  for (const file of files.toSorted(byPath)) {
    onFile(file.path);
    parts.push(file.path, String(file.blob.size), await contentOf(file));
  }
  return datasetIdOf(parts);
}

/** The id of those files prepared under `preparationId`. */
export const preparedIdentity = (filesId: string, preparationId: string): Promise<string> =>
  datasetIdOf([filesId, preparationId]);

/** The same words for the same reading; "" for none. */
function readingKey({ mapping = {}, ...rest }: RecordOptions): string {
  const said = Object.entries({ ...mapping, ...rest }).filter(([, value]) => value !== undefined && value !== "");
  return said.length === 0 ? "" : `reading ${JSON.stringify(said.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

async function contentOf({ blob, identity, lastModified = changeOf(blob) }: InputFile): Promise<string> {
  if (identity !== undefined) return `known ${identity}`;
  if (blob.size <= WHOLE_BYTES || lastModified === undefined) {
    const pieces = Math.max(1, Math.ceil(blob.size / PIECE_BYTES));
    return hashOf(blob, PIECE_BYTES, pieces, (n) => n * PIECE_BYTES);
  }
  const last = blob.size - SAMPLE_BYTES;
  const samples = await hashOf(blob, SAMPLE_BYTES, SAMPLES, (n) => Math.round((n * last) / (SAMPLES - 1)));
  return `${lastModified} ${samples}`;
}

/** A File of the page knows when it was changed, a plain Blob does not. */
function changeOf(blob: ByteSource): number | undefined {
  return "lastModified" in blob ? (blob as File).lastModified : undefined;
}

/** Of `count` pieces of `length` bytes, the n-th of them at `start(n)`. */
async function hashOf(blob: ByteSource, length: number, count: number, start: (n: number) => number): Promise<string> {
  const hashes: string[] = [];
  for (let n = 0; n < count; n++) {
    const piece = blob.slice(start(n), start(n) + length);
    hashes.push(await sha256(new Uint8Array(await piece.arrayBuffer())));
  }
  return hashes.length === 1 ? hashes[0]! : sha256OfPieces(hashes);
}
