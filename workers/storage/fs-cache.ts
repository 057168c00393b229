/** The file cache in a directory, for headless runs; several processes may share it. */
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileCache } from "./file-cache.ts";
import { makeDirectory } from "./fs-directory.ts";
import { readerOfFile } from "./fs-reader.ts";
import { keyOfSafeName, safeName } from "./safe-name.ts";
import { orStorageFull } from "./store.ts";

/** Unlike OPFS, a directory locks nothing: a part is taken for abandoned after a day. */
const abandonedAfterMs = 24 * 3600 * 1000;

/** Opens (or creates) the cache in `directory`. */
export async function openFsCache(directory: string): Promise<FileCache> {
  await makeDirectory(directory);
  for (const name of await readdir(directory)) {
    if (!name.endsWith(".part")) continue;
    const { mtimeMs } = await stat(join(directory, name));
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(join(directory, name), { force: true });
  }
  const place = (name: string) => join(directory, safeName(name));
  return {
    open: (name) => readerOfFile(place(name)),
    async create(name) {
      const part = `${place(name)}.${crypto.randomUUID()}.part`;
      const handle = await open(part, "wx");
      const what = `the cached file "${name}"`;
      let ended = false;
      return {
        write: (bytes) => orStorageFull(what, () => writeAll(handle, bytes)),
        commit: () =>
          orStorageFull(what, async () => {
            await handle.sync();
            await handle.close();
            await rename(part, place(name));
            ended = true;
          }),
        async abort() {
          if (ended) return;
          ended = true;
          await handle.close();
          await rm(part);
        },
      };
    },
    async list(prefix = "") {
      const names = (await readdir(directory)).filter(
        (name) => !name.endsWith(".part") && name.startsWith(prefix === "" ? "" : safeName(prefix)),
      );
      const files = await Promise.all(
        names.flatMap((file) => {
          const name = keyOfSafeName(file);
          return name === undefined ? [] : [stat(join(directory, file)).then(({ size: bytes }) => ({ name, bytes }))];
        }),
      );
      return files.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async delete(name) {
      await rm(place(name), { force: true });
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await handle.write(bytes, done, bytes.byteLength - done)).bytesWritten;
  }
}
