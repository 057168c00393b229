import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { betweenMarks } from "./marks.ts";

const page = "a\n<!-- x:start -->\nold\n<!-- x:end -->\nb\n<!-- y:start -->\n<!-- y:end -->\n";

test("only the text between the marks of that name is replaced", () => {
  expect(betweenMarks(page, "x", "new $&")).toBe(page.replace("old", () => "new $&"));
  expect(betweenMarks(page, "y", "new")).toBe(page.replace("y:start -->\n", "y:start -->\nnew\n"));
});

test("a page without the marks is refused, so that a figure is not lost in silence", () => {
  expect(() => betweenMarks(page, "z", "new")).toThrow("no marks for z");
});

test.each([
  ["../README.md", "figures"],
  ["../docs/measured.md", "bench"],
  ["../docs/cards.md", "cards"],
  ["../docs/scaling.md", "scaling"],
])("%s has the marks of %s", async (path, name) => {
  const text = await readFile(new URL(path, import.meta.url), "utf8");
  expect(betweenMarks(text, name, "").length).toBeLessThan(text.length);
});
