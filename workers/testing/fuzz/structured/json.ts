/** JSON that is wrong in its structure: as a tree that can hold what no value can (a key twice, numbers beyond any type). */
import { pick, type Random } from "../mutate.ts";

type Tree = { entries: [key: string, value: Tree][] } | { items: Tree[] } | { raw: string };

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { items: value.map(treeOf) };
  if (typeof value === "object" && value !== null)
    return { entries: Object.entries(value).map(([key, item]) => [JSON.stringify(key), treeOf(item)]) };
  return { raw: JSON.stringify(value) };
}

export function textOf(tree: Tree): string {
  if ("raw" in tree) return tree.raw;
  if ("items" in tree) return `[${tree.items.map(textOf).join(",")}]`;
  return `{${tree.entries.map(([key, value]) => `${key}:${textOf(value)}`).join(",")}}`;
}

const RAWS = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "0.5",
  "1e308",
  "1e999",
  "9007199254740993",
  "18446744073709551616",
];
const MORE = [
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  "[]",
  "{}",
  "[[]]",
  "[null]",
  '{"":0}',
  "4294967296",
  "2147483648",
];
const KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "length",
  "image",
  "images",
  "type",
  "0",
  "a\u202eb",
  "\u0000",
];

/** A strange value that `JSON.parse` takes, mostly. */
export const strange = (random: Random): Tree => {
  const raw = pick(random, [...RAWS, ...MORE]);
  if (random(20) === 0) return { raw: JSON.stringify("long ".repeat(20_000)) };
  if (random(30) === 0) return { raw: `${"[".repeat(2000)}${"]".repeat(2000)}` };
  if (random(30) === 0) return { raw: `${'{"a":'.repeat(2000)}1${"}".repeat(2000)}` };
  return { raw };
};

/** Changes one place of the tree in itself; the words for what was done. */
function mutateTree(tree: Tree, random: Random): string {
  const places: { put(to: Tree): void; node: Tree; parent: Tree }[] = [];
  const walk = (parent: Tree): void => {
    if ("items" in parent)
      for (const [i, node] of parent.items.entries()) {
        places.push({
          parent,
          node,
          put: (to) => {
            parent.items[i] = to;
          },
        });
        walk(node);
      }
    else if ("entries" in parent)
      for (const entry of parent.entries) {
        places.push({
          parent,
          node: entry[1],
          put: (to) => {
            entry[1] = to;
          },
        });
        walk(entry[1]);
      }
  };
  walk(tree);
  if (places.length === 0) return "nothing to change";
  const { node, parent, put } = pick(random, places);
  const copy = (): Tree => structuredClone(node);
  switch (random(9)) {
    case 0:
      put({ items: [node] });
      return "a value in a list";
    case 1:
      put({ entries: [[JSON.stringify(pick(random, KEYS)), node]] });
      return "a value in an object";
    case 2: {
      if ("items" in parent)
        parent.items.splice(random(parent.items.length + 1), 0, ...(random(2) ? [copy()] : [strange(random)]));
      else if ("entries" in parent) {
        const [key] = pick(random, parent.entries);
        parent.entries.splice(random(parent.entries.length + 1), 0, [key, random(2) ? copy() : strange(random)]);
      }
      return "something twice";
    }
    case 3: {
      if ("items" in parent) parent.items.splice(parent.items.indexOf(node), 1);
      else if ("entries" in parent)
        parent.entries.splice(
          parent.entries.findIndex(([, value]) => value === node),
          1,
        );
      return "something missing";
    }
    case 4: {
      const other = pick(random, places);
      put(structuredClone(other.node));
      return "a value from elsewhere";
    }
    case 5: {
      if ("entries" in parent) pick(random, parent.entries)[0] = JSON.stringify(pick(random, KEYS));
      return "another key";
    }
    case 6: {
      if ("raw" in node && node.raw.startsWith('"'))
        put({ raw: JSON.stringify(JSON.parse(node.raw).slice(random(8))) });
      else if ("raw" in node && /^-?\d/.test(node.raw)) put({ raw: String(Number(node.raw) + random(5) - 2) });
      else put(strange(random));
      return "a value nearby";
    }
    default:
      put(strange(random));
      return "another value";
  }
}

/** JSON text with one to three places changed. */
export function mutateJson(value: unknown, random: Random): { text: string; how: string } {
  const tree = treeOf(value);
  const done = Array.from({ length: 1 + random(3) }, () => mutateTree(tree, random));
  return { text: textOf(tree), how: done.join(", ") };
}

/** JSON and JSON lines, a row a line: mostly one row changes and the others stay as they are to the byte. */
export function mutateLines(bytes: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const text = new TextDecoder().decode(bytes);
  const lines = text.split("\n");
  const rows = lines.flatMap((line, i) => (line.startsWith("{") && /\},?$/.test(line) ? [i] : []));
  const at = pick(random, rows);
  const row = lines[at]!;
  const comma = row.endsWith(",") ? "," : "";
  const { text: changed, how } = mutateJson(JSON.parse(comma ? row.slice(0, -1) : row), random);
  const moves: Record<string, () => void> = {
    [how]: () => {
      lines[at] = changed + comma;
    },
    "a row in a list": () => {
      lines[at] = `[${changed}]${comma}`;
    },
    "a row twice": () => void lines.splice(at, 0, comma ? row : `${row}${random(2) ? "" : ","}`),
    "two rows on a line": () => void lines.splice(at, 2, `${lines[at]}${lines[at + 1] ?? ""}`),
    "rows apart": () => void lines.splice(at, 0, "", " ", "\t"),
    "a number for a row": () => {
      lines[at] = textOf(strange(random)) + comma;
    },
  };
  const name = random(3) > 0 ? how : pick(random, Object.keys(moves));
  moves[name]!();
  return { bytes: new TextEncoder().encode(lines.join("\n")), how: name };
}
