import { expect, test } from "vitest";
import { rightWords } from "./answer-words.ts";

test("ten people's answers are each shown once, the most frequent first", () => {
  expect(rightWords(["pink", "red", "red", "rose", "red"])).toBe("red ×3 / pink / rose");
  expect(rightWords(["A dot."])).toBe("A dot.");
});
