/** One file of a drop, wherever it lies: on disk or inside an archive. Nothing is read before it is asked for. */
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { RowProblem } from "./problem.ts";

export interface Entry {
  /** "/" separated; an entry of an archive has the archive's path in front: "set.zip/images/1.jpg". */
  path: string;
  /** Unpacked bytes. */
  size: number;
  /** The archive's path, and whether the order inside it means something (a tar is a sequence of samples). */
  archive?: { path: string; kind: "zip" | "tar" };
  stream(): ReadableStream<Uint8Array>;
  /** Random access (Parquet needs it); a zip entry is unpacked for it. */
  blob(): Promise<ByteSource>;
}

/** An entry or dropped file that is left out, with the reason for the user. */
export interface LeftOut {
  path: string;
  problem: RowProblem;
}

export function blobEntry(path: string, blob: ByteSource, archive?: Entry["archive"]): Entry {
  return { path, size: blob.size, archive, stream: () => blob.stream(), blob: async () => blob };
}

/**
 * The name of an archive entry as a clean relative path.
 * Throws a RowProblem "unsafe-name" for absolute paths, drive letters, "..", control characters and endless names:
 * we never write to disk, but such an entry could shadow a file of the same name and no honest archive has one.
 */
export function safeName(name: string): string {
  const path = name.replaceAll("\\", "/");
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const hostile = /^\/|^[a-zA-Z]:|[\u0000-\u001f\u007f]/.test(path) || segments.includes("..");
  if (hostile || segments.length === 0 || path.length > 1024) {
    throw new RowProblem(
      "unsafe-name",
      `The archive entry ${JSON.stringify(name.slice(0, 80))} has an unsafe name and is left out.`,
    );
  }
  return segments.join("/");
}

/** The refusal of an archive with which the drop passes `DatasetLimits.archiveEntries`. */
export function tooManyEntries(path: string): TabTuneError {
  return new TabTuneError("bad-dataset", `${path} has too many entries.`, "Drop the unpacked folder, or a part of it.");
}

/** Folder part of a path, "" at the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Lower-case extension without the dot, "" if there is none. */
export function extensionOf(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** Entries of one key together, in their order. */
export function grouped(entries: readonly Entry[], key: (entry: Entry) => string): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = key(entry);
    const same = groups.get(name);
    if (same === undefined) groups.set(name, [entry]);
    else same.push(entry);
  }
  return groups;
}

/** Order by UTF-16 code units: the same on every machine, unlike localeCompare. */
export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
