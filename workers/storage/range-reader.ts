/** Random access to bytes that may be anywhere: memory, a dropped file, OPFS, a directory, a server. */

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
export function readerOfBlob(blob: Blob): RangeReader {
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

/** Throws unless 0 <= start <= end <= size: a wrong range is our mistake, not the user's. */
export function checkRange(start: number, end: number, size: number): void {
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size)) {
    throw new RangeError(`Bytes ${start} to ${end} were asked of ${size}.`);
  }
}
