/**
 * The file cache in the origin private file system. Dedicated workers only: writing goes through a synchronous access handle,
 * which writes in place and flushes (WHATWG File System), so the atomic step is the rename.
 */
import type { FileCache } from "./file-cache.ts";
import { type RangeReader, readWhole } from "./range-reader.ts";
import { keyOfSafeName, safeName } from "./safe-name.ts";
import { orStorageFull } from "./store.ts";

/** In Chromium, but not in TypeScript's library yet. */
interface OpfsFile extends FileSystemFileHandle {
  move(name: string): Promise<void>;
  createSyncAccessHandle(options?: { mode: "readwrite" | "read-only" }): Promise<FileSystemSyncAccessHandle>;
}

/**
 * Opens the cache `directory` at the root of the origin's file system; `root` is for tests. The directory is made by the first
 * `create`: on a full disk even that fails, and a cache that is only read needs none.
 */
export async function openOpfsCache(directory: string, root?: FileSystemDirectoryHandle): Promise<FileCache> {
  const top = root ?? (await navigator.storage.getDirectory());
  let folder = await unlessNamed("NotFoundError", top.getDirectoryHandle(safeName(directory)));
  for await (const name of folder?.keys() ?? []) {
    if (isPart(name)) await removeUnlessInUse(folder!, name);
  }
  return {
    async open(name) {
      const handle = folder && (await unlessNamed("NotFoundError", folder.getFileHandle(safeName(name))));
      return handle && readerOfHandle(handle as OpfsFile);
    },
    async create(name) {
      const partName = `${safeName(name)}.${crypto.randomUUID()}.part`;
      const what = `the cached file "${name}"`;
      const [parent, part, access] = await orStorageFull(what, async () => {
        folder ??= await top.getDirectoryHandle(safeName(directory), { create: true });
        const handle = (await folder.getFileHandle(partName, { create: true })) as OpfsFile;
        return [folder, handle, await handle.createSyncAccessHandle()] as const;
      });
      let at = 0;
      let ended = false;
      return {
        write: (bytes) =>
          orStorageFull(what, async () => {
            for (let done = 0; done < bytes.byteLength; ) {
              const written = access.write(bytes.subarray(done) as Uint8Array<ArrayBuffer>, { at });
              // In private windows Chromium throws nothing: the count is its error code -8 as an unsigned number, 4294967288.
              if (written === 0 || written > bytes.byteLength - done) {
                throw new DOMException("The quota stopped a write.", "QuotaExceededError");
              }
              done += written;
              at += written;
            }
          }),
        commit: () =>
          orStorageFull(what, async () => {
            access.flush();
            access.close();
            await part.move(safeName(name));
            ended = true;
          }),
        async abort() {
          if (ended) return;
          ended = true;
          access.close();
          await parent.removeEntry(partName);
        },
      };
    },
    async list(prefix = "") {
      const start = prefix === "" ? "" : safeName(prefix);
      const files: { name: string; bytes: number }[] = [];
      for await (const [name, handle] of folder?.entries() ?? []) {
        const key = keyOfSafeName(name);
        if (key === undefined || isPart(name) || !name.startsWith(start) || handle.kind !== "file") continue;
        files.push({ name: key, bytes: (await (handle as FileSystemFileHandle).getFile()).size });
      }
      return files.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async delete(name) {
      if (folder) await unlessNamed("NotFoundError", folder.removeEntry(safeName(name)));
    },
  };
}

/**
 * Reads through an access handle, which is the file itself: a Blob's bytes come by way of the browser's process, at less
 * than half the speed. Opened for each read, so that there is nothing to close; tabs may read at the same time.
 */
async function readerOfHandle(handle: OpfsFile): Promise<RangeReader> {
  const { size } = await handle.getFile();
  return {
    size,
    async read(start, end) {
      const access = await handle.createSyncAccessHandle({ mode: "read-only" });
      try {
        return await readWhole({ name: handle.name, size, start, end }, (into, at) => access.read(into, { at }));
      } finally {
        access.close();
      }
    },
  };
}

/** Safe names hold no dot. */
function isPart(name: string): boolean {
  return name.endsWith(".part");
}

/** A part that another tab is writing is locked, and stays. */
async function removeUnlessInUse(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await unlessNamed("NoModificationAllowedError", folder.removeEntry(name));
}

/** The promise's value, or undefined when it rejects with a DOMException of this name. */
async function unlessNamed<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof DOMException && error.name === name) return undefined;
    throw error;
  }
}
