/** Byte streams: reading in chunks, collecting under a bound, strict UTF-8. */
import { formatBytes } from "./limits.ts";
import { type ProblemReason, RowProblem } from "./problem.ts";

/** Chunks of a stream in order; cancels it when the caller stops early. (Not every browser iterates streams itself.) */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let done = false;
  try {
    while (true) {
      const step = await reader.read();
      if (step.done) {
        done = true;
        return;
      }
      if (step.value.length > 0) yield step.value;
    }
  } finally {
    if (!done) await reader.cancel().catch(() => undefined); // the stream's own error, if any, is already on its way up
    reader.releaseLock();
  }
}

/** A whole stream as one array; throws a RowProblem with `reason` as soon as it passes `limit` bytes. */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  what: string,
  reason: ProblemReason,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(stream)) {
    length += chunk.length;
    if (length > limit) throw new RowProblem(reason, `${what} has more than ${formatBytes(limit)}.`);
    chunks.push(chunk);
  }
  return concat(chunks, length);
}

export function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** Strict UTF-8; a RowProblem "bad-text" otherwise. A byte order mark is text here: `withoutBom` removes the one at the start of a file. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (error) {
    throw new RowProblem("bad-text", "The text is not valid UTF-8; save the file as UTF-8.", { cause: error });
  }
}

/** Text for an excerpt: broken bytes become U+FFFD. */
export function decodeLoosely(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** The first chunk of a text file without its UTF-8 byte order mark; throws a RowProblem "bad-text" on a UTF-16 mark. */
export function withoutBom(first: Uint8Array): Uint8Array {
  if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) return first.subarray(3);
  if ((first[0] === 0xff && first[1] === 0xfe) || (first[0] === 0xfe && first[1] === 0xff)) {
    throw new RowProblem("bad-text", "the text is UTF-16; save it as UTF-8");
  }
  return first;
}

/** A stream's chunks with the byte order mark taken off the start, however the stream is cut. */
export async function* textChunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of chunksOf(stream)) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = head.length === 0 ? chunk : concat([head, chunk], head.length + chunk.length);
    if (head.length < 3) continue;
    const rest = withoutBom(head);
    head = undefined;
    if (rest.length > 0) yield rest;
  }
  if (head !== undefined && head.length > 0) yield withoutBom(head);
}
