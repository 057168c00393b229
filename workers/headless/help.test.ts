import { describe, expect, test } from "vitest";
import { shell } from "../testing/shell.ts";
import { parseArguments } from "./arguments.ts";
import { commands } from "./commands.ts";
import { commandWords, optionWords } from "./help-words.ts";

test("every command has words, and no words are without a command or an option", () => {
  expect(Object.keys(commandWords).sort()).toEqual(Object.keys(commands).sort());
  const taken = new Set(Object.values(commands).flatMap(({ options }) => Object.keys(options)));
  expect(Object.keys(optionWords).filter((name) => !taken.has(name))).toEqual([]);
});

describe.each(Object.entries(commands))("%s --help", (name, { options }) => {
  const words = commandWords[name]!;

  test("has words for every option, with a value where it takes one, and for no other", () => {
    const wrong = Object.entries(options).filter(([option, kind]) => {
      const [value, does] = words.options?.[option] ?? optionWords[option] ?? ["", ""];
      return !does || (value === "") !== (kind === "flag");
    });
    expect(wrong).toEqual([]);
    expect(Object.keys(words.options ?? {}).filter((option) => !(option in options))).toEqual([]);
  });

  test("is written to stdout, whatever else is missing", async () => {
    const { code, out, err } = await shell(name, "--help");
    expect({ code, err }).toEqual({ code: 0, err: [] });
    for (const option of Object.keys(options)) expect(out.join("\n")).toContain(`  --${option}`);
    expect(out.filter((line) => line.length > 140 && !line.includes(`tabtune ${name}`))).toEqual([]);
  });

  test("has examples that the command takes", () => {
    expect(words.examples.length).toBeGreaterThan(0);
    for (const example of words.examples) {
      const [command, ...rest] = [...example.matchAll(/"([^"]*)"|[^\s>]+(?= |$)/g)].map(
        ([all, quoted]) => quoted ?? all,
      );
      expect(command).toBe(name);
      const args = rest.slice(0, example.includes(" > ") ? -1 : undefined);
      expect(() => parseArguments(name, args, options)).not.toThrow();
    }
  });
});

test("--help of the program names every command", async () => {
  const { code, out } = await shell("--help");
  expect(code).toBe(0);
  for (const name of Object.keys(commands)) expect(out.some((line) => line.startsWith(`  ${name} `))).toBe(true);
  // A dot in a name ends no sentence.
  expect(out.join("\n")).toContain("as GGUF for llama.cpp and");
  expect((await shell("help")).out).toEqual(out);
});

test("--version is the package's", async () => {
  const { version } = (await import("../../package.json")).default;
  expect(await shell("--version")).toEqual({ code: 0, out: [version], err: [] });
});

test.each<[string[], string]>([
  [["trian"], 'Did you mean "train"?'],
  [["tokenise"], 'Did you mean "tokenize"?'],
  [["zebra"], "Use one of: train,"],
  [["rows", "--dta", "x"], 'Did you mean "--data"?'],
  [["rows", "data", "x"], 'Did you mean "--data"?'],
  [["predict", "--max-tokens", "3"], 'Did you mean "--max-new-tokens"?'],
  [["rows", "--zebra"], "Usage: rows --data PATH"],
])("%j: the nearest names are told, and the exit code is that of a wrong command line", async (args, remedy) => {
  const { code, err } = await shell(...args);
  expect(code).toBe(2);
  expect(JSON.parse(err.at(-1)!)).toMatchObject({ code: "bad-argument", remedy: expect.stringContaining(remedy) });
});
