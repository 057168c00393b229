import { expect, test } from "vitest";
import { parseLoosely } from "./loose-json.ts";

test.each<[string, string, unknown]>([
  ["strict", '{"a":[1,"x"]}', { a: [1, "x"] }],
  ["NaN and infinities", '{"a":NaN,"b":-Infinity,"c":"NaN"}', { a: null, b: null, c: "NaN" }],
  ["commas behind the last", '[{"a":1,},]', [{ a: 1 }]],
  ["a line that ends in a comma", '{"a":1},', { a: 1 }],
  [
    "Python's repr",
    String.raw`{'a': True, 'b': None, 'c': ('x', "it's"), 'd': 'a\'b\n\xe9'}`,
    { a: true, b: null, c: ["x", "it's"], d: "a'b\né" },
  ],
  [
    "numbers as they are written",
    '[2.0, 1e3, 0.50, 12345678901234567890, -0, 0.25, 7, "2.0"]',
    ["2.0", "1e3", "0.50", "12345678901234567890", "-0", 0.25, 7, "2.0"],
  ],
  ["surrogates", String.raw`['\ud83d\ude00', '\U0001f600']`, ["😀", "😀"]],
])("%s", (_, text, value) => {
  expect(parseLoosely(text)).toEqual(value);
});

test.each(["{", "[1 2]", "{a:1}", "'x", "nonsense", "[1]]", '{"a":01}', `${"[".repeat(5000)}`])(
  "refuses %j",
  (text) => {
    expect(() => parseLoosely(text)).toThrow(SyntaxError);
  },
);

test("a __proto__ key is data, and depth has an end", () => {
  expect(Object.keys(parseLoosely("{'__proto__': 1}") as object)).toEqual(["__proto__"]);
  const deep = `${"[".repeat(3000)}2.0${"]".repeat(3000)}`;
  expect(Array.isArray(parseLoosely(deep))).toBe(true);
});
