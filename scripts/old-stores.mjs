/**
 * Stores of earlier commits, made by those commits: `node scripts/old-stores.mjs [COMMIT …]`. Each trains two of four steps in a work tree
 * of its own; today's sources go on with its store, and must come to the steps of a run that nobody stopped. Some minutes; needs the
 * history. Prints a line a commit, and fails where one does not go on.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The last commit of each day on which the page was changed, and those at which a record changed its form. */
const COMMITS = ["b293cf8", "f3a0e43", "f625629", "a8510c8", "3969e89"];

const root = fileURLToPath(new URL("../", import.meta.url));
const golden = path.join(root, "workers/testing/goldens/llava-mha");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-old-"));
const recipe = path.join(folder, "recipe.json");
const settings = { max_steps: 4, per_device_train_batch_size: 1, lora_r: 4, learning_rate: 1e-3, save_steps: 2 };
fs.writeFileSync(recipe, JSON.stringify({ ...settings, load_in_4bit: true }));

/** Runs `train` of the sources in `tree`; each tree has a cache of its own. */
function train(tree, out, ...more) {
  const script = path.join(tree, "scripts/headless.mjs");
  const given = ["--model", `${golden}/model`, "--data", `${golden}/data`, "--recipe", recipe, "--out", out];
  const env = { ...process.env, XDG_CACHE_HOME: path.join(folder, `cache-${path.basename(tree)}`) };
  const run = spawnSync(process.execPath, [script, "train", ...given, ...more], { cwd: tree, env, encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr.trim().split("\n").at(-1));
}

function stepsOf(out) {
  const lines = fs.readFileSync(path.join(out, "steps.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

const git = (...args) => spawnSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" });

let failed = false;
try {
  const whole = path.join(folder, "whole");
  train(root, whole);
  const expected = stepsOf(whole);
  for (const commit of process.argv.length > 2 ? process.argv.slice(2) : COMMITS) {
    const tree = path.join(folder, commit);
    const out = path.join(folder, `out-${commit}`);
    try {
      if (git("worktree", "add", "--detach", tree, commit).status !== 0) throw new Error("no such commit here");
      fs.symlinkSync(path.join(root, "node_modules"), path.join(tree, "node_modules"));
      train(tree, out, "--steps", "2");
      train(root, out, "--resume");
      const steps = stepsOf(out);
      // Kernels have changed since: the first two steps are theirs, in their order of sums.
      const off = Math.max(...expected.map(({ loss }, i) => Math.abs(steps[i].loss / loss - 1)));
      if (steps.length !== expected.length || !(off < 1e-5)) throw new Error(`it came to other steps (${off})`);
      console.log(`${commit}: goes on to step ${steps.length}; losses are within ${off.toExponential(1)}`);
    } catch (error) {
      failed = true;
      console.log(`${commit}: ${error.message}`);
    } finally {
      git("worktree", "remove", "--force", tree);
    }
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
