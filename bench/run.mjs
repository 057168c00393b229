/**
 * `npm run bench`: the bench page in a headless Chromium (a software adapter unless TABTUNE_CHROME_FLAGS names other flags), then one
 * training step, one answer of the demo model and the preparation of pictures in Node; figures into results.json, tables into
 * docs/measured.md, the few that say most into the README. `--page`, `--step` or `--pictures`: only that part. `--quick`: the page with
 * tiny sizes, to see that all runs. `--tables`: only the tables again.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { build, preview } from "vite";
import { chromeFlags, chromePath, gpuEnv } from "../scripts/gpu-env.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const outDir = path.join(root, ".cache/bench");
const peers = path.join(outDir, "peers.json");
const isQuick = process.argv.includes("--quick");
/** A software adapter on a busy machine. */
const PATIENCE_MS = 60 * 60 * 1000;

/** Runs the built page as a user would: one button, then the download. */
async function measurePeers() {
  const options = {
    root,
    logLevel: "error",
    build: { outDir, emptyOutDir: true },
  };
  const [load] = os.loadavg();
  await build(options);
  const server = await preview({ ...options, preview: { port: 0, strictPort: false } });
  const args = process.env.TABTUNE_CHROME_FLAGS?.split(" ") ?? chromeFlags;
  const browser = await chromium.launch({ executablePath: chromePath(), args });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => console.error(error.message));
    await page.goto(`${server.resolvedUrls.local[0]}bench.html${isQuick ? "?quick" : ""}`);
    const session = await browser.newBrowserCDPSession();
    await page.exposeFunction("benchProcessorTime", async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      return 1000 * processInfo.reduce((sum, process) => sum + process.cpuTime, 0);
    });
    await page.exposeFunction("benchStatus", (words) => console.error(words));
    await page.evaluate(() => {
      const status = document.querySelector("[role=status]");
      new MutationObserver(() => globalThis.benchStatus(status.textContent)).observe(status, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
    await page.getByRole("button", { name: "Run benchmark" }).click();
    const save = page.getByRole("button", { name: "Download result" });
    const alert = page.getByRole("alert");
    await save.or(alert).waitFor();
    if (await alert.isVisible()) throw new Error(await alert.textContent());
    const [file] = await Promise.all([page.waitForEvent("download"), save.click()]);
    await file.saveAs(peers);
    const measured = JSON.parse(fs.readFileSync(peers, "utf8"));
    measured.load = [load, os.loadavg()[0]];
    measured.cores = os.cpus().length;
    fs.writeFileSync(peers, JSON.stringify(measured));
  } finally {
    await browser.close();
    await server.close();
  }
}

function report(...args) {
  const script = ["--no-warnings", path.join(root, "scripts/run-ts.mjs"), "/bench/report.ts", ...args];
  const { status } = spawnSync(process.execPath, script, { cwd: root, stdio: "inherit", env: gpuEnv() });
  if (status !== 0) process.exit(status ?? 1);
}

const has = (flag) => process.argv.includes(flag);
if (has("--tables")) report();
// What took long is written before the next part starts.
if (!has("--tables") && !has("--step") && !has("--pictures")) {
  await measurePeers();
  report("page", peers);
}
if (!has("--tables") && !has("--page") && !has("--pictures") && !isQuick) report("step");
if (!has("--tables") && !has("--page") && !has("--step") && !isQuick) report("pictures");
fs.rmSync(outDir, { recursive: true, force: true });
