/** The names of classes of a drop, for boxes that have them by number. */
import { counted, listed } from "../../words.ts";
import { classFileRank, classNamesOf } from "../boxes/class-names.ts";
import { collect, decodeLoosely, withoutBom } from "./bytes.ts";
import { baseName, byPath, type Entry } from "./entry.ts";
import type { DatasetLimits } from "./limits.ts";
import { RowProblem } from "./problem.ts";

/** Files that may name classes are looked into; a drop has one. */
const LOOKED_INTO = 20;

/** Names, and a sentence that says where they are from; undefined where no file has any. */
export async function classesIn(
  entries: readonly Entry[],
  limits: DatasetLimits,
): Promise<{ names: string[]; note: string } | undefined> {
  const files = entries
    .flatMap((entry) => {
      const rank = classFileRank(baseName(entry.path));
      return rank === undefined ? [] : [{ entry, rank }];
    })
    .sort((a, b) => a.rank - b.rank || byPath(a.entry, b.entry))
    .slice(0, LOOKED_INTO);
  for (const { entry } of files) {
    const names = await namesOf(entry, limits);
    const named = names?.flatMap((name, i) => (name === "" ? [] : [`${i}: ${name}`])) ?? [];
    if (names && named.length > 0)
      return {
        names,
        note: `${counted(named.length, "class", "classes")} of boxes ${named.length === 1 ? "is" : "are"} named by ${entry.path} (${listed(named)}).`,
      };
  }
  return undefined;
}

async function namesOf(entry: Entry, limits: DatasetLimits): Promise<string[] | undefined> {
  try {
    const bytes = await collect(entry.stream(), limits.lineBytes, entry.path, "too-long-line");
    return classNamesOf(baseName(entry.path), decodeLoosely(withoutBom(bytes)));
  } catch (error) {
    // A file that cannot be read names nothing: boxes whose names are wanted say so.
    if (error instanceof RowProblem) return undefined;
    throw error;
  }
}
