/**
 * `npm run -s headless -- COMMAND …`: the engine of the page behind a command line, on Node + Dawn. This process only finds a
 * Vulkan driver (the loader reads its environment at start) and hands over to a child that runs the TypeScript through Vite.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gpuEnv } from "./gpu-env.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const child = spawn(
  process.execPath,
  ["--no-warnings", path.join(here, "run-ts.mjs"), "/workers/headless.ts", ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: gpuEnv(),
  },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
