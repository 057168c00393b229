/**
 * The file of the drop that a row means by a path. Paths come from other machines, so the look-up is forgiving in steps, and each step
 * must name one file only: the path as written (from the table's folder, then from the root), the same without regard to case, with
 * its percent-encoding undone, a file whose path ends so (or whose path is the end of the wanted one), another extension in the same
 * place, and last the bare name. A wrong picture is worse than none: a bare name does not count where a folder says otherwise, and
 * no guess stands where another row means the same file by another path.
 */
import { counted } from "../../words.ts";
import { baseName, type Entry, folderOf, grouped } from "./entry.ts";
import { ANY_FOLDER } from "./folders.ts";
import { RowProblem } from "./problem.ts";
import { isPictureName } from "./sidecar.ts";

/** What had to be overlooked to find a file. */
type Repair = "encoding" | "end" | "extension" | "name";

interface Found {
  entry: Entry;
  repair?: Repair;
  /** Right only where no other row means the file by another path. */
  guess?: boolean;
}

export interface PictureIndex {
  /** Finds a picture for a table that lies in `folder`; throws a RowProblem "missing-picture". */
  find(wanted: string, folder: string): Entry;
  /** Whether `find` would guess: then the paths of all rows must be claimed first. */
  guesses(wanted: string, folder: string): boolean;
  /** Some row names a picture so. */
  claim(wanted: string, folder: string): void;
  /** A sentence for each way in which files were found that are not under the path that the rows name. */
  notes(): string[];
  /** How many different files were found. */
  used(): number;
}

const fold = (path: string) => path.normalize("NFC").toLowerCase();

const ENDS: [repair: Repair, one: string, many: string][] = [
  [
    "encoding",
    "was found with the percent-encoding of its path undone",
    "were found with the percent-encoding of their paths undone",
  ],
  [
    "end",
    "was not under the path that the rows name and found by the end of it",
    "were not under the paths that the rows name and found by the end of them",
  ],
  [
    "extension",
    "was found under another extension than the rows name",
    "were found under other extensions than the rows name",
  ],
  [
    "name",
    "was not under the path that the rows name and found by its name",
    "were not under the paths that the rows name and found by their names",
  ],
];

/** "./a/../b\c.jpg" as "b/c.jpg"; ".." above the root is dropped. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll("\\", "/").split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept.join("/");
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a percent sign that encodes nothing
  }
}

const endsWith = (path: string, end: string) => `/${path}`.endsWith(`/${end}`);
const agree = (a: string, b: string) => endsWith(a, b) || endsWith(b, a);
/** Without the extension of a picture; other names keep their dots. */
const stemOf = (path: string) => (isPictureName(path) ? path.slice(0, path.lastIndexOf(".")) : path);

/** "set.zip/1.jpg" as "set/1.jpg". */
const unpackedPath = ({ path, archive }: Entry) =>
  archive ? archive.path.replace(/\.(zip|tar|tgz|tar\.gz)$/i, "") + path.slice(archive.path.length) : path;

