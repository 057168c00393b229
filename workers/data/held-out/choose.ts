/**
 * Which rows are held out: a share of them, by a seeded hash of their content. A row's lot depends on itself alone, so rows that are added
 * move no other row, as long as the share is between the bounds below. Rows that show the same picture go together.
 */
import { philox, Stream } from "../../random/philox.ts";
import type { RowContent } from "./content.ts";

/** Fewer say little of a model; more cost time at each evaluation and say hardly more. */
export const LEAST_HELD_OUT = 8;
export const MOST_HELD_OUT = 512;

/** Rows by the place in their list. */
interface Group {
  rows: number[];
  /** In [0, 1): the smallest lot of any of its words. */
  lot: number;
}

/** In [0, 1), of a word and a seed. */
function lotOf(word: string, seed: number): number {
  const [high, low] = [Number.parseInt(word.slice(0, 8), 16), Number.parseInt(word.slice(8), 16)];
  const [a, b] = philox([high, low, 0, 0], [seed, Stream.heldOut]);
  return (a * 2 ** 21 + (b >>> 11)) / 2 ** 53;
}

/** Rows that have a word in common, or are linked by others that have, in ascending order of their lots. */
function groupsOf(contents: readonly RowContent[], seed: number): Group[] {
  const parent = Int32Array.from(contents.keys());
  const rootOf = (row: number): number => {
    let root = row;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = row; at !== root; ) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
    return root;
  };
  const first = new Map<string, number>();
  contents.forEach((words, row) => {
    for (const word of words) {
      const other = first.get(word);
      if (other === undefined) first.set(word, row);
      else parent[rootOf(row)] = rootOf(other);
    }
  });
  const groups = new Map<number, Group>();
  contents.forEach((words, row) => {
    const root = rootOf(row);
    const group = groups.get(root) ?? { rows: [], lot: 1 };
    group.rows.push(row);
    for (const word of words) group.lot = Math.min(group.lot, lotOf(word, seed));
    groups.set(root, group);
  });
  return [...groups.values()].sort((x, y) => x.lot - y.lot || x.rows[0]! - y.rows[0]!);
}

/**
 * Places of the rows to hold out, ascending: those whose lot is below `share`, but at least 8 and at most 512 rows, and never more than
 * half of them. None where `share` is 0, and where that cannot be had (one row; all rows show one picture).
 */
export function chooseShare(contents: readonly RowContent[], share: number, seed: number): number[] {
  if (share === 0) return [];
  const half = Math.floor(contents.length / 2);
  const least = Math.min(LEAST_HELD_OUT, half);
  const most = Math.min(MOST_HELD_OUT, half);
  return take(groupsOf(contents, seed), (lot, held) => lot < share || held < least, most);
}

/** Of a split that came with the data: all of it, or those 512 that come first by their lots. */
export function chooseOfSplit(contents: readonly RowContent[], seed: number): number[] {
  return take(groupsOf(contents, seed), () => true, MOST_HELD_OUT);
}

function take(groups: readonly Group[], wanted: (lot: number, held: number) => boolean, most: number): number[] {
  const held: number[] = [];
  for (const { rows, lot } of groups) {
    if (!wanted(lot, held.length)) break;
    // A picture of very many rows must not be the only one that is asked about.
    if (held.length + rows.length <= most) held.push(...rows);
  }
  return held.sort((a, b) => a - b);
}
