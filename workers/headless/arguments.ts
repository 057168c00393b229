/** `--name value` arguments, checked against what a command takes. */
import { TabTuneError } from "../errors.ts";

/** How often an option may come: "one" exactly once, "maybe" at most once, "many" any number, "flag" without a value. */
export type Options = Record<string, "one" | "maybe" | "many" | "flag">;

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

  /** A whole number of at least `least`. */
  whole(name: string, least: number): number | undefined {
    const text = this.maybe(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new TabTuneError("bad-argument", `--${name} is "${text}".`, `Give a whole number of at least ${least}.`);
  }
}

/** Throws TabTuneError "bad-argument" naming the option. */
export function parseArguments(command: string, args: string[], options: Options): Arguments {
  const values = new Map<string, string[]>();
  const refuse = (what: string): never => {
    const known = Object.entries(options).map(([name, kind]) => {
      const shown = kind === "flag" ? `--${name}` : `--${name} VALUE`;
      return kind === "one" ? shown : kind === "many" ? `[${shown}]…` : `[${shown}]`;
    });
    throw new TabTuneError("bad-argument", what, `Usage: ${command} ${known.join(" ")}`);
  };
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!.replace(/^--/, "");
    const kind = args[i]!.startsWith("--") && Object.hasOwn(options, name) ? options[name] : undefined;
    if (!kind) refuse(`${command} does not take "${args[i]}".`);
    if (kind !== "many" && values.has(name)) refuse(`--${name} is given twice.`);
    if (kind === "flag") values.set(name, []);
    else {
      const value = args[++i];
      if (value === undefined) refuse(`--${name} needs a value.`);
      values.set(name, [...(values.get(name) ?? []), value!]);
    }
  }
  for (const [name, kind] of Object.entries(options))
    if (kind === "one" && !values.has(name)) refuse(`--${name} is missing.`);
  return new Arguments(values);
}