export function pictureIndex(entries: readonly Entry[]): PictureIndex {
  // A zip is also the folder that it would unpack to.
  const exact = new Map(entries.map((entry) => [unpackedPath(entry), entry]));
  for (const entry of entries) exact.set(entry.path, entry);
  const pictures = entries.filter(({ path }) => isPictureName(path));
  const folded = grouped(entries, (entry) => fold(entry.path));
  const named = grouped(entries, (entry) => fold(baseName(entry.path)));
  const stems = grouped(pictures, (entry) => fold(stemOf(baseName(entry.path))));
  const archives = new Set(entries.map((entry) => entry.archive?.path));
  archives.delete(undefined);
  const folders = new Set(pictures.map((entry) => fold(baseName(folderOf(entry.path)))));
  const found = new Set<Entry>();
  const repaired = new Map<Repair, Map<Entry, string>>();
  /** The path by which the rows mean a file; null where they do so by several. */
  const claims = new Map<Entry, string | null>();

  /** The one file whose path is `path` from the table's folder or the root, then without regard to case. */
  function inPlace(path: string, folder: string): Entry | undefined {
    const candidates = [cleanPath(`${folder}/${path}`), cleanPath(path)];
    for (const candidate of candidates) if (exact.has(candidate)) return exact.get(candidate);
    for (const candidate of candidates) {
      const same = folded.get(fold(candidate));
      if (same?.length === 1) return same[0];
    }
    return undefined;
  }

  /** The one file of `same` whose path and `path` are one the end of the other; a file in no folder agrees with every path, which says nothing. */
  function byEnd(path: string, same: readonly Entry[], of: (path: string) => string): Entry | undefined {
    const key = fold(path);
    const ends = same.filter(
      (entry) => agree(fold(of(entry.path)), key) && (entry.path.includes("/") || !path.includes("/")),
    );
    return ends.length === 1 ? ends[0] : undefined;
  }

  /** No folder on the way to the file says anything that the wanted path does not, and the wanted folder is not there without it. */
  function foldersAgree(entry: Entry, path: string, folder: string): boolean {
    const whole = entry.archive && archives.size === 1 ? entry.path.slice(entry.archive.path.length + 1) : entry.path;
    const inTable = folder !== "" && whole.startsWith(`${folder}/`) ? whole.slice(folder.length + 1) : whole;
    const own = folderOf(inTable);
    const wanted = fold(folderOf(path)).split("/");
    const silent = own === "" || own.split("/").every((name) => ANY_FOLDER.test(name) || wanted.includes(fold(name)));
    return silent && (wanted.at(-1) === "" || !folders.has(wanted.at(-1)!));
  }

  function lookUp(wanted: string, folder: string): Found | undefined {
    const forms = [...new Set([wanted, wanted.trim(), decoded(wanted.trim())])];
    for (const form of forms) {
      const entry = inPlace(form, folder);
      if (entry) return form.trim() === wanted.trim() ? { entry } : { entry, repair: "encoding" };
    }
    for (const form of forms) {
      const path = cleanPath(form);
      const entry = byEnd(path, named.get(fold(baseName(path))) ?? [], (own) => own);
      if (entry) return { entry, repair: "end", guess: !endsWith(fold(entry.path), fold(path)) };
    }
    for (const form of forms) {
      const stem = stemOf(cleanPath(form));
      const entry = byEnd(stem, stems.get(fold(baseName(stem))) ?? [], stemOf);
      if (entry) return { entry, repair: "extension", guess: true };
    }
    for (const form of forms) {
      const path = cleanPath(form);
      const same = named.get(fold(baseName(path))) ?? [];
      if (same.length === 1 && foldersAgree(same[0]!, path, folder))
        return { entry: same[0]!, repair: "name", guess: true };
    }
    return undefined;
  }

  const keyOf = (wanted: string) => fold(cleanPath(decoded(wanted.trim())));
  function find(wanted: string, folder: string): Entry {
    const match = lookUp(wanted, folder);
    if (match === undefined) throw missing(wanted, reasonOf(wanted));
    const { entry, repair, guess } = match;
    if (guess && claims.get(entry) === null) {
      throw missing(
        wanted,
        `is not among the dropped files, and ${entry.path}, which has its name, is meant by another row`,
      );
    }
    found.add(entry);
    if (repair) {
      const same = repaired.get(repair) ?? new Map<Entry, string>();
      repaired.set(repair, same.has(entry) ? same : same.set(entry, wanted.slice(0, 200)));
    }
    return entry;
  }

  function reasonOf(wanted: string): string {
    const path = cleanPath(wanted);
    const same = named.get(fold(baseName(path))) ?? [];
    if (same.length === 1)
      return `is not among the dropped files; ${same[0]!.path} has its name and lies in another folder`;
    return same.length > 1
      ? `is not among the dropped files, and its name is not unique: ${same.length} files have it`
      : "is not among the dropped files";
  }

  return {
    find,
    guesses: (wanted, folder) => lookUp(wanted, folder)?.guess === true,
    claim(wanted, folder) {
      const entry = lookUp(wanted, folder)?.entry;
      if (entry === undefined) return;
      const key = keyOf(wanted);
      const other = claims.get(entry);
      if (other === undefined) claims.set(entry, key);
      else if (other !== null && !agree(other, key)) claims.set(entry, null);
    },
    notes: () =>
      ENDS.flatMap(([repair, one, many]) => {
        const files = repaired.get(repair);
        if (!files) return [];
        const [entry, wanted] = [...files][0]!;
        const example = `${files.size === 1 ? "" : "first: "}${entry.path} for ${wanted}`;
        return [`${counted(files.size, "picture")} ${files.size === 1 ? one : many} (${example}).`];
      }),
    used: () => found.size,
  };
}

function missing(wanted: string, why: string): RowProblem {
  return new RowProblem(
    "missing-picture",
    `The picture "${wanted.slice(0, 200)}" ${why}; drop it with the data under the path that the row names.`,
  );
}
