/** vitest with a software GPU: `node scripts/unit.mjs [vitest arguments]`. */
import { spawnSync } from "node:child_process";
import { gpuEnv } from "./gpu-env.mjs";

const run = spawnSync("npx", ["vitest", "run", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: gpuEnv({ software: true }),
});
process.exit(run.status ?? 1);
