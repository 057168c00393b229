/** Files into a folder that a person picked. */
import type { MergeTarget } from "../adapter/merge.ts";
import type { FileWriter } from "../storage/file-cache.ts";
import { insidePath } from "../storage/inside-path.ts";
import { orStorageFull } from "../storage/store.ts";

/**
 * Files appear under their names when they are whole: the browser writes to a swap file until then. Where `write` fails, files that were
 * not there before go again, whole ones too: some of a model's files are no model. What they took the place of is gone.
 */
export async function intoFolder(
  folder: FileSystemDirectoryHandle,
  write: (target: MergeTarget) => Promise<void>,
): Promise<void> {
  const made: { place: FileSystemDirectoryHandle; name: string }[] = [];
  try {
    await write({ create: (path) => writerIn(folder, path, made) });
  } catch (error) {
    for (const { place, name } of made) await place.removeEntry(name);
    throw error;
  }
}

async function writerIn(
  folder: FileSystemDirectoryHandle,
  path: string,
  made: { place: FileSystemDirectoryHandle; name: string }[],
): Promise<FileWriter> {
  const parts = insidePath(path).split("/");
  const name = parts.at(-1)!;
  let place = folder;
  for (const part of parts.slice(0, -1)) place = await place.getDirectoryHandle(part, { create: true });
  const isNew = !(await exists(place, name));
  const handle = await place.getFileHandle(name, { create: true });
  if (isNew) made.push({ place, name });
  const stream = await handle.createWritable();
  let ended = false;
  return {
    write: (bytes) => orStorageFull(path, () => stream.write(bytes as Uint8Array<ArrayBuffer>)),
    commit: () =>
      orStorageFull(path, async () => {
        await stream.close();
        ended = true;
      }),
    async abort() {
      if (ended) return;
      ended = true;
      await stream.abort();
    },
  };
}

async function exists(place: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await place.getFileHandle(name);
    return true;
  } catch (error) {
    if ((error as DOMException).name === "NotFoundError") return false;
    throw error;
  }
}
