import { expect, test } from "vitest";
import { type Example, tilesOf } from "../example.ts";
import { groupsOf, packExamples, splitByCapacity } from "./pack.ts";

const example = (row: number, ids: number[], tiles = 0): Example => ({
  row,
  inputIds: Int32Array.from(ids),
  kinds: new Uint8Array(ids.length),
  images: Array.from({ length: tiles }, () => ({ height: 1, width: 1, tiles: 1, tokens: 1 })),
  pixels: new Uint8Array(0),
});

test("sequences lie end to end, keep apart, and the target of a position is the next label", () => {
  const pack = packExamples(
    [example(0, [1, 5, 6]), example(1, [1, 7]), example(2, [1, 8, 9, 2])],
    [Int32Array.of(-100, 5, 6), Int32Array.of(1, -100), Int32Array.of(-100, -100, 9, 2)],
  );
  expect(pack.rows).toBe(9);
  expect([...pack.inputIds]).toEqual([1, 5, 6, 1, 7, 1, 8, 9, 2]);
  expect([...pack.starts]).toEqual([0, 0, 0, 3, 3, 5, 5, 5, 5]);
  expect([...pack.ends]).toEqual([3, 3, 3, 5, 5, 9, 9, 9, 9]);
  // A label on a first token has no position before it; the last position of a row has no target, whatever row follows.
  expect([...pack.labelRows]).toEqual([0, 1, 6, 7]);
  expect([...pack.targets]).toEqual([5, 6, 9, 2]);
});

test("a batch without targets packs to none", () => {
  const pack = packExamples([example(0, [1, 2])], [Int32Array.of(-100, -100)]);
  expect(pack.targets.length).toBe(0);
  expect(pack.labelRows.length).toBe(0);
});

test.each<[string, [tokens: number, tiles: number][], number, number, number[][]]>([
  [
    "all fit",
    [
      [3, 1],
      [3, 1],
    ],
    6,
    2,
    [[0, 1]],
  ],
  [
    "tokens are full",
    [
      [3, 1],
      [3, 1],
      [2, 1],
    ],
    5,
    9,
    [[0], [1, 2]],
  ],
  [
    "tiles are full",
    [
      [1, 3],
      [1, 2],
      [1, 1],
    ],
    99,
    3,
    [[0], [1, 2]],
  ],
  [
    "one row alone is over both",
    [
      [9, 9],
      [1, 1],
    ],
    4,
    4,
    [[0], [1]],
  ],
  [
    "order is kept although a later row would fit",
    [
      [2, 0],
      [5, 0],
      [1, 0],
    ],
    5,
    1,
    [[0], [1], [2]],
  ],
  ["nothing", [], 5, 5, []],
])("packs by capacity: %s", (_, rows, tokens, tiles, expected) => {
  const examples = rows.map(([length, count], i) => example(i, Array<number>(length).fill(1), count));
  expect(splitByCapacity(examples, tokens, tiles).map((pack) => pack.map((e) => e.row))).toEqual(expected);
});

test.each<[string, number[], number, number[][]]>([
  [
    "as many as fit",
    [2, 1, 1, 3, 0, 0, 1],
    4,
    [
      [2, 1, 1],
      [3, 0, 0, 1],
    ],
  ],
  ["one alone is over it", [1, 9, 1], 4, [[1], [9], [1]]],
  ["no room: each alone, but for those without pictures", [1, 0, 0, 1], 0, [[1], [0, 0], [1]]],
  ["nothing", [], 4, []],
])("packs in groups by tiles: %s", (_, tiles, most, expected) => {
  const packs = tiles.map((count, i) => {
    const examples = [example(i, [1], count)];
    return packExamples(examples, [Int32Array.of(1)]);
  });
  const groups = groupsOf(packs, most);
  expect(groups.map((group) => group.map((pack) => tilesOf(pack.examples[0]!)))).toEqual(expected);
  expect(groups.flat()).toEqual(packs);
});
