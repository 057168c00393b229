/** `node scripts/run-gpu.mjs MODULE …`: as `run-ts.mjs`, for modules that open a GPU in Node (this process finds a Vulkan driver for them). */
import { fileURLToPath } from "node:url";
import { gpuEnv } from "./gpu-env.mjs";
import { runNode } from "./run-node.mjs";

runNode([fileURLToPath(new URL("./run-ts.mjs", import.meta.url)), ...process.argv.slice(2)], gpuEnv());
