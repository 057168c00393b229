/** Files that are dropped beside others: what is asked (do they belong together?), and one set of files of both. */
import { type FileRole, roleOf } from "../../workers/data/rows/detect.ts";
import { type ErrorCode, TabTuneError } from "../../workers/errors.ts";
import type { DroppedFile, FilesSource } from "../../workers/protocol/dataset.ts";
import { labelOf } from "../parts/files.ts";
import { words } from "../words/index.ts";

export interface SecondDrop {
  /** The files that were there. */
  before: FilesSource;
  /** Those that came, of one drop or of several, in their order. */
  dropped: DroppedFile[];
  /** What to call the one and the other. */
  names: { before: string; dropped: string };
  question: string;
  /** They probably belong together. */
  likely: boolean;
}

const ROLES = ["picture", "table", "text", "archive", "other"] as const satisfies FileRole[];

/** Files by their roles. */
function rolesOf(files: readonly DroppedFile[]) {
  const counts: Record<FileRole, number> = { picture: 0, table: 0, text: 0, archive: 0, other: 0 };
  for (const { path } of files) counts[roleOf(path)] += 1;
  const { picture, table, text, archive } = counts;
  const { roles } = words().data.drops;
  const inWords = ROLES.flatMap((role) => (counts[role] > 0 ? [roles[role](counts[role])] : [])).join(", ");
  return { inWords, picture, said: table + text, archive };
}

/** A failed drop that other files may complete: it wants pictures, or a text for its pictures. */
export function mayBeCompleted(files: readonly DroppedFile[], code: ErrorCode): boolean {
  const { picture, said, archive } = rolesOf(files);
  if (code === "no-rows") return picture + said + archive > 0;
  return code === "bad-dataset" && picture > 0;
}

/**
 * What to ask when `dropped` come beside `before`; undefined where nothing among them can be part of a data set. `wanting`: the files of
 * before gave no rows, or rows of them want pictures. Pictures alone, and texts for pictures that have none, are taken for the other
 * half; what could stand alone is not.
 */
export function secondDrop(before: FilesSource, dropped: DroppedFile[], wanting: boolean): SecondDrop | undefined {
  const was = rolesOf(before.files);
  const is = rolesOf(dropped);
  if (is.picture + is.said + is.archive === 0) return undefined;
  const names = { before: shortened(before.label), dropped: shortened(labelOf(dropped)) };
  const pictures = is.said + is.archive === 0;
  const texts = is.picture + is.archive === 0;
  const there = new Set(before.files.map(({ path }) => path));
  const likely =
    pictures ||
    (texts && was.picture > 0 && (was.said === 0 || dropped.every(({ path }) => there.has(path)))) ||
    (wanting && (texts || is.picture + is.said === 0));
  const part = pictures && was.said > 0 ? "rows" : texts && was.picture > 0 ? "pictures" : "part";
  const say = words().data.drops;
  const question = say.question(names.dropped, is.inWords, dropped.length === 1, part, names.before);
  return { before, dropped, names, question, likely };
}

/** What to tell where the one takes the other's place without a question. */
export const replacedWords = ({ names }: SecondDrop): string => words().data.drops.replaced(names.before);

/** A label may be a path of any length. */
const shortened = (label: string): string => (label.length > 60 ? `${label.slice(0, 40)}…${label.slice(-19)}` : label);

/** Bytes at either end of a file that are compared. */
const COMPARED = 2 ** 20;

async function isSame({ path, blob: a }: DroppedFile, { blob: b }: DroppedFile): Promise<boolean> {
  if (a.size !== b.size) return false;
  const bytes = async (blob: Blob, from: number) =>
    new Uint8Array(await blob.slice(from, from + COMPARED).arrayBuffer());
  try {
    for (const from of [0, Math.max(COMPARED, a.size - COMPARED)]) {
      const [x, y] = [await bytes(a, from), await bytes(b, from)];
      if (x.some((byte, i) => byte !== y[i])) return false;
    }
  } catch (cause) {
    const say = words().data.drops;
    throw new TabTuneError("bad-dataset", say.moved(path), say.again, "", { cause });
  }
  return true;
}

/**
 * The files with one of each path, the last of it, and a sentence for paths that were there several times: with the same bytes (of a
 * file over 2 MB its ends are compared), or with others. Throws TabTuneError "bad-dataset" where a file can no longer be read.
 */
export async function oneOfEach(files: readonly DroppedFile[]): Promise<{ files: DroppedFile[]; notes: string[] }> {
  const last = new Map<string, DroppedFile>();
  const same = new Set<string>();
  const replaced = new Set<string>();
  for (const file of files) {
    const before = last.get(file.path);
    if (before) ((await isSame(before, file)) ? same : replaced).add(file.path);
    last.set(file.path, file);
  }
  for (const path of replaced) same.delete(path);
  const say = words().data.drops;
  const notes = [
    ...(same.size > 0 ? [say.same([...same])] : []),
    ...(replaced.size > 0 ? [say.other([...replaced])] : []),
  ];
  return { files: [...last.values()], notes };
}

/** The answer: both as one set of files, or what came alone. Throws as `oneOfEach`. */
export async function answered({ before, dropped }: SecondDrop, together: boolean): Promise<FilesSource> {
  const { files, notes } = await oneOfEach(together ? [...before.files, ...dropped] : dropped);
  if (!together) return { kind: "files", label: labelOf(files), files, told: notes };
  const there = new Set(before.files.map(({ path }) => path));
  const others = dropped.filter(({ path }) => !there.has(path));
  const both = others.length === 0 ? before.label : `${before.label} + ${labelOf(others)}`;
  return {
    kind: "files",
    label: both.length <= 80 ? both : labelOf(files),
    files,
    told: [...new Set([...(before.told ?? []), ...notes])],
  };
}
