/** SHA-256 through the platform's own crypto.subtle: about 1 GB/s, but whole buffers only, which it copies. */
import { TabTuneError } from "../errors.ts";

/** The SHA-256 of `bytes` as 64 lower-case hexadecimal digits. Throws where the page is not a secure context (plain http). */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new TabTuneError(
      "internal",
      "This page is not served securely, so the browser offers no SHA-256 to check stored data with.",
      "Open the page over https or on localhost.",
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One hash of many bytes that never lie in one buffer: the SHA-256 of the SHA-256s of their pieces, as text. */
export const sha256OfPieces = (hashes: string[]): Promise<string> => sha256(new TextEncoder().encode(hashes.join("")));

/** What is hashed at a time of many bytes: raising it would make all hashes others. */
export const PIECE_BYTES = 2 ** 25;

/** `sha256OfPieces` of `bytes`, 32 MiB a piece: no larger copy is made. */
export async function sha256InPieces(bytes: Uint8Array): Promise<string> {
  const hashes: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    hashes.push(await sha256(bytes.subarray(at, at + PIECE_BYTES)));
  }
  return sha256OfPieces(hashes);
}
