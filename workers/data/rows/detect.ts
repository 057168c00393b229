/**
 * What a drop is: which of its files hold rows, and which are left aside. Pure: names in, plan out.
 * The rules follow Hugging Face's folder builders: a file named metadata.* describes the pictures of its folder and
 * rules out other tables; where a train split is named, the held-out splits are not trained on. Beyond them: a table
 * that is there in two formats is read once. Everything left aside is said in a note.
 */
import { counted, listed } from "../../words.ts";
import { baseName, byPath, type Entry, extensionOf, folderOf, grouped } from "./entry.ts";
import { classesOf, type HeldOutSplit, MEASURED_BY, ONE_IS_ENOUGH, REPEATS, separated, splitOf } from "./folders.ts";
import { type SampleKeys, sampleKeys } from "./sample-keys.ts";
import { isCaption, isPicture, isPictureName, isSampleText, PICTURE_EXTENSIONS, TEXT_EXTENSIONS } from "./sidecar.ts";

export type TableFormat = "jsonl" | "json" | "csv" | "parquet" | "captions";

/** A file of records. */
export interface TableSource {
  format: TableFormat;
  entry: Entry;
  /** Of a split that is not trained on. */
  split?: HeldOutSplit;
  /** The rows of that split inside of a file whose other rows are trained on. */
  inside?: true;
  /** The rows of `split` are those whose own column says so. */
  byColumn?: true;
}

/** Pictures with texts beside them; entries in the order of the rows. */
export interface SampleSource {
  format: "webdataset" | "sidecar" | "folders" | "pictures";
  path: string;
  entries: Entry[];
  /** The sample to which an entry belongs. */
  keyOf(entry: Entry): string;
  /** Where the answer is the class of a picture. */
  classOf?(picture: Entry): string | undefined;
  split?: HeldOutSplit;
}

export type Source = TableSource | SampleSource;

export function isTable(source: Source): source is TableSource {
  return "entry" in source;
}

export interface Plan {
  sources: Source[];
  /** Of a split that runs are measured by, and not trained on. */
  heldOut: Source[];
  /** What is left aside although it holds rows, one sentence for each reason. */
  notes: string[];
  pictures: number;
  /** What is read instead where no table of `sources` gives a row: pictures with texts of their own. */
  otherwise?: Plan;
}

/** Extensions of tables, best first: the order in which one of two equal tables is picked. */
const TABLES = new Map<string, TableFormat>([
  ["jsonl", "jsonl"],
  ["ndjson", "jsonl"],
  ["json", "json"],
  ["csv", "csv"],
  ["tsv", "csv"],
  ["parquet", "parquet"],
]);
const RANK = [...TABLES.keys()];

const ARCHIVES = ["zip", "tar", "tar.gz", "tgz"];

/** Boxes of Pascal VOC, and names of classes of YOLO. */
const BOX_EXTENSIONS = ["xml", "yaml", "yml", "names"];

/** Extensions of every file that something is made of, for a dialog that offers files. */
export const READ_EXTENSIONS: readonly string[] = [
  ...[...RANK, ...ARCHIVES, ...TEXT_EXTENSIONS, ...PICTURE_EXTENSIONS],
  ...BOX_EXTENSIONS,
];

/** JSON files that describe a repository, a model or a tool, never rows. */
const NOT_ROWS =
  /^(dataset_infos?|dataset_dict|state|config|package|tsconfig|[a-z_]*_config|tokenizer|special_tokens_map|added_tokens|model.*\.index)\.json$/;

/** Texts about a data set, not about a picture. */
const ABOUT =
  /^(read[-_ ]?me|licen[cs]e|notice|citation|credits|requirements|(predefined_)?class(es|_?names)|labels|synsets?)\b/i;

/** Files of records of kinds that are not read. */
const UNREAD = new Set(
  "arrow feather xlsx xls ods pkl pickle npy npz mat h5 hdf5 mdb sqlite sqlite3 db tfrecord tfrecords xml orc avro msgpack".split(
    " ",
  ),
);

/** Left behind by operating systems and tools. */
export function isJunk(path: string): boolean {
  return (
    path.split("/").some((segment) => segment === "__MACOSX" || segment.startsWith(".")) ||
    /(^|\/)(thumbs\.db|desktop\.ini)$/i.test(path)
  );
}

export type ArchiveKind = "zip" | "tar" | "tar.gz" | "unsupported";

