/** Random access to a file on Node. The file is opened for each read, so that there is nothing to close. */
import { open, stat } from "node:fs/promises";
import { type RangeReader, readWhole } from "./range-reader.ts";

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
      const handle = await open(path, "r");
      try {
        return await readWhole({ name: path, size, start, end }, async (into, at) => {
          const { bytesRead } = await handle.read(into, 0, into.byteLength, at);
          return bytesRead;
        });
      } finally {
        await handle.close();
      }
    },
  };
}
