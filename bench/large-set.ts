/**
 * A data set that is far larger than memory through the page in a real Chromium, with a new profile, the demo model and a run of a few
 * steps: seconds from the drop, processor seconds, and the memory of page and workers above the page at rest (Linux). One JSON line.
 *
 *     python reference/make_large_dataset.py /tmp/large-set
 *     npm run build && npm run preview &
 *     node scripts/run-ts.mjs /bench/large-set.ts /tmp/large-set http://localhost:4173
 *     node scripts/run-ts.mjs /bench/large-set.ts sample http://localhost:4173         # the sample data instead
 *
 * Before the drop the page stands for 20 s, as with a person who looks for the files; a last argument says for how many. A minute or two.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Page } from "@playwright/test";
import { chromeLaunch } from "../scripts/gpu-env.mjs";
import { browserProcesses } from "./browser-processes.ts";

const MINUTES = 60_000;
const STEPS = 6;
const SAMPLE_MS = 100;

interface Memory {
  /** Of renderer processes: the page and its workers. */
  residentBytes: number;
  ownBytes: number;
  gpuBytes: number;
  /** Processor time of all processes. */
  seconds: number;
}

export async function main([set = "", site = "", rest = "20"]: string[]): Promise<number> {
  const profile = await mkdtemp(path.join(tmpdir(), "tabtune-profile-"));
  const context = await chromium.launchPersistentContext(profile, chromeLaunch());
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    process.stdout.write(`${JSON.stringify(await measured(page, set, site, Number(rest)))}\n`);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
  return 0;
}

async function measured(page: Page, set: string, site: string, rest: number) {
  page.setDefaultTimeout(10 * MINUTES);
  await page.goto(site);
  const opened = await memory();
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const told = async (panel: string, words: RegExp): Promise<string> => {
    const region = page.getByRole("region", { name: panel });
    const found = region.getByRole("status").filter({ hasText: words });
    const alert = region.getByRole("alert");
    // Playwright alone looks every half second.
    while ((await found.count()) === 0) {
      if ((await alert.count()) > 0) throw new Error(`${panel}: ${await alert.first().textContent()}`);
      await page.waitForTimeout(50);
    }
    return (await found.first().textContent()) ?? "";
  };
  await button("Load model").click();
  await told("Model", /ready/);
  const idle = await memory();
  const watch = peaks();
  const recipe = { Steps: 500, "Batch size": 8, "Save every … steps": 1000 };
  await page.getByText("More settings").click();
  for (const [name, value] of Object.entries(recipe)) {
    await page.getByRole("spinbutton", { name, exact: true }).fill(String(value));
  }
  await page.waitForTimeout(1000 * rest);
  const before = watch.next();

  const [load] = loadavg();
  const began = performance.now();
  const { seconds: atDrop } = await memory();
  const since = (from: number): number => Math.round((performance.now() - from) / 100) / 10;
  if (set === "sample") {
    await button("Use sample data").click();
  } else {
    const choosing = page.waitForEvent("filechooser");
    await button("Choose folder").click();
    await (await choosing).setFiles(set);
  }
  const chosen = since(began);
  const rows = await told("Data", /rows ready/);
  const ready = since(began);
  say(`${rows} after ${ready} s`);
  const reading = watch.next();
  const { seconds: atStart } = await memory();
  const pressed = performance.now();
  await button("Start training").click();
  await told("Training", /^Step [1-9]/);
  const first = { sinceDrop: since(began), sinceStart: since(pressed) };
  const starting = watch.next();
  say(`first step ${first.sinceDrop} s after the drop, ${first.sinceStart} s after Start`);
  const { seconds: atStep } = await memory();
  await told("Training", new RegExp(`^Step (${STEPS}|${STEPS + 1}|${STEPS + 2}) `));
  const steps = watch.next();
  watch.end();

  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  const above = (peak: Memory) => ({
    resident: mb(peak.residentBytes - idle.residentBytes),
    own: mb(peak.ownBytes - idle.ownBytes),
    gpuProcess: mb(peak.gpuBytes),
  });
  return {
    rows,
    load: [load, loadavg()[0]],
    seconds: { chosen, ready, firstStep: first },
    processorSeconds: { untilReady: atStart - atDrop, startToStep: atStep - atStart },
    idleMb: { page: mb(opened.residentBytes), withModel: mb(idle.residentBytes), own: mb(idle.ownBytes) },
    peakMbAboveIdle: { rest: above(before), reading: above(reading), starting: above(starting), steps: above(steps) },
  };
}

const say = (words: string): boolean => process.stderr.write(`${words}\n`);

async function memory(): Promise<Memory> {
  const all = await browserProcesses();
  const renderers = all.filter(({ kind }) => kind === "renderer");
  if (renderers.length === 0) throw new Error("no process of the page was found");
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    residentBytes: sum(renderers.map((p) => p.residentBytes)),
    ownBytes: sum(renderers.map((p) => p.ownBytes)),
    gpuBytes: sum(all.filter(({ kind }) => kind === "gpu-process").map((p) => p.residentBytes)),
    seconds: sum(all.map((p) => p.seconds)),
  };
}

/** Looks ten times a second; `next` gives the most since the last call. `BENCH_TIMELINE=1` tells every look on stderr. */
function peaks(): { next(): Memory; end(): void } {
  const nothing: Memory = { residentBytes: 0, ownBytes: 0, gpuBytes: 0, seconds: 0 };
  let most = nothing;
  let ended = false;
  const began = performance.now();
  const look = async (): Promise<void> => {
    while (!ended) {
      const now = await memory();
      if (now.residentBytes > most.residentBytes) most = now;
      if (process.env.BENCH_TIMELINE) {
        const mb = [now.residentBytes, now.ownBytes, now.gpuBytes].map((bytes) => Math.round(bytes / 1e6));
        process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s ${mb.join(" ")}\n`);
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  const looking = look();
  // The browser may be closed while it is looked at.
  looking.catch(() => undefined);
  return {
    next() {
      const found = most;
      most = nothing;
      return found;
    },
    end() {
      ended = true;
    },
  };
}
