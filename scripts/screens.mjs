/** `npm run screens`: the page as six people meet it, each place once, into docs/screens/. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = path.join(root, "docs", "screens");
fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [path.join(root, "node_modules/@playwright/test/cli.js"), "test", "e2e/people.spec.ts"],
  { cwd: root, stdio: "inherit", env: { ...process.env, TABTUNE_SCREENS: folder } },
);
process.exit(status ?? 1);
