/** `--name value` and `--name=value` arguments, checked against what a command takes. */
import { TabTuneError } from "../errors.ts";
import { usageOf } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import type { Options } from "./options.ts";

/** The command line cannot be understood: nothing was begun, and the exit code is 2. */
export class UsageError extends TabTuneError {
  constructor(message: string, remedy: string) {
    super("bad-argument", message, remedy);
  }
}

export type { Options };

export class Arguments {
  readonly #values: Map<string, string[]>;

  constructor(values: Map<string, string[]>) {
    this.#values = values;
  }

  text(name: string): string {
    return this.#values.get(name)![0]!;
  }

  maybe(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  many(name: string): string[] {
    return this.#values.get(name) ?? [];
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }

  /** `--help`: nothing else need be there. */
  get help(): boolean {
    return this.#values.has("help");
  }

  /** A whole number of at least `least`. */
  whole(name: string, least: number): number | undefined {
    const text = this.maybe(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new UsageError(`--${name} is "${text}".`, `Give a whole number of at least ${least}.`);
  }
}

/** Throws a UsageError naming the option, and those that may be meant. `--help` stands in place of all that is missing. */
export function parseArguments(command: string, args: string[], options: Options): Arguments {
  const values = new Map<string, string[]>();
  const refuse = (what: string, hint = ""): never => {
    throw new UsageError(what, `${hint && `${hint} `}Usage: ${usageOf(command, options)}`);
  };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--help" || args[i] === "-h") {
      values.set("help", []);
      continue;
    }
    const [, written = args[i]!, inside] = /^(--[^=]+)=(.*)$/s.exec(args[i]!) ?? [];
    const name = written.replace(/^--?/, "");
    const kind = written.startsWith("--") && Object.hasOwn(options, name) ? options[name] : undefined;
    if (!kind) {
      const names = Object.keys(options).map((known) => `--${known}`);
      refuse(`${command} does not take "${written}".`, didYouMean(`--${name}`, names));
    }
    if (kind !== "many" && values.has(name)) refuse(`--${name} is given twice.`);
    if (kind === "flag" && inside !== undefined) refuse(`--${name} takes no value.`);
    if (kind === "flag") values.set(name, []);
    else {
      const value = inside ?? args[++i];
      if (value === undefined) refuse(`--${name} needs a value.`);
      values.set(name, [...(values.get(name) ?? []), value!]);
    }
  }
  for (const [name, kind] of Object.entries(options))
    if (kind === "one" && !values.has(name) && !values.has("help")) refuse(`--${name} is missing.`);
  return new Arguments(values);
}
