/**
 * A checkpoint of full size through the page in a real Chromium: seconds of a load from the folder or the hub, and of the next one from
 * the cache, with the most memory that each of the browser's processes ever held (Linux). One JSON line.
 *
 *     npm run build && npm run preview &
 *     node scripts/run-ts.mjs /bench/full-size-page.ts folder DIR/model http://localhost:4173
 *     node scripts/run-ts.mjs /bench/full-size-page.ts hub DIR/model http://localhost:4173
 *
 * `reference/make_full_size.py` makes such folders. Not part of the tests: it takes minutes, and gigabytes of disk.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, chromium, type Locator, type Page } from "@playwright/test";
import { chromeLaunch } from "../scripts/gpu-env.mjs";
import { browserProcesses } from "./browser-processes.ts";

export const HOUR = 3_600_000;
const REPO = "someone/full-size";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

interface Load {
  seconds: number;
  status: string;
  /** By kind of process, the most that the largest of that kind held. */
  peakBytes: Record<string, number>;
  /** What the origin keeps, as the browser counts it. */
  stored: { usage: number; quota: number };
}

export async function main([source, model = "", site = ""]: string[]): Promise<number> {
  const profile = await mkdtemp(path.join(tmpdir(), "tabtune-profile-"));
  const hub = source === "hub" ? await serveFolder(model) : undefined;
  try {
    const loads: Load[] = [];
    // A fresh browser for each: peaks are of one load, and nothing is left in memory for the second.
    for (const order of ["first", "second"]) {
      const context = await chromium.launchPersistentContext(profile, chromeLaunch());
      try {
        loads.push(await load(context, site, hub?.endpoint, model, order === "first"));
      } finally {
        await context.close();
      }
    }
    const [first, second] = loads;
    process.stdout.write(`${JSON.stringify({ source, first, second, faster: first!.seconds / second!.seconds })}\n`);
  } finally {
    await hub?.close();
    await rm(profile, { recursive: true, force: true });
  }
  return 0;
}

async function load(
  context: BrowserContext,
  site: string,
  endpoint: string | undefined,
  model: string,
  fetches: boolean,
): Promise<Load> {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(HOUR);
  await page.goto(site);
  if (endpoint) await chooseHub(page, endpoint);
  else await chooseFolder(page, "Choose model folder", model);
  const panel = page.getByRole("region", { name: "Model" });
  let began = performance.now();
  await page.getByRole("button", { name: "Load model" }).click();
  if (endpoint && fetches) {
    const offer = page.getByRole("button", { name: /^Download \d/ });
    await offer.waitFor();
    began = performance.now();
    await offer.click();
  }
  const { text: status } = await readyOrAlert(panel, "ready");
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const stored = await page.evaluate(() => navigator.storage.estimate());
  return {
    seconds,
    status,
    peakBytes: await peaks(),
    stored: { usage: stored.usage ?? 0, quota: stored.quota ?? 0 },
  };
}

/** Waits until a panel's status has these words, or the panel an alert: which it was, and what it says. */
export async function readyOrAlert(panel: Locator, words: string): Promise<{ found: boolean; text: string }> {
  const status = panel.getByRole("status").filter({ hasText: words });
  const ended = status.or(panel.getByRole("alert"));
  // Playwright alone looks every half second.
  while ((await ended.count()) === 0) await panel.page().waitForTimeout(50);
  return { found: (await status.count()) > 0, text: (await ended.first().textContent()) ?? "" };
}

export async function chooseFolder(page: Page, button: string, folder: string): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: button, exact: true }).click();
  await (await choosing).setFiles(folder);
}

async function chooseHub(page: Page, endpoint: string): Promise<void> {
  await page.getByRole("combobox", { name: "Model" }).selectOption("other");
  await page.getByLabel("Name on the hub").fill(REPO);
  await page.getByText("Hub settings").click();
  await page.getByLabel("Hub address").fill(endpoint);
}

/** By kind of process, the most that the largest of that kind held. */
export async function peaks(): Promise<Record<string, number>> {
  const out: Record<string, number> = {};
  for (const { kind, peakBytes } of await browserProcesses()) out[kind] = Math.max(out[kind] ?? 0, peakBytes);
  return out;
}

/** A hub with one repository: the files of `folder`, streamed. */
async function serveFolder(folder: string): Promise<{ endpoint: string; close(): Promise<void> }> {
  const siblings: Record<string, unknown>[] = [];
  for (const rfilename of await readdir(folder)) {
    const file = path.join(folder, rfilename);
    const { size } = await stat(file);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 22 })) hash.update(chunk as Buffer);
    siblings.push({ rfilename, size, lfs: { sha256: hash.digest("hex"), size } });
  }
  const server = createServer(async (request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    response.setHeader("Access-Control-Expose-Headers", "*");
    if (request.method === "OPTIONS") return void response.end();
    const { pathname } = new URL(request.url!, "http://x");
    if (pathname.startsWith("/api/")) {
      response.setHeader("Content-Type", "application/json");
      return void response.end(JSON.stringify({ sha: COMMIT, siblings, cardData: { license: "apache-2.0" } }));
    }
    const file = path.join(folder, path.basename(pathname));
    const { size } = await stat(file);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? ["", "0", String(size - 1)];
    response.writeHead(206, {
      "Content-Range": `bytes ${from}-${to}/${size}`,
      "Content-Length": Number(to) - Number(from) + 1,
      ETag: '"1"',
    });
    createReadStream(file, { start: Number(from), end: Number(to) }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
