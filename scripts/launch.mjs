#!/usr/bin/env node
/**
 * `tabtune COMMAND …`, bundled: finds a Vulkan driver, and begins the command. The driver's loader reads its environment at the start of a
 * process: where it has to be another one, the command gets a process of its own.
 */
import { fileURLToPath } from "node:url";
import { gpuEnv } from "./gpu-env.mjs";
import { runNode } from "./run-node.mjs";

const address = new URL("./main.mjs", import.meta.url).href;
const main = fileURLToPath(address);
const env = gpuEnv();
if (env.LD_LIBRARY_PATH !== process.env.LD_LIBRARY_PATH) runNode([main, ...process.argv.slice(2)], env);
else {
  // What Node says of its own experiments is nothing to the user. Threads read the variable.
  process.removeAllListeners("warning");
  process.env.NODE_NO_WARNINGS = "1";
  // Threads begin with it; this file's own name may be that of a link of npm's.
  process.argv[1] = main;
  await import(/* @vite-ignore */ address);
}
