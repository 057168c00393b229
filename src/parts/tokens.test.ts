/** The looks are made of tokens.css and of nothing else, and its colours can be read on each other. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

const sheets = ["src", "bench"].flatMap((room) =>
  fs
    .readdirSync(path.join(root, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".css"))
    .map((file) => `${room}/${file}`),
);
const textOf = (file: string): string => fs.readFileSync(path.join(root, file), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
const TOKENS = "src/parts/tokens.css";

interface Declaration {
  file: string;
  property: string;
  value: string;
}
const declarations = sheets.flatMap((file) =>
  [...textOf(file).matchAll(/([\w-]+):\s*([^;{}]+);/g)].map(
    ([, property, value]): Declaration => ({ file, property: property!, value: value! }),
  ),
);
const elsewhere = declarations.filter(({ file }) => file !== TOKENS);

/** What a property may not have in it. A part of what is around, a half and nothing are no sizes of their own. */
const LITERALS: [property: RegExp, value: RegExp][] = [
  [/^font(-size)?$/, /\d(px|rem)\b/],
  [/^(row-|column-)?gap$|^(padding|margin)/, /\d(px|rem)\b/],
  [/radius$/, /\d(px|rem)\b/],
  [/^(transition|animation)/, /\d(ms|s)\b/],
  [/^outline/, /\dpx solid/],
  [/./, /#[\da-f]{3,8}\b|\b(rgb|hsl|oklch)a?\(/i],
];
/** Why some may. */
const EXEMPT = new Map([
  ["font-size: 9px", "a unit of the drawing that it stands in"],
  ["padding: 2px", "the width of a line"],
  ["padding-bottom: 64px", "the height of the bar"],
]);

test("no size, corner, colour or motion is a number outside of the tokens", () => {
  const found = elsewhere.filter(
    ({ property, value }) =>
      !EXEMPT.has(`${property}: ${value}`) && LITERALS.some(([of, is]) => of.test(property) && is.test(value)),
  );
  expect(found.map(({ file, property, value }) => `${file}: ${property}: ${value}`)).toEqual([]);
});

test("every token that is used is there, and every one that is there is used", () => {
  const defined = new Set(declarations.filter(({ property }) => property.startsWith("--")).map((d) => d.property));
  const used = new Set(declarations.flatMap(({ value }) => [...value.matchAll(/var\((--[\w-]+)/g)].map(([, n]) => n!)));
  expect([...used].filter((name) => !defined.has(name))).toEqual([]);
  expect([...defined].filter((name) => !used.has(name))).toEqual([]);
});

/** By day and by night. */
function coloursOf(name: string): [string, string] {
  const value = declarations.find(({ file, property }) => file === TOKENS && property === name)?.value ?? "";
  const both = /^light-dark\((#[\da-f]{6}), (#[\da-f]{6})\)$/.exec(value);
  if (!both) throw new Error(`${name}: ${value}`);
  return [both[1]!, both[2]!];
}

/** Of WCAG. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const v = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(front: string, back: string): [number, number] {
  const [a, b] = [coloursOf(front), coloursOf(back)];
  const of = (n: 0 | 1): number => {
    const [high, low] = [luminance(a[n]), luminance(b[n])].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };
  return [of(0), of(1)];
}

const GROUNDS = ["--paper", "--card", "--accent-soft", "--warm-soft", "--bad-soft"];

test.each([
  ...["--ink", "--muted", "--accent", "--warm", "--bad"].flatMap((front) => GROUNDS.map((back) => [front, back, 4.5])),
  ...GROUNDS.map((back) => ["--faint", back, 3]),
  ["--on-accent", "--accent", 4.5],
] as [string, string, number][])("%s on %s: %d to 1 at least, by day and by night", (front, back, least) => {
  for (const ratio of contrast(front, back)) expect(ratio).toBeGreaterThanOrEqual(least);
});
