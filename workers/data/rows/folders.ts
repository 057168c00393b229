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

type Split = "train" | "held-out" | undefined;

/** The split that a path names, in its file name or a folder; the innermost name decides. */
export function splitOf(path: string): Split {
  for (const segment of path.split("/").reverse()) {
    const words = segment.toLowerCase().split(/[^a-z]+/);
    if (words.some((word) => word === "train" || word === "training")) return "train";
    if (
      words.some((word) =>
        ["test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation"].includes(word),
      )
    )
      return "held-out";
  }
  return undefined;
}
