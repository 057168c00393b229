/** `npm run bench`: one steady optimizer step of the demo model, by kernel, into results.json. `--readme` writes the README's table. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gpuEnv } from "../scripts/gpu-env.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const args = ["--no-warnings", path.join(root, "scripts/run-ts.mjs"), "/bench/step.ts", ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env: gpuEnv() });
process.exit(status ?? 1);
