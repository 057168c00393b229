/** A command in a process of its own, as if it were this one: its streams, the signals that come here, and its exit code. */
import { spawn } from "node:child_process";
import os from "node:os";

/** `args` are Node's: its options, a script, and what the script gets. Ends this process when the other one has ended. */
export function runNode(args, env) {
  const child = spawn(process.execPath, ["--no-warnings", ...args], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : code));
}
