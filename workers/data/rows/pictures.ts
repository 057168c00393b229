/**
 * From what a record calls its picture to the bytes: a path looked up among the entries of the drop, a data: URI, or
 * bytes that lie in the record itself (Parquet). Paths come from other machines, so the look-up is forgiving in steps,
 * and each step must name one file only: the path as written (from the table's folder, then from the root), the same
 * without regard to case, a file whose path ends so (or whose path is the end of the wanted one), the bare name.
 */
import { TabTuneError } from "../../errors.ts";
import { collect } from "./bytes.ts";
import { baseName, type Entry } from "./entry.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { ImageRef } from "./row.ts";

/** A picture whose bytes lie in the record. No JSON can forge one: it has a function. */
export interface EmbeddedPicture {
  /** For messages: "train.parquet row 7". */
  path: string;
  size: number;
  bytes(): Promise<Uint8Array>;
}

/** A path or data: URI, or the bytes themselves. */
export type PictureSource = string | EmbeddedPicture;

export function isEmbedded(value: unknown): value is EmbeddedPicture {
  return typeof value === "object" && value !== null && "bytes" in value && typeof value.bytes === "function";
}

export interface PictureIndex {
  /** Finds a picture for a table that lies in `folder`; throws a RowProblem "missing-picture". */
  find(wanted: string, folder: string): Entry;
  /** How many were found only by the end of their path or by their name. */
  foundByName(): number;
  /** How many different files were found. */
  used(): number;
}

const fold = (path: string) => path.normalize("NFC").toLowerCase();

function group(entries: readonly Entry[], key: (entry: Entry) => string): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = key(entry);
    const same = groups.get(name);
    if (same === undefined) groups.set(name, [entry]);
    else same.push(entry);
  }
  return groups;
}

/** "./a/../b\c.jpg" as "b/c.jpg"; ".." above the root is dropped. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll("\\", "/").split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept.join("/");
}

export function pictureIndex(entries: readonly Entry[]): PictureIndex {
  const exact = new Map(entries.map((entry) => [entry.path, entry]));
  const folded = group(entries, (entry) => fold(entry.path));
  const named = group(entries, (entry) => fold(baseName(entry.path)));
  let byName = 0;
  const found = new Set<Entry>();

  function find(wanted: string, folder: string): Entry {
    const entry = lookUp(wanted, folder);
    found.add(entry);
    return entry;
  }

  function lookUp(wanted: string, folder: string): Entry {
    const path = cleanPath(wanted);
    const candidates = [cleanPath(`${folder}/${wanted}`), path];
    for (const candidate of candidates) {
      const entry = exact.get(candidate);
      if (entry !== undefined) return entry;
    }
    for (const candidate of candidates) {
      const same = folded.get(fold(candidate));
      if (same?.length === 1) return same[0]!;
    }
    const sameName = named.get(fold(baseName(path))) ?? [];
    const key = `/${fold(path)}`;
    const sameEnd = sameName.filter((entry) => {
      const own = `/${fold(entry.path)}`;
      return own.endsWith(key) || key.endsWith(own);
    });
    const only = sameEnd.length === 1 ? sameEnd[0] : sameName.length === 1 ? sameName[0] : undefined;
    if (only !== undefined) {
      byName += 1;
      return only;
    }
    const why =
      sameName.length > 1 ? `is not unique: ${sameName.length} files have this name` : "is not among the dropped files";
    throw new RowProblem(
      "missing-picture",
      `The picture "${wanted.slice(0, 200)}" ${why}; drop it with the data under the path that the row names.`,
    );
  }
  return { find, foundByName: () => byName, used: () => found.size };
}

/** The picture of `source` as an ImageRef; throws RowProblems "missing-picture", "picture-too-large", "broken-picture". */
export function imageRef(source: PictureSource, folder: string, index: PictureIndex, limits: DatasetLimits): ImageRef {
  if (typeof source !== "string") return bounded(source.path, source.size, source.bytes, limits);
  if (/^data:/i.test(source)) return dataUri(source, limits);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source) && !/^file:/i.test(source)) {
    throw new RowProblem(
      "missing-picture",
      `The picture ${source.slice(0, 100)} is on the web; drop the picture itself with the data.`,
    );
  }
  const entry = index.find(source.replace(/^file:\/\//i, ""), folder);
  const read = () => collect(entry.stream(), limits.pictureBytes, entry.path, "picture-too-large");
  return { ...bounded(entry.path, entry.size, read, limits), file: entry.path };
}

function bounded(path: string, size: number, bytes: () => Promise<Uint8Array>, limits: DatasetLimits): ImageRef {
  if (size === 0) throw new RowProblem("broken-picture", `The picture ${path} is an empty file.`);
  if (size > limits.pictureBytes) {
    throw new RowProblem(
      "picture-too-large",
      `The picture ${path} has ${formatBytes(size)}; at most ${formatBytes(limits.pictureBytes)} are read.`,
    );
  }
  // Rows are long out of the generator when their pictures are read: from here on errors are for the user.
  const read = async () => {
    try {
      return await bytes();
    } catch (error) {
      throw new TabTuneError(
        "bad-image",
        `The picture ${path} cannot be read: ${wordsOf(error).replace(/\.$/, "")}.`,
        "Check the file, or drop the data again if it has moved.",
        "",
        { cause: error },
      );
    }
  };
  return { path, bytes: read };
}

function dataUri(uri: string, limits: DatasetLimits): ImageRef {
  const comma = uri.indexOf(",");
  const path = comma < 0 ? "data:" : uri.slice(0, Math.min(comma, 60));
  if (comma < 0 || !/;base64$/i.test(uri.slice(0, comma))) {
    throw new RowProblem("broken-picture", "A data: picture must be written in base64.");
  }
  const decode = async () => Uint8Array.from(atob(uri.slice(comma + 1)), (char) => char.charCodeAt(0));
  return bounded(path, Math.floor(((uri.length - comma - 1) * 3) / 4), decode, limits);
}
