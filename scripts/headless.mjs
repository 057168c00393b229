/**
 * `npm run -s headless -- COMMAND …`: the engine of the page behind a command line, on Node + Dawn, from the very sources: Vite runs the
 * TypeScript. This process only finds a Vulkan driver (the loader reads its environment at start). `npm run build:cli` makes the command line
 * that needs no Vite.
 */
import { fileURLToPath } from "node:url";
import { gpuEnv } from "./gpu-env.mjs";
import { runNode } from "./run-node.mjs";

const runTs = fileURLToPath(new URL("./run-ts.mjs", import.meta.url));
runNode([runTs, "/workers/headless.ts", ...process.argv.slice(2)], gpuEnv());
