/** A drop as a flat list of entries: archives are opened one level deep, junk and closed archives are left out. */
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { archiveKind, isJunk, sniff } from "./detect.ts";
import { blobEntry, byPath, type Entry, extensionOf, type LeftOut } from "./entry.ts";
import { gunzip } from "./gunzip.ts";
import type { ArchiveBudget, DatasetLimits } from "./limits.ts";
import { RowProblem } from "./problem.ts";
import { tarEntries } from "./tar.ts";
import { zipEntries } from "./zip.ts";

export interface InputFile {
  /** Relative to the dropped root, "/" separated. */
  path: string;
  blob: ByteSource;
  /** Milliseconds since 1970; a File has its own. */
  lastModified?: number;
  /** Not given by name: it lies beside the table that was, in case the rows name it. */
  beside?: boolean;
  /** What stands for the content where it is known without reading it: a hash, or an address that never changes what it has. */
  identity?: string;
}

/**
 * Every file of the drop sorted by path, entries of an archive in their own order, and what was guessed of their names.
 * Throws TabTuneError "bad-dataset" for unreadable archives, exceeded limits, and two dropped files of one path.
 */
export async function unpackedEntries(
  files: readonly InputFile[],
  limits: DatasetLimits,
): Promise<{ entries: Entry[]; leftOut: LeftOut[]; notes: string[] }> {
  const notes: string[] = [];
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [];
  const budget: ArchiveBudget = { entries: limits.archiveEntries, unpackedBytes: limits.unpackedBytes };
  const dropped = files
    .map((file) => ({ ...file, path: file.path.replaceAll("\\", "/").replace(/^(\.?\/)+/, "") }))
    .sort(byPath);
  const taken = new Set<string>();

  const add = (entry: Entry) => {
    if (isJunk(entry.path)) return;
    const nested = entry.archive !== undefined && archiveKind(entry.path) !== undefined;
    if (nested || archiveKind(entry.path) === "unsupported")
      leftOut.push({ path: entry.path, problem: closedArchive(entry.path, nested) });
    else if (taken.has(entry.path)) {
      const message = `${entry.path} is there twice; the first one is used.`;
      leftOut.push({ path: entry.path, problem: new RowProblem("duplicate-name", message) });
    } else {
      taken.add(entry.path);
      entries.push(entry);
    }
  };

  for (const [i, { path: given, blob }] of dropped.entries()) {
    if (given === dropped[i - 1]?.path) {
      throw new TabTuneError(
        "bad-dataset",
        `Two of the dropped files have the path ${given}.`,
        "Drop the folder that holds both, or rename one of them.",
      );
    }
    const path = await namedByContent(given, blob);
    const kind = isJunk(path) ? undefined : archiveKind(path);
    if (kind === "zip" || kind === "tar" || kind === "tar.gz") {
      const opened =
        kind === "zip"
          ? await zipEntries(path, blob, limits, budget)
          : {
              ...(await tarEntries(path, kind === "tar" ? blob : await gunzip(path, blob, limits, budget), budget)),
              notes: [],
            };
      notes.push(...opened.notes);
      for (const left of opened.leftOut) leftOut.push(left); // may be too many for a spread
      for (const entry of opened.entries) add(entry);
    } else add(blobEntry(path, blob));
  }
  return { entries, leftOut, notes };
}

/** The path; a file without an extension gets the one that its first bytes ask for. */
async function namedByContent(path: string, blob: ByteSource): Promise<string> {
  if (extensionOf(path) !== "" || isJunk(path)) return path;
  const extension = sniff(new Uint8Array(await blob.slice(0, 512).arrayBuffer()));
  return extension === "" ? path : `${path}.${extension}`;
}

function closedArchive(path: string, nested: boolean): RowProblem {
  return nested
    ? new RowProblem("nested-archive", `${path} is an archive inside an archive and is left out; unpack it first.`)
    : new RowProblem(
        "unsupported-archive",
        `${path} is packed in a way that is not read here and is left out; unpack it first.`,
      );
}
