/** Files of a cache that know when they were damaged: the bytes, then the 64 letters of their SHA-256. */
import type { RangeReader } from "./range-reader.ts";
import { PIECE_BYTES, sha256, sha256InPieces, sha256OfPieces } from "./sha256.ts";

export const HASH_BYTES = 64;

/** `bytes` with their hash behind them. */
export async function withHash(bytes: Uint8Array): Promise<Uint8Array> {
  const file = new Uint8Array(bytes.length + HASH_BYTES);
  file.set(bytes);
  file.set(new TextEncoder().encode(await sha256InPieces(bytes)), bytes.length);
  return file;
}

/** The bytes of such a file without their hash; undefined where one has changed. */
export async function readHashed(reader: RangeReader): Promise<Uint8Array | undefined> {
  const size = reader.size - HASH_BYTES;
  if (size < 0) return undefined;
  const file = await reader.read(0, reader.size);
  const hash = new TextDecoder().decode(file.subarray(size));
  return (await sha256InPieces(file.subarray(0, size))) === hash ? file.subarray(0, size) : undefined;
}

/** The same piece by piece, for files that are not to lie in memory whole: only the end, true or false, says whether they are what was written. */
export async function* piecesOfHashed(reader: RangeReader): AsyncGenerator<Uint8Array, boolean> {
  const size = reader.size - HASH_BYTES;
  if (size < 0) return false;
  const hashes: string[] = [];
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const piece = await reader.read(at, Math.min(size, at + PIECE_BYTES));
    hashes.push(await sha256(piece));
    yield piece;
  }
  const hash = new TextDecoder().decode(await reader.read(size, reader.size));
  return (await sha256OfPieces(hashes)) === hash;
}
