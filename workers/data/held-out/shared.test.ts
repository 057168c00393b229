import { expect, test } from "vitest";
import { contentOf, hashOfText } from "./content.ts";
import { countShared, sharedRowsWords } from "./shared.ts";

const row = (...names: string[]) => contentOf([], names.map(hashOfText));

test("rows of a split that show a picture which is trained on are counted once each", () => {
  const training = [row("a", "b"), row("c"), row("c")];
  expect(countShared([row("x"), row("y", "z")], training)).toBe(0);
  expect(countShared([row("b", "c"), row("c"), row("x")], training)).toBe(2);
  expect(countShared([], training)).toBe(0);
});

test("they are told with their number, and what to do", () => {
  expect(sharedRowsWords(0, 20, false)).toBe("");
  expect(sharedRowsWords(3, 20, false)).toMatch(/^3 of 20 held-out rows show a picture that is also trained on/);
  expect(sharedRowsWords(1, 20, true)).toMatch(
    /^1 of 20 held-out rows shows a picture .* are not looked for in data of this size\.$/,
  );
  expect(sharedRowsWords(0, 20, true)).toBe(
    "Pictures that are equal in different files are not looked for in data of this size.",
  );
});
