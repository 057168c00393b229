/** Random access to a file on Node. The file is opened for each read, so that there is nothing to close. */
import { open, stat } from "node:fs/promises";
import { checkRange, type RangeReader } from "./range-reader.ts";

/** A reader of the file at `path`, or undefined when there is no such file. */
export async function readerOfFile(path: string): Promise<RangeReader | undefined> {
  let size: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) return undefined;
    size = found.size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return {
    size,
    async read(start, end) {
      checkRange(start, end, size);
      const bytes = new Uint8Array(end - start);
      const handle = await open(path, "r");
      try {
        for (let done = 0; done < bytes.byteLength; ) {
          const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, start + done);
          if (bytesRead === 0) throw new Error(`${path} became shorter while it was read.`);
          done += bytesRead;
        }
      } finally {
        await handle.close();
      }
      return bytes;
    },
  };
}
