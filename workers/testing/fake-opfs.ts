/** A stand-in for the origin private file system in tests: in memory, with its locks, its rename and its quota. */

export interface FakeOpfs {
  root: FileSystemDirectoryHandle;
  /** Bytes that one file may hold, and how the browser tells that there is no room. */
  quota: { bytes: number; how: "throws" | "writes short" | "writes -8" } | undefined;
  /** What the end of a worker does to its access handles. */
  killWriters(): void;
  namesIn(directory: string): string[];
}

/** An empty file system. */
export function fakeOpfs(): FakeOpfs {
  const directories = new Map<string, Map<string, Uint8Array>>();
  let locks = new Set<string>();

  function fileHandle(files: Map<string, Uint8Array>, directory: string, name: string) {
    const lock = `${directory}/${name}`;
    return {
      kind: "file",
      getFile: async () => new Blob([files.get(name)! as Uint8Array<ArrayBuffer>]),
      name,
      async createSyncAccessHandle({ mode = "readwrite" }: { mode?: "readwrite" | "read-only" } = {}) {
        if (locks.has(lock)) throw new DOMException("in use", "NoModificationAllowedError");
        if (mode === "read-only") {
          return {
            read(into: Uint8Array, { at }: { at: number }) {
              const part = files.get(name)!.subarray(at, at + into.length);
              into.set(part);
              return part.length;
            },
            close: () => undefined,
          };
        }
        locks.add(lock);
        return {
          write(data: Uint8Array, { at }: { at: number }) {
            let end = at + data.length;
            if (fake.quota && end > fake.quota.bytes) {
              if (fake.quota.how === "throws") throw new DOMException("full", "QuotaExceededError");
              if (fake.quota.how === "writes -8") return 2 ** 32 - 8;
              end = Math.max(at, fake.quota.bytes);
            }
            const grown = new Uint8Array(Math.max(end, files.get(name)!.length));
            grown.set(files.get(name)!);
            grown.set(data.subarray(0, end - at), at);
            files.set(name, grown);
            return end - at;
          },
          flush: () => undefined,
          close: () => locks.delete(lock),
        };
      },
      async move(newName: string) {
        if (locks.has(lock)) throw new DOMException("in use", "NoModificationAllowedError");
        files.set(newName, files.get(name)!);
        files.delete(name);
      },
    };
  }

  function directoryHandle(directory: string, files: Map<string, Uint8Array>) {
    return {
      async getFileHandle(name: string, options?: { create?: boolean }) {
        if (!files.has(name)) {
          if (!options?.create) throw new DOMException("no such file", "NotFoundError");
          files.set(name, new Uint8Array());
        }
        return fileHandle(files, directory, name);
      },
      async removeEntry(name: string) {
        if (locks.has(`${directory}/${name}`)) throw new DOMException("in use", "NoModificationAllowedError");
        if (!files.delete(name)) throw new DOMException("no such file", "NotFoundError");
      },
      async *keys() {
        yield* [...files.keys()];
      },
      async *entries() {
        for (const name of [...files.keys()]) yield [name, fileHandle(files, directory, name)];
      },
    };
  }

  const fake: FakeOpfs = {
    root: {
      async getDirectoryHandle(name: string, options?: { create?: boolean }) {
        if (!directories.has(name)) {
          if (!options?.create) throw new DOMException("no such directory", "NotFoundError");
          if (fake.quota?.bytes === 0) throw new DOMException("full", "QuotaExceededError");
          directories.set(name, new Map());
        }
        return directoryHandle(name, directories.get(name)!);
      },
    } as unknown as FileSystemDirectoryHandle,
    quota: undefined,
    killWriters() {
      locks = new Set();
    },
    namesIn: (directory) => [...(directories.get(directory)?.keys() ?? [])],
  };
  return fake;
}
