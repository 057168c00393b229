/** Which column of a table is which: its name held against those of column-names.ts, and what the user picks. */
import { letterDistance } from "../../letter-distance.ts";
import { COLUMNS, type ColumnKind, NEAR, NUMBERED, OPTION_COLUMN, SIDES } from "./column-names.ts";

/** Column names that the user picked; they override what would be found. */
export interface ColumnMapping {
  messages?: string;
  images?: string;
  question?: string;
  answer?: string;
  /** A class: its name is the answer. */
  label?: string;
  /** Boxes of things: where no other column is the answer, they are. */
  boxes?: string;
  system?: string;
}

/** A name as it is compared. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_.-]+/g, "");

/** The known names as they are compared. */
export const FOLDED = Object.fromEntries(
  Object.entries(COLUMNS).map(([kind, names]) => [kind, names.map(foldName)]),
) as Record<ColumnKind, string[]>;

/** The columns of a box's sides, each with the side that it holds; undefined where there are none. */
export function sidesAmong(names: readonly string[]): [side: string, name: string][] | undefined {
  const byFolded = new Map(names.map((name) => [foldName(name), name]));
  const sides = SIDES.find((four) => four.every((side) => byFolded.has(side)));
  return sides?.map((side) => [side, byFolded.get(side)!]);
}

/** True for names that `Fields` finds without a mapping, numbered ones and near misses included. */
export function isKnownColumn(name: string): boolean {
  const folded = foldName(name);
  const kinds = Object.keys(FOLDED) as ColumnKind[];
  const plain = NUMBERED.exec(folded)?.[1] ?? folded;
  return (
    OPTION_COLUMN.test(name) ||
    SIDES.some((four) => four.some((side) => side === folded)) ||
    kinds.some((kind) => FOLDED[kind].includes(folded)) ||
    [...FOLDED.caption, ...FOLDED.answer, ...FOLDED.images].includes(plain) ||
    Object.keys(nearNames(name)).length > 0
  );
}

/** True for columns of pictures, numbered ones included. */
export function isPictureColumn(name: string): boolean {
  const folded = foldName(name);
  return FOLDED.images.includes(folded) || FOLDED.images.includes(NUMBERED.exec(folded)?.[1] ?? "");
}

/** True for names of one of the kinds. */
export function isColumnOf(name: string, ...kinds: ColumnKind[]): boolean {
  const folded = foldedName(name);
  return kinds.some((kind) => FOLDED[kind].includes(folded));
}

/** The records of a table have the same names again and again: what is found out about so many is remembered. */
const REMEMBERED = 1000;
const remembered = new Map<string, Partial<Record<ColumnKind, string>>>();
const folds = new Map<string, string>();

/** `foldName`, remembered. */
export function foldedName(name: string): string {
  const before = folds.get(name);
  if (before !== undefined) return before;
  const folded = foldName(name);
  if (folds.size < REMEMBERED && name.length <= 200) folds.set(name, folded);
  return folded;
}

/** The known names that `name` may be a slip of, by kind; none where it is known itself. */
export function nearNames(name: string): Partial<Record<ColumnKind, string>> {
  const before = remembered.get(name);
  if (before) return before;
  const folded = foldName(name);
  const isKnown = Object.values(FOLDED).some((names) => names.includes(folded));
  const near = Object.fromEntries(
    NEAR.flatMap((kind) => {
      const at = isKnown ? -1 : FOLDED[kind].findIndex((known) => isNear(known, folded));
      return at < 0 ? [] : [[kind, COLUMNS[kind][at]!]];
    }),
  );
  if (remembered.size < REMEMBERED && name.length <= 200) remembered.set(name, near);
  return near;
}

/** A slip of one letter in a name of 6 to 40, of two in one of 10 or more: left out, added, another one, or two changed about. */
function isNear(known: string, name: string): boolean {
  if (
    known.length < 6 ||
    name.length > 40 ||
    known === name ||
    Math.abs(known.length - name.length) > 2 ||
    /\d/.test(name)
  )
    return false;
  return letterDistance(known, name) <= (known.length >= 10 ? 2 : 1);
}
