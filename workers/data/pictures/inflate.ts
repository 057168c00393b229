/** zlib inflate with a hard limit, by the platform's DecompressionStream: a file that unpacks to more than it should is not read on. */
import { badImage } from "./probe.ts";

/**
 * @param parts the zlib stream in pieces
 * @param length how many bytes it must give; reading stops there
 * @throws TabTuneError "bad-image" when the stream is damaged or gives fewer
 */
export async function inflateExactly(parts: Uint8Array<ArrayBuffer>[], length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let filled = 0;
  try {
    while (filled < length) {
      const { value, done } = await reader.read();
      if (done) break;
      const piece = value.subarray(0, length - filled);
      out.set(piece, filled);
      filled += piece.length;
    }
  } catch (error) {
    throw badImage("has damaged compressed data", error);
  }
  if (filled < length) throw badImage(`holds only ${filled} of ${length} bytes of picture data`);
  await reader.cancel();
  return out;
}
