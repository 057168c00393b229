/**
 * The one key-value store that shards, checkpoints and run records are written to. Three implementations share one conformance
 * test: IndexedDB in the browser (idb.ts), a directory on Node (fs.ts), a Map in tests (memory.ts).
 */
import { TabTuneError } from "../errors.ts";

/** "strict" waits until the bytes are on the disk; "relaxed" survives a killed process but not a power cut. */
export type Durability = "strict" | "relaxed";

export interface Store {
  /** The bytes last written under `key`, as a copy of the caller's own, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Writes every entry or none. Resolves when the write is complete; throws TabTuneError "storage-full" when there is no room. */
  set(entries: [string, Uint8Array][], durability: Durability): Promise<void>;
  /** Removes every key or none; keys that are not there are ignored. */
  delete(keys: string[]): Promise<void>;
  /** All keys that start with `prefix`, in the order of their UTF-16 code units. */
  keys(prefix: string): Promise<string[]>;
  /** Ends the connection; every later call throws. */
  close(): void;
}

/** The error for a full disk or quota; `what` names the thing that was being written. */
export function storageFull(what: string, cause: unknown): TabTuneError {
  return new TabTuneError(
    "storage-full",
    `There is no room left to write ${what}.`,
    "Delete old runs or cached models, or free disk space, then try again.",
    "The last complete checkpoint is kept.",
    { cause },
  );
}

/** True for the errors by which browsers and Node say that a quota or a disk is full. */
function isFull(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "QuotaExceededError" || code === "ENOSPC" || code === "EDQUOT";
}

/** Runs `write`; a full disk or quota becomes "storage-full", any other error stays itself. */
export async function orStorageFull<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw isFull(error) ? storageFull(what, error) : error;
  }
}

/** The error of every call after `close()`. */
export function storeClosed(): TabTuneError {
  return new TabTuneError("internal", "The store was used after it was closed.", "Open the run again.");
}

/** What a failed `set` was about, for its message: "checkpoint/7 and 3 more (12 MB)". */
export function describeEntries(entries: [string, Uint8Array][]): string {
  const bytes = entries.reduce((sum, [, value]) => sum + value.byteLength, 0);
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : "";
  return `"${entries[0]?.[0] ?? ""}"${more} (${(bytes / 1e6).toFixed(1)} MB)`;
}
