/**
 * Large files that can be made again: quantised weights. They lie in the origin's private file system (opfs.ts), which reads
 * about eight times as fast as IndexedDB, or in a directory (fs-cache.ts). A name appears only when its file is whole: bytes go
 * to "<name>.<random>.part", are flushed, and the part is renamed; parts of killed writers are swept when the cache is opened.
 */
import type { RangeReader } from "./range-reader.ts";

export interface FileWriter {
  /** Appends. Throws TabTuneError "storage-full" when there is no room. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file appear under its name, replacing an older one. */
  commit(): Promise<void>;
  /** Drops what was written; harmless after `commit` and when repeated. */
  abort(): Promise<void>;
}

export interface FileCache {
  /** A reader of the whole file, or undefined when there is none of that name. */
  open(name: string): Promise<RangeReader | undefined>;
  create(name: string): Promise<FileWriter>;
  /** Whole files only, by name; `prefix` leaves out those that begin otherwise. */
  list(prefix?: string): Promise<{ name: string; bytes: number }[]>;
  /** Removes a file; harmless when there is none. */
  delete(name: string): Promise<void>;
}

/** Bytes by folder: by the first part of the names. */
export async function bytesByFolder(cache: FileCache): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { name, bytes } of await cache.list()) {
    const folder = name.split("/")[0]!;
    sizes.set(folder, (sizes.get(folder) ?? 0) + bytes);
  }
  return sizes;
}
