/**
 * `npm test`: everything that runs without a person. Unit and kernel tests (vitest, WebGPU in Node on a software GPU), then a
 * production build and the browser tests (Playwright). The last line sums both up; any failure makes the exit code 1.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gpuEnv } from "./gpu-env.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const results = path.join(root, "test-results");
const unitReport = path.join(results, "unit.json");
const pageReport = path.join(results, "e2e.json");

/** Tests that take 20 seconds and more each, and of whose matter other tests hold the most. */
const LONG = "@long";

/** How many there are, by a listing that opens no browser. */
function longTests() {
  const script = path.join(root, "node_modules/@playwright/test/cli.js");
  const args = [script, "test", "--list", "--reporter=json", "--no-deps", "--grep", LONG];
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 1e8 });
  return JSON.parse(stdout).suites.flatMap(function specs({ specs: own = [], suites = [] }) {
    return [...own, ...suites.flatMap(specs)];
  }).length;
}

/** Runs a tool of node_modules; returns true when it exits with 0. */
function run(tool, args, env = process.env) {
  const script = path.join(root, "node_modules", tool);
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit", env });
  if (error) console.error(error.message);
  return status === 0;
}

/** A report, or undefined when the runner died before it wrote one. */
function read(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : undefined;
}

/** Counted before the browser tests: Playwright empties the folder when it starts. */
function unitCounts(ok) {
  const report = read(unitReport);
  if (!report) return { passed: 0, failed: 1 };
  // A file that does not even load has no tests to count.
  const unloaded = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
  const failed = report.numFailedTests + unloaded;
  return { passed: report.numPassedTests, failed: ok ? failed : Math.max(1, failed) };
}

function pageCounts(ok) {
  const report = read(pageReport);
  if (!report) return { passed: 0, failed: 1 };
  const { expected, flaky, unexpected } = report.stats;
  return { passed: expected + flaky, failed: ok ? unexpected : Math.max(1, unexpected) };
}

fs.rmSync(results, { recursive: true, force: true });
const unitOk = run(
  "vitest/vitest.mjs",
  ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${unitReport}`],
  gpuEnv({ software: true }),
);
const unit = unitCounts(unitOk);
const pageOk = run("@playwright/test/cli.js", ["test", "--grep-invert", LONG]);
const page = pageCounts(pageOk);
const long = longTests();

console.log(`${long} long browser tests are left to npm run test:long`);
console.log(`${unit.passed + page.passed} passed, ${unit.failed + page.failed} failed`);
process.exit(unit.failed + page.failed === 0 ? 0 : 1);
