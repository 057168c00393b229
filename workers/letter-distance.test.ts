import { expect, test } from "vitest";
import { letterDistance } from "./letter-distance.ts";

test.each([
  ["", "", 0],
  ["", "abc", 3],
  ["caption", "caption", 0],
  ["caption", "captoin", 1],
  ["caption", "capton", 1],
  ["caption", "captions", 1],
  ["caption", "coption", 1],
  ["kitten", "sitting", 3],
  // No part is changed twice: with that allowed it would be 2.
  ["ca", "abc", 3],
])("from %s to %s", (a, b, far) => {
  expect([letterDistance(a, b), letterDistance(b, a)]).toEqual([far, far]);
});
