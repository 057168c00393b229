import { expect, test } from "vitest";
import { chooseOfSplit, chooseShare } from "./choose.ts";
import { contentOf, hashOfText } from "./content.ts";

/** Rows with one picture each; rows of one name share it. */
const rows = (...names: string[]) => names.map((name) => contentOf([], [hashOfText(name)]));
const numbered = (count: number, from = 0) =>
  rows(...Array.from({ length: count }, (_, i) => `picture ${from + i}.png`));

test("a share of the rows, the same each time, another under another seed", () => {
  const held = chooseShare(numbered(1000), 0.1, 42);
  expect(held.length).toBeGreaterThan(75);
  expect(held.length).toBeLessThan(125);
  expect(chooseShare(numbered(1000), 0.1, 42)).toEqual(held);
  expect(chooseShare(numbered(1000), 0.1, 43)).not.toEqual(held);
  expect(chooseShare(numbered(1000), 0, 42)).toEqual([]);
});

test("rows that are added move no other row", () => {
  const before = chooseShare(numbered(1000), 0.1, 42);
  const after = chooseShare([...numbered(300, 5000), ...numbered(1000)], 0.1, 42);
  expect(after.filter((row) => row >= 300).map((row) => row - 300)).toEqual(before);
  expect(after.some((row) => row < 300)).toBe(true);
});

test("at least 8 and at most 512 rows, never more than half, and none of a single row", () => {
  expect(chooseShare(numbered(40), 0.1, 1).length).toBe(8);
  expect(chooseShare(numbered(12), 0.1, 1).length).toBe(6);
  expect(chooseShare(numbered(3), 0.5, 1).length).toBe(1);
  expect(chooseShare(numbered(1), 0.5, 1)).toEqual([]);
  expect(chooseShare(numbered(9000), 0.1, 1).length).toBe(512);
  expect(chooseShare(numbered(20), 0.99, 1).length).toBe(10);
});

test("the same picture is never on both sides, be it by way of a third row", () => {
  const pictures = Array.from({ length: 400 }, (_, i) => [hashOfText(`a${i >> 2}`)]);
  // Every tenth row shows the pictures of two groups, which makes one of them.
  for (let i = 0; i < 400; i += 40) pictures[i] = [hashOfText(`a${i >> 2}`), hashOfText(`a${(i + 8) >> 2}`)];
  const held = new Set(chooseShare(pictures, 0.2, 7));
  expect(held.size).toBeGreaterThan(30);
  const words = (isHeld: boolean) => new Set(pictures.flatMap((of, row) => (held.has(row) === isHeld ? of : [])));
  const trained = words(false);
  expect([...words(true)].filter((word) => trained.has(word))).toEqual([]);
});

test("nothing can be held out of rows that all show one picture", () => {
  expect(chooseShare(rows("a", "a", "a", "a"), 0.5, 1)).toEqual([]);
  // One of many rows is left to training, and others are asked.
  const held = chooseShare(rows(...Array.from({ length: 90 }, () => "many"), "b", "c", "d", "e"), 0.1, 1);
  expect(held).toEqual([90, 91, 92, 93]);
});

test("a split that came with the data is held out whole, up to 512 rows of it", () => {
  expect(chooseOfSplit(numbered(3), 1)).toEqual([0, 1, 2]);
  expect(chooseOfSplit(numbered(2000), 1).length).toBe(512);
});

test("rows without a picture go by their texts", () => {
  const text = (words: string) => contentOf([{ role: "user", content: [{ type: "text", text: words }] }], []);
  expect(text("a")).not.toEqual(text("b"));
  expect(text("a")).toEqual(text("a"));
  // A million texts would meet about once in 18 million million words.
  expect(new Set(Array.from({ length: 50_000 }, (_, i) => text(`row ${i}`)[0])).size).toBe(50_000);
});
