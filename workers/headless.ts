/** The engine behind a command line, on Node + Dawn: `tabtune COMMAND …`. Errors are one JSON object on stderr, or a sentence on a terminal. */
import { version } from "../package.json";
import { toReport } from "./errors.ts";
import { parseArguments, UsageError } from "./headless/arguments.ts";
import { commands } from "./headless/commands.ts";
import { helpOf, overview } from "./headless/help.ts";
import { listenForSignals, stopped } from "./headless/interrupt.ts";
import { didYouMean } from "./headless/nearest.ts";
import { terminal } from "./headless/terminal.ts";

/** Returns the exit code: 0 done, 1 failed, 2 the command line cannot be understood, 128 and a signal's number where one stopped it. */
export async function main(args: string[]): Promise<number> {
  const signals = listenForSignals(() => tellError(stopped("It was stopped.", "Give the command once more.")));
  try {
    await run(args);
    terminal.clear();
    return 0;
  } catch (error) {
    tellError(error);
    if (error instanceof UsageError) return 2;
    return (toReport(error).code === "cancelled" && signals.exitCode()) || 1;
  } finally {
    signals.dispose();
  }
}

async function run([name = "", ...rest]: string[]): Promise<void> {
  const names = Object.keys(commands);
  const say = (text: string): void => void process.stdout.write(text);
  if (["--help", "-h", "help"].includes(name)) return say(overview(names));
  if (name === "--version") return say(`${version}\n`);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const near = didYouMean(name, names);
    throw new UsageError(
      name ? `There is no command "${name}".` : "A command is missing.",
      `${near && `${near} `}Use one of: ${names.join(", ")}; --help says what they do.`,
    );
  }
  const parsed = parseArguments(name, rest, command.options);
  if (parsed.help) return say(helpOf(name, command.options));
  await command.run(parsed);
}

function tellError(error: unknown): void {
  const { code, message, remedy: advised, safe } = toReport(error);
  const again = "Give the command once more; if it happens again, report it with this text.";
  const remedy = code === "internal" ? again : advised;
  const sentence = [`tabtune: ${message}`, safe, remedy].filter(Boolean).join(" ");
  terminal.clear();
  terminal.tell(process.stderr.isTTY ? sentence : JSON.stringify({ code, message, remedy }));
  if (code === "internal" && error instanceof Error && process.env.TABTUNE_DEBUG) console.error(error.stack);
}
