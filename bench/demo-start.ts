/**
 * How long the demo takes to its first step in a browser that has never seen the page, and what of it is the self-test: by one press, and
 * by hand with some seconds to look at the data. Seconds on the clock and of the processor (Linux). One JSON line.
 *
 *     npm run build && npm run preview &
 *     node scripts/run-ts.mjs /bench/demo-start.ts http://localhost:4173
 *
 * A last argument says how many seconds somebody looks (10). Two minutes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Page } from "@playwright/test";
import { chromeLaunch } from "../scripts/gpu-env.mjs";
import { browserProcesses } from "./browser-processes.ts";

const LIMIT_MS = 600_000;

export async function main([site = "", looking = "10"]: string[]): Promise<number> {
  const onePress = await inNewBrowser(site, byOnePress);
  const byHand = await inNewBrowser(site, (page) => bySteps(page, Number(looking)));
  process.stdout.write(`${JSON.stringify({ onePress, byHand, load: loadavg()[0] })}\n`);
  return 0;
}

async function inNewBrowser<T>(site: string, walk: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(path.join(tmpdir(), "tabtune-profile-"));
  const context = await chromium.launchPersistentContext(profile, chromeLaunch());
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(site);
    return await walk(page);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Seconds since it was made, on the clock and of the processor. */
async function stopwatch() {
  const spent = async (): Promise<number> => (await browserProcesses()).reduce((sum, { seconds }) => sum + seconds, 0);
  const [began, before] = [performance.now(), await spent()];
  return async () => {
    const processor = (await spent()) - before;
    return { clock: Math.round((performance.now() - began) / 100) / 10, processor: Math.round(processor * 10) / 10 };
  };
}

/** Waits for words of a panel's status; what goes wrong there ends the wait. Playwright alone looks every half second. */
async function told(page: Page, panel: string, words: RegExp): Promise<void> {
  const region = page.getByRole("region", { name: panel });
  const alert = region.getByRole("alert");
  while ((await region.getByRole("status").filter({ hasText: words }).count()) === 0) {
    if ((await alert.count()) > 0) throw new Error(`${panel}: ${await alert.first().textContent()}`);
    await page.waitForTimeout(50);
  }
}

const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();

/** What the kept verdict says that the test took. */
const selfTestSeconds = (page: Page): Promise<number | undefined> =>
  page.evaluate(
    () =>
      new Promise<number | undefined>((resolve, reject) => {
        const opening = indexedDB.open("tabtune");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const [name] = opening.result.objectStoreNames;
          const all = opening.result.transaction(name!).objectStore(name!);
          const range = IDBKeyRange.bound("self-test/", "self-test/\uffff");
          const reading = all.get(range);
          reading.onsuccess = () =>
            resolve(reading.result && JSON.parse(new TextDecoder().decode(reading.result)).seconds);
          reading.onerror = () => reject(reading.error);
        };
      }),
  );

async function byOnePress(page: Page) {
  await page.getByRole("button", { name: "Try the demo" }).waitFor();
  const watch = await stopwatch();
  await press(page, "Try the demo");
  await told(page, "Model", /ready/);
  const model = await watch();
  await told(page, "Data", /rows ready/);
  const rows = await watch();
  await told(page, "Training", /^Step [1-9]/);
  return { model, rows, firstStep: await watch(), selfTest: await selfTestSeconds(page) };
}

async function bySteps(page: Page, looking: number) {
  await press(page, "Load model");
  await told(page, "Model", /ready/);
  await press(page, "Use sample data");
  await told(page, "Data", /rows ready/);
  await page.waitForTimeout(1000 * looking);
  const watch = await stopwatch();
  await press(page, "Start training");
  await told(page, "Training", /^Step [1-9]/);
  return { looking, startToFirstStep: await watch(), selfTest: await selfTestSeconds(page) };
}
