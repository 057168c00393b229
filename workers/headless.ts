/** The engine behind a command line, on Node + Dawn: `npm run -s headless -- COMMAND …`. Errors are one JSON object on stderr. */
import { TabTuneError, toReport } from "./errors.ts";
import { parseArguments } from "./headless/arguments.ts";
import { commands } from "./headless/commands.ts";

/** Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    const [name = "", ...rest] = args;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) {
      throw new TabTuneError(
        "bad-argument",
        name ? `There is no command "${name}".` : "A command is missing.",
        `Use one of: ${Object.keys(commands).join(", ")}.`,
      );
    }
    await command.run(parseArguments(name, rest, command.options));
    return 0;
  } catch (error) {
    const { code, message, remedy } = toReport(error);
    process.stderr.write(`${JSON.stringify({ code, message, remedy })}\n`);
    if (code === "internal" && error instanceof Error && process.env.TABTUNE_DEBUG) console.error(error.stack);
    return 1;
  }
}
