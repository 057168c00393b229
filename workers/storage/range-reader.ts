/** Random access to bytes that may be anywhere: memory, a dropped file, OPFS, a directory, a server. */
import type { ByteSource } from "./byte-source.ts";

export interface RangeReader {
  /** Length in bytes. */
  size: number;
  /** Bytes [start, end), exactly end - start of them, as an array of its own; throws when they are not there. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Reads from memory, by copy. */
export function readerOfBytes(bytes: Uint8Array): RangeReader {
  return {
    size: bytes.byteLength,
    async read(start, end) {
      checkRange(start, end, bytes.byteLength);
      return bytes.slice(start, end);
    },
  };
}

/** Reads from a Blob or File, slice by slice. */
export function readerOfBlob(blob: ByteSource): RangeReader {
  return {
    size: blob.size,
    async read(start, end) {
      checkRange(start, end, blob.size);
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    },
  };
}

/**
 * Bytes [start, end) of a file of `size` bytes, by a `read` that may give fewer than it was asked for. Throws an Error where the file
 * `name` has become shorter, and as `checkRange`.
 */
export async function readWhole(
  { name, size, start, end }: { name: string; size: number; start: number; end: number },
  read: (into: Uint8Array<ArrayBuffer>, at: number) => number | Promise<number>,
): Promise<Uint8Array> {
  checkRange(start, end, size);
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.byteLength; ) {
    const count = await read(bytes.subarray(done), start + done);
    if (count === 0) throw new Error(`${name} became shorter while it was read.`);
    done += count;
  }
  return bytes;
}

/** Bytes of a stream that are read at a time. */
const PIECE_BYTES = 2 ** 20;

/** The bytes [from, to) of what `reader` reads; errors are the reader's. */
export function sourceOfReader(reader: RangeReader, from = 0, to = reader.size): ByteSource {
  const size = to - from;
  const place = (at: number): number => (at < 0 ? Math.max(0, size + at) : Math.min(at, size));
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
    (await reader.read(start, end)) as Uint8Array<ArrayBuffer>;
  return {
    size,
    slice(start = 0, end = size) {
      const first = place(start);
      return sourceOfReader(reader, from + first, from + Math.max(first, place(end)));
    },
    async arrayBuffer() {
      const { buffer, byteOffset, byteLength } = await read(from, to);
      return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
    },
    stream() {
      let at = from;
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          if (at === to) return controller.close();
          const end = Math.min(to, at + PIECE_BYTES);
          controller.enqueue(await read(at, end));
          at = end;
        },
      });
    },
  };
}

/** Throws unless 0 <= start <= end <= size: a wrong range is our mistake, not the user's. */
export function checkRange(start: number, end: number, size: number): void {
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size)) {
    throw new RangeError(`Bytes ${start} to ${end} were asked of ${size}.`);
  }
}
