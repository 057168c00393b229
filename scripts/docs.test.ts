/** Pages lead to places that are there: paths, names, links and commands that they write exist. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Options } from "../workers/headless/arguments.ts";
import { commands } from "../workers/headless/commands.ts";
import { usageOf } from "../workers/headless/help.ts";
import { parseRecipe, toHuggingFace } from "../workers/recipe.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8");
const pages = [
  ...fs.readdirSync(root).filter((name) => name.endsWith(".md")),
  ...fs
    .readdirSync(path.join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Entries of the repository: a path in backticks that begins with one is held to exist. What a build makes is not there. */
const tops = new Set(
  fs.readdirSync(root).filter((name) => !["node_modules", "dist", "dist-cli", "test-results"].includes(name)),
);

/** "`workers/gpu/`", "`workers/protocol`" (a folder or a .ts file); the part before a placeholder in "`workers/models/<family>/names.ts`". */
function isThere(written: string): boolean {
  const [before = ""] = written.split(/[<*{…]/);
  const known = before === written ? before : before.slice(0, before.lastIndexOf("/") + 1);
  return fs.existsSync(path.join(root, known)) || fs.existsSync(path.join(root, `${known}.ts`));
}

/** Places that a page describes before they are built. Whoever builds one takes it from this list. */
const codeOf = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
const isPath = (code: string): boolean => /^[\w.-]+\/?[^\s()]*$/.test(code) && tops.has(code.split("/")[0]!);

/** As GitHub names them in addresses. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("paths exist", () => {
    expect(codeOf(text).filter((code) => isPath(code) && !isThere(code))).toEqual([]);
  });

  test("links lead to files and headings", () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const isReached = (target: string): boolean => {
      const [file, heading] = target.split("#");
      const to = file ? path.join(path.dirname(page), file) : page;
      return fs.existsSync(path.join(root, to)) && (!heading || headingsOf(read(to)).includes(heading));
    };
    expect(targets.filter((target) => !/^https?:/.test(target) && !isReached(target))).toEqual([]);
  });

  test("a name that is said to be in a file is there", () => {
    const said = [...text.matchAll(/`([\w#.]+)`(?:, `[\w#.]+`)* (?:in|of) `([\w./-]+\.\w+)`/g)];
    expect(said.filter(([, name, file]) => isThere(file!) && !read(file!).includes(name!)).map(([all]) => all)).toEqual(
      [],
    );
  });

  test("npm scripts and headless commands exist", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const run = [...text.matchAll(/npm run (?:-s )?([a-z0-9:]+)/g)].map((match) => match[1]!);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    const asked = [...text.matchAll(/(?:headless --|tabtune) ([a-z]+) --/g)].map((match) => match[1]!);
    expect(asked.filter((name) => !(name in commands))).toEqual([]);
  });
});

/** "train --model DIR [--resume]" as `commands.ts` has it, as far as a command line shows it. */
function optionsIn(line: string): Record<string, string> {
  const found = [...line.matchAll(/(\[?)--([\w-]+)( [A-Z]+)?\]?/g)];
  return Object.fromEntries(
    found.map(([, bracket, name, value]) => [name!, value ? (bracket ? "optional" : "one") : "flag"]),
  );
}
const shown = (options: Options): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options).map(([name, kind]) => [name, kind === "maybe" || kind === "many" ? "optional" : kind]),
  );

test("docs/contract.md has every command with its options", () => {
  const lines = [...read("docs/contract.md").matchAll(/^\| `([a-z]+)( \[?--[^`]*)` \|/gm)];
  expect(Object.fromEntries(lines.map(([, name, rest]) => [name!, optionsIn(rest!)]))).toEqual(
    Object.fromEntries(Object.entries(commands).map(([name, { options }]) => [name, shown(options)])),
  );
});

test("--help shows the command lines of docs/contract.md", () => {
  const lines = [...read("docs/contract.md").matchAll(/^\| `([a-z]+ \[?--[^`]*)` \|/gm)].map(([, line]) => line!);
  const shown = Object.entries(commands).map(([name, { options }]) => usageOf(name, options).replaceAll("…", ""));
  expect(shown.sort()).toEqual(lines.sort());
});

test("docs/contract.md has every key of a recipe with its default", () => {
  const [, json] = /```json\n([\s\S]*?)```/.exec(read("docs/contract.md"))!;
  expect(JSON.parse(json!)).toEqual(toHuggingFace(parseRecipe({})));
});

describe("docs/faults.md", () => {
  const rows = [...read("docs/faults.md").matchAll(/^\| (\d+) \|(.*)\|$/gm)].map(([, n, rest]) => ({
    n: Number(n),
    cells: rest!.split(" | ").map((cell) => cell.trim()),
  }));

  test("28 faults, each with what is seen, what is safe, and a test", () => {
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 28 }, (_, i) => i + 1));
    for (const { cells } of rows) expect(cells.filter((cell) => cell !== "")).toHaveLength(4);
  });

  test("each test is there by its name", () => {
    const missing = rows.flatMap(({ n, cells }) => {
      const held = [...cells[3]!.matchAll(/`([\w./-]+)`((?:,? "[^"]+")+)/g)];
      if (held.length === 0) return [`${n}: no test`];
      return held.flatMap(([, file, names]) => {
        const text = read(file!);
        return [...names!.matchAll(/"([^"]+)"/g)]
          .map(([quoted]) => quoted!)
          .filter((quoted) => !new RegExp(`[\\w)]\\(\\s*${quoted.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&")},`).test(text))
          .map((quoted) => `${n}: ${file} ${quoted}`);
      });
    });
    expect(missing).toEqual([]);
  });
});