/** Archives by name; "unsupported" ones get a note. */
export function archiveKind(path: string): ArchiveKind | undefined {
  if (/\.zip$/i.test(path)) return "zip";
  if (/\.tar$/i.test(path)) return "tar";
  if (/\.(tar\.gz|tgz)$/i.test(path)) return "tar.gz";
  return /\.(gz|bz2|xz|zst|7z|rar|lz4)$/i.test(path) ? "unsupported" : undefined;
}

/** What a dropped file may be, by its name alone. */
export type FileRole = "picture" | "table" | "text" | "archive" | "other";

export function roleOf(path: string): FileRole {
  if (isJunk(path) || NOT_ROWS.test(baseName(path))) return "other";
  const kind = archiveKind(path);
  if (kind !== undefined) return kind === "unsupported" ? "other" : "archive";
  if (isPictureName(path)) return "picture";
  const extension = extensionOf(path);
  if (TABLES.has(extension)) return "table";
  return [...TEXT_EXTENSIONS, "xml"].includes(extension) && !ABOUT.test(baseName(path)) ? "text" : "other";
}

/** A name's missing extension, from the first 512 bytes: "" when nothing is recognised. */
export function sniff(head: Uint8Array): "" | "zip" | "tar" | "parquet" | "json" {
  const ascii = (start: number, end: number) => String.fromCharCode(...head.subarray(start, end));
  if (ascii(0, 4) === "PK\u0003\u0004") return "zip";
  if (ascii(0, 4) === "PAR1") return "parquet";
  if (ascii(257, 262) === "ustar") return "tar";
  return /^(\u00ef\u00bb\u00bf)?\s*[[{]/.test(ascii(0, 64)) ? "json" : "";
}

function withoutExtension(path: string): string {
  const extension = extensionOf(path);
  return extension === "" ? path : path.slice(0, -extension.length - 1);
}

/** What is left aside, by the reason: many files of one reason are one note. */
class Aside {
  readonly #paths = new Map<string, string[]>();

  add(path: string, reason: string): void {
    const paths = this.#paths.get(reason);
    if (paths) paths.push(path);
    else this.#paths.set(reason, [path]);
  }

  /** A sentence for each reason, with names and count. */
  notes(): string[] {
    return [...this.#paths].map(([reason, paths]) =>
      paths.length === 1
        ? `${paths[0]} is left aside: ${reason}.`
        : `${paths.length} files are left aside (${listed(paths)}): ${reason}.`,
    );
  }
}

const BESIDE_METADATA =
  "where a metadata file describes the pictures, the rows come from it alone; drop other tables alone";
const STATISTICS = "it holds statistics of a download (img2dataset), no rows";
const NOT_READ = "files of this kind are not read; export the rows in them as Parquet, CSV or JSON to train on them";
const BESIDE_TABLE = "texts beside pictures are not read where a table holds the rows; drop them without the table";

function tablesOf(entries: readonly Entry[], { of }: SampleKeys, lists: ReadonlySet<Entry>): Entry[] {
  const pictured = new Set(entries.filter(isPicture).map(of));
  return entries.filter((entry) => {
    if (lists.has(entry)) return true;
    if (!TABLES.has(extensionOf(entry.path)) || NOT_ROWS.test(baseName(entry.path))) return false;
    return extensionOf(entry.path) !== "json" || !pictured.has(of(entry));
  });
}

/**
 * Entries (archives unpacked, junk gone, any order) -> the sources of rows, in the order in which they are read. `lists` are those
 * texts that are tables of captions by what is in them.
 */
export function planSources(entries: readonly Entry[], lists: ReadonlySet<Entry> = new Set()): Plan {
  const keys = sampleKeys(entries);
  const unread = unreadOf(entries, keys);
  const samples = planSamples(entries, keys);
  const { sources, heldOut, notes } = planTables(entries, keys, lists);
  if (sources.length === 0) return { ...samples, notes: [...notes, ...samples.notes, ...unread] };
  const texts = new Aside();
  for (const entry of textsOf(entries, keys)) texts.add(entry.path, BESIDE_TABLE);
  const plan = { sources, heldOut, notes: [...notes, ...texts.notes(), ...unread], pictures: samples.pictures };
  const others = samples.sources.some((source) => source.format !== "folders");
  return others ? { ...plan, otherwise: { ...samples, notes: [...notes, ...samples.notes, ...unread] } } : plan;
}

/** Files of records that are not read, told. */
function unreadOf(entries: readonly Entry[], keys: SampleKeys): string[] {
  const aside = new Aside();
  const samples = new Set(textsOf(entries, keys));
  const isUnread = (entry: Entry): boolean => UNREAD.has(extensionOf(entry.path)) && !samples.has(entry);
  for (const { path } of entries.filter(isUnread).sort(byPath)) {
    aside.add(path, NOT_READ);
  }
  return aside.notes();
}

function planTables(
  entries: readonly Entry[],
  keys: SampleKeys,
  lists: ReadonlySet<Entry>,
): Pick<Plan, "sources" | "heldOut" | "notes"> {
  const aside = new Aside();
  let tables = tablesOf(entries, keys, lists).sort(byPath);

  const isMetadata = (entry: Entry) => /^metadata\./.test(baseName(entry.path));
  if (tables.some(isMetadata)) {
    for (const table of tables) {
      if (!isMetadata(table)) aside.add(table.path, BESIDE_METADATA);
    }
    tables = tables.filter(isMetadata);
  }
  const isStatistics = (entry: Entry) => /_stats\.json$/i.test(baseName(entry.path));
  if (!tables.every(isStatistics)) {
    for (const table of tables.filter(isStatistics)) aside.add(table.path, STATISTICS);
    tables = tables.filter((table) => !isStatistics(table));
  }
  const { kept, heldOut, aside: others } = separated(tables, (table) => table.path);
  for (const table of heldOut?.members ?? []) aside.add(table.path, MEASURED_BY);
  for (const table of others) aside.add(table.path, ONE_IS_ENOUGH);
  const sourceOf = (entry: Entry): TableSource => ({
    format: TABLES.get(extensionOf(entry.path)) ?? "captions",
    entry,
  });
  return {
    sources: onceEach(kept, aside).map(sourceOf),
    heldOut: onceEach(heldOut?.members ?? [], aside).map((entry) => ({ ...sourceOf(entry), split: heldOut!.split })),
    notes: aside.notes(),
  };
}

/** Of a table that is there in two formats the better one. */
function onceEach(tables: readonly Entry[], aside: Aside): Entry[] {
  const best = new Map<string, Entry>();
  for (const table of tables.toSorted(
    (a, b) => RANK.indexOf(extensionOf(a.path)) - RANK.indexOf(extensionOf(b.path)),
  )) {
    const name = withoutExtension(table.path);
    const other = best.get(name);
    if (other === undefined) best.set(name, table);
    else aside.add(table.path, `the table of the same name in another format is read (${baseName(other.path)})`);
  }
  return tables.filter((table) => best.get(withoutExtension(table.path)) === table);
}

function planSamples(entries: readonly Entry[], keys: SampleKeys): Plan {
  const all = entries.filter(isPicture);
  const texts = new Set(entries.filter(isSampleText).map(keys.of));
  const { kept, heldOut, split, notes } = withoutHeldOut(
    entries,
    all.filter((entry) => texts.has(keys.of(entry))),
    "with a text",
  );
  const sources = sampleSources(kept, keys);
  if (sources.length > 0) {
    const told = [...notesOf(keys, kept), ...loneTextsOf(kept, keys), ...repeatsOf(kept)];
    const measured = sampleSources(heldOut, keys).map((source) => ({ ...source, split: split! }));
    return { sources, heldOut: measured, notes: [...notes, ...told], pictures: all.length };
  }
  // Other texts may say what is on the pictures, in a way that is not known.
  const unknown = entries.some(
    (entry) => (isCaption(entry) || extensionOf(entry.path) === "xml") && !ABOUT.test(baseName(entry.path)),
  );
  return unknown ? { sources: [], heldOut: [], notes: [], pictures: all.length } : planClasses(all, keys);
}

/** Pictures without any text: the folders' names are the answers, where they are classes. */
function planClasses(all: readonly Entry[], { of }: SampleKeys): Plan {
  const none = { sources: [], heldOut: [], notes: [], pictures: all.length };
  const { kept, heldOut, split, notes } = withoutHeldOut(all, all, "");
  const classes = classesOf(kept);
  if (!classes) return none;
  const sourceOf = (entries: readonly Entry[]): SampleSource => {
    const pictures = [...entries].sort(byPath);
    const path = folderOf(pictures[0]!.path);
    return { format: "folders", path, entries: pictures, keyOf: of, classOf: classes.of };
  };
  const measured = split ? [{ ...sourceOf(heldOut), split }] : [];
  return { ...none, sources: [sourceOf(kept)], heldOut: measured, notes: [...notes, classes.note] };
}

/** Pictures that nothing says anything about, to be answered: each is a row. Undefined where there is none. */
export function picturesAlone(entries: readonly Entry[]): SampleSource | undefined {
  const pictures = entries.filter(isPicture).sort(byPath);
  return pictures.length === 0
    ? undefined
    : { format: "pictures", path: folderOf(pictures[0]!.path), entries: pictures, keyOf: ({ path }) => path };
}

/** Texts that belong to a picture. */
function textsOf(entries: readonly Entry[], { of }: SampleKeys): Entry[] {
  const pictured = new Set(entries.filter(isPicture).map(of));
  return entries.filter((entry) => isSampleText(entry) && pictured.has(of(entry))).sort(byPath);
}

/** Entries by their splits, where some of `samples` are of a train split: a tar's name and the folders say which; a picture's own name does not. */
function withoutHeldOut(
  entries: readonly Entry[],
  samples: readonly Entry[],
  what: string,
): { kept: readonly Entry[]; heldOut: readonly Entry[]; split: HeldOutSplit | undefined; notes: string[] } {
  const nameOf = (entry: Entry) => folderOf(entry.path);
  const found = separated(samples, nameOf);
  const told = (members: readonly Entry[], why: string): string[] => {
    if (members.length === 0) return [];
    const places = [...new Set(members.map(nameOf))].sort();
    const counts = `${counted(members.length, "picture")} ${what}`.trim();
    return [`${counts} in ${listed(places)} ${members.length === 1 ? "is" : "are"} left aside: ${why}.`];
  };
  if (!found.heldOut) return { kept: entries, heldOut: [], split: undefined, notes: [] };
  const { split, members } = found.heldOut;
  return {
    kept: entries.filter((entry) => (splitOf(nameOf(entry)) ?? "train") === "train"),
    heldOut: entries.filter((entry) => splitOf(nameOf(entry)) === split),
    split,
    notes: [...told(members, MEASURED_BY), ...told(found.aside, ONE_IS_ENOUGH)],
  };
}

/** What was decided about names: dots in those of a tar, texts in another folder than their pictures. */
function notesOf({ dotted, apart }: SampleKeys, kept: readonly Entry[]): string[] {
  const there = new Set(kept);
  const texts = apart.filter((text) => there.has(text));
  const folders = [...new Set(texts.map((text) => folderOf(text.path) || "the root"))].sort();
  return [
    ...dotted.map(
      (path) => `The names in ${path} have dots, so its samples are named up to the last dot, not the first.`,
    ),
    ...(texts.length > 0
      ? [
          `${counted(texts.length, "text")} in ${listed(folders)} ${texts.length === 1 ? "is" : "are"} read for the pictures of the same names in other folders.`,
        ]
      : []),
  ];
}

/** Texts beside which there is no picture. */
function loneTextsOf(entries: readonly Entry[], { of }: SampleKeys): string[] {
  const pictured = new Set(entries.filter(isPicture).map(of));
  const lone = entries
    .filter((entry) => isCaption(entry) && !pictured.has(of(entry)) && !ABOUT.test(baseName(entry.path)))
    .sort(byPath);
  if (lone.length === 0) return [];
  const names = listed(
    lone.map(({ path }) => path),
    3,
  );
  return [
    `${counted(lone.length, "text")} (${names}) ${lone.length === 1 ? "belongs" : "belong"} to no picture and ${lone.length === 1 ? "is" : "are"} not read.`,
  ];
}

/** Kohya's scripts show the pictures of a folder as often as its name says; here a picture is a row, once. */
function repeatsOf(entries: readonly Entry[]): string[] {
  const names = entries.filter(isPicture).map((entry) => baseName(folderOf(entry.path)));
  const repeats = [...new Set(names)].sort().filter((name) => Number(REPEATS.exec(name)?.[1]) > 1);
  if (repeats.length === 0) return [];
  const words = repeats.map((name) => `${name}: ${REPEATS.exec(name)![1]} times`);
  return [
    `Each picture is one row, although ${counted(repeats.length, "folder")} may ask for repeats (${listed(words)}); set more epochs for them.`,
  ];
}

/** Samples by name: each tar is a source in its own order, all other files together are one, by path. */
function sampleSources(entries: readonly Entry[], keys: SampleKeys): SampleSource[] {
  const tars = grouped(
    entries.filter((entry) => entry.archive?.kind === "tar"),
    (entry) => entry.archive!.path,
  );
  const loose = entries.filter((entry) => entry.archive?.kind !== "tar").sort(byPath);
  const sources: SampleSource[] = [...tars].map(([path, members]) => ({
    format: "webdataset",
    path,
    entries: members,
    keyOf: keys.of,
  }));
  if (loose.length > 0) {
    sources.push({ format: "sidecar", path: folderOf(loose[0]!.path), entries: loose, keyOf: keys.of });
  }
  return sources.filter((source) => textsOf(source.entries, keys).length > 0).sort(byPath);
}
