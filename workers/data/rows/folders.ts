/** What the name of a folder says: nothing, that it holds texts, which split lies in it, or the class of its pictures. */

import { listed } from "../../words.ts";
import { baseName, type Entry, folderOf, grouped } from "./entry.ts";

/** Folders that say nothing about what is in them. */
export const ANY_FOLDER =
  /^(all|(all[-_ ]?)?(im(age|g)s?|pic(ture)?s?|photos?)|jpe?g(s|images)?|pngs?|files?|media|data(sets?)?|assets)$/i;

/** Folders of texts that belong to the pictures of the same names in a folder beside it. */
export const TEXT_FOLDER =
  /^((image|img)[-_ ]?)?(te?xts?|captions?|labels?|annotations?|ann|descriptions?|prompts?|tags)([-_ ]?(files|te?xts?))?$/i;

/** Numbers of shards, dates, and names that tools give: no classes. */
const NO_CLASS =
  /^(\d{3,}|\d{4}[-_.]\d\d([-_.]\d\d)?|new folder.*|untitled.*|downloads?|desktop|documents|dcim|\d{3}apple|masks?|depth)$/i;
/** How often kohya's scripts show the pictures of a folder: "10_sks dog". */
export const REPEATS = /^(\d+)_(.+)$/;

/**
 * The classes of pictures by the innermost folder of each: at least two, all on one level, and no name that says nothing or a split.
 * Undefined where the folders are no such classes. `note` names them with their counts.
 */
export function classesOf(
  pictures: readonly Entry[],
): { of(picture: Entry): string | undefined; note: string } | undefined {
  const nameOf = ({ path, archive }: Entry) => baseName(folderOf(archive ? path.slice(archive.path.length + 1) : path));
  const groups = grouped(pictures, nameOf);
  const isClass = (name: string) =>
    name !== "" &&
    !ANY_FOLDER.test(name) &&
    !TEXT_FOLDER.test(name) &&
    !NO_CLASS.test(name) &&
    splitOf(name) === undefined;
  const names = [...groups.keys()].sort();
  if (names.length < 2 || !names.every(isClass)) return undefined;
  const depths = new Set(pictures.map((entry) => entry.path.split("/").length));
  if (depths.size > 1) return undefined;
  const repeated = names.every((name) => REPEATS.test(name));
  const classOf = (name: string) => (repeated ? name.replace(REPEATS, "$2") : name);
  const told = listed(
    names.map((name) => `${classOf(name)}: ${groups.get(name)!.length}`),
    20,
  );
  return {
    of: (picture) => classOf(nameOf(picture)),
    note: `No picture has a text, so the ${names.length} folders in which they lie are taken as classes, and a folder's name${
      repeated ? " without the number in front" : ""
    } is the answer (${told}).`,
  };
}

/** Splits that are there to measure by. */
export type HeldOutSplit = "validation" | "test";

const SPLITS: [split: "train" | HeldOutSplit, words: readonly string[]][] = [
  ["train", ["train", "training"]],
  ["validation", ["validation", "valid", "val", "dev", "eval", "evaluation"]],
  ["test", ["test", "testing"]],
];

/** The split that a path names, in its file name or a folder; the innermost name decides. */
export function splitOf(path: string): "train" | HeldOutSplit | undefined {
  for (const segment of path.split("/").reverse()) {
    const words = segment.toLowerCase().split(/[^a-z]+/);
    const found = SPLITS.find(([, known]) => words.some((word) => known.includes(word)));
    if (found) return found[0];
  }
  return undefined;
}

/** Things by what becomes of their splits. */
export interface Separated<T> {
  /** To train on: all but the held-out ones where some are of a train split, else all. */
  kept: T[];
  /** The split that runs are measured by: the validation split, else the test split. */
  heldOut: { split: HeldOutSplit; members: T[] } | undefined;
  /** Those of the other one. */
  aside: T[];
}

/** Separates by the splits that the paths of `members` name. */
export function separated<T>(members: readonly T[], path: (member: T) => string): Separated<T> {
  const of = (split: string): T[] => members.filter((member) => splitOf(path(member)) === split);
  if (of("train").length === 0) return { kept: [...members], heldOut: undefined, aside: [] };
  const [validation, test] = [of("validation"), of("test")];
  const kept = members.filter((member) => !validation.includes(member) && !test.includes(member));
  if (validation.length > 0) return { kept, heldOut: { split: "validation", members: validation }, aside: test };
  const heldOut = test.length > 0 ? { split: "test" as const, members: test } : undefined;
  return { kept, heldOut, aside: [] };
}

export const NOT_TRAINED_ON = "held-out splits are not trained on where a train split is there";
const INSTEAD = "drop it without the train split to train on it";
/** Why rows of the split that runs are measured by are not among the others, and why those of another one are not read. */
export const MEASURED_BY = `${NOT_TRAINED_ON}, and runs can be measured by this one; ${INSTEAD}`;
export const ONE_IS_ENOUGH = `${NOT_TRAINED_ON}, and the validation split is the one that runs can be measured by; ${INSTEAD}`;
