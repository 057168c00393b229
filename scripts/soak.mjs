/**
 * `npm run soak`: a run of the demo model that is disturbed at seeded moments, beside one that is left alone (e2e/soak.spec.ts); its record
 * into docs/soak.json. `-- --seed N --steps N --moments N` for another one, `--out FILE` for another place; `--moments 0` asks
 * about memory alone. Most of an hour.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "500" },
    moments: { type: "string", default: "40" },
    out: { type: "string", default: path.join(root, "docs/soak.json") },
  },
});
const whole = (name, least) => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} is ${values[name]}; it must be a whole number of ${least} or more.\n`);
  process.exit(2);
};
const asked = {
  seed: whole("seed", 0),
  steps: whole("steps", 1),
  moments: whole("moments", 0),
  record: path.resolve(values.out),
};
const { status } = spawnSync(
  process.execPath,
  [path.join(root, "node_modules/@playwright/test/cli.js"), "test", "--no-deps", "e2e/soak.spec.ts"],
  { cwd: root, stdio: "inherit", env: { ...process.env, TABTUNE_SOAK: JSON.stringify(asked) } },
);
process.exit(status ?? 1);
