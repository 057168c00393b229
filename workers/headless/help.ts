/** `--help` of the program and of a command, and the words for what is asked wrongly. */
import { commandWords, type OptionWords, optionWords } from "./help-words.ts";
import type { Options } from "./options.ts";

const WIDTH = 100;

const wordsOf = (command: string, option: string): OptionWords =>
  commandWords[command]?.options?.[option] ?? optionWords[option] ?? ["VALUE", ""];

/** Words in lines of at most `WIDTH` characters, all but the first behind `indent` spaces. */
function wrapped(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last && indent + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

const table = (rows: [string, string][]): string[] => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.map(([name, words]) => `  ${name.padEnd(width - 2)}${wrapped(words, width)}`);
};

/** `train --model DIR [--resume]`, as docs/contract.md has it. */
export function usageOf(command: string, options: Options): string {
  const parts = Object.entries(options).map(([name, kind]) => {
    const [value] = wordsOf(command, name);
    const shown = kind === "flag" ? `--${name}` : `--${name} ${value}`;
    return kind === "one" ? shown : kind === "many" ? `[${shown}]…` : `[${shown}]`;
  });
  return [command, ...parts].join(" ");
}

/** What a command does, its options and examples. */
export function helpOf(command: string, options: Options): string {
  const { does, examples } = commandWords[command]!;
  const rows = Object.entries(options).map(([name, kind]): [string, string] => {
    const [value, words] = wordsOf(command, name);
    const often = { one: "", maybe: "", flag: "", many: "; may be given several times" }[kind];
    return [`--${name}${value && ` ${value}`}`, `${words}${often}${kind === "one" ? " (needed)" : ""}`];
  });
  return [
    ...[wrapped(does, 0), "", "Usage:", `  tabtune ${wrapped(usageOf(command, options), 4)}`, "", "Options:"],
    ...[...table([...rows, ["--help", "this text"]]), "", "Examples:"],
    ...[...examples.map((example) => `  tabtune ${example}`), ""],
  ].join("\n");
}

/** All commands, each with the first sentence of what it does. */
export function overview(commands: readonly string[]): string {
  // A name may have a dot in it (llama.cpp, train.py).
  const first = (does: string): string => /^.*?\.(?= |$)/.exec(does)![0];
  return [
    "Fine-tunes vision-language models on your own GPU: the engine of the page, without a page.",
    ...[
      "",
      "Usage:",
      "  tabtune COMMAND [OPTIONS]",
      "  tabtune COMMAND --help",
      "  tabtune --version",
      "",
      "Commands:",
    ],
    ...table(commands.map((name) => [name, first(commandWords[name]!.does)])),
    ...["", "Environment:"],
    ...table([
      [
        "TABTUNE_VK_ICD",
        "the Vulkan driver file; else a GPU is taken if there is one, or a software GPU that is found",
      ],
      ["TABTUNE_CACHE", "a folder that keeps prepared weights between commands"],
      ["HF_TOKEN, HF_ENDPOINT", "as whom and from where --data hub:… is read"],
    ]),
    ...["", "Exit codes:"],
    ...table([
      ["0", "done"],
      ["1", "it failed: a sentence on stderr, or a JSON object where stderr is no terminal"],
      ["2", "the command line cannot be understood"],
      ["130, 143", "stopped by Ctrl-C or SIGTERM"],
    ]),
    "",
  ].join("\n");
}
