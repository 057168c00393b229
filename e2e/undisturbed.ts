/** The run that tests of interruptions are held against: nothing happens to it. It is made once for all files of tests. */
import fs from "node:fs";
import type { Browser, Page } from "@playwright/test";
import {
  button,
  downloadAdapter,
  expect,
  type LossRow,
  loadDemo,
  lossTable,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  waitForEnd,
  watch,
} from "./fixtures.ts";

export const STEPS = 8;

/** Beside the verdict of the first visit: Playwright empties the folder when tests begin. */
const KEPT = "test-results/undisturbed.json";

export interface Outcome {
  losses: LossRow[];
  weights: Uint8Array;
}

/** Begins a run of `STEPS` steps that saves every so many. */
export async function startRun(page: Page, every: number): Promise<void> {
  await prepare(page);
  await setRecipe(page, shortRecipe(STEPS, every));
  await button(page, "Start training").click();
}

/** As a user does after coming back: load the model, go on. The data set is still prepared. Returns the step that was saved. `of` its steps, as a pattern. */
export async function goOn(page: Page, of = String(STEPS)): Promise<number> {
  const interrupted = new RegExp(`interrupted, step (\\d+) of ${of}`);
  await expect(panel(page, "Runs")).toContainText(interrupted, { timeout: SLOW });
  const saved = interrupted.exec((await panel(page, "Runs").textContent())!)![1];
  await loadDemo(page);
  await button(page, "Resume run").click();
  return Number(saved);
}

/** Waits for the end of the run. */
export async function finish(page: Page): Promise<Outcome> {
  await waitForEnd(page, STEPS);
  await expect(panel(page, "Runs")).toContainText(`done, step ${STEPS} of ${STEPS}`);
  return { losses: await lossTable(page), weights: (await downloadAdapter(page)).weights };
}

/** Losses and adapter are the same to the last bit. */
export function expectSame(outcome: Outcome, reference: Outcome): void {
  expect(outcome.losses).toEqual(reference.losses);
  expect(Buffer.compare(outcome.weights, reference.weights), "adapter bytes").toBe(0);
}

/** What `run` gives in a context that no test has. */
export async function onPageOfItsOwn<T>(browser: Browser, run: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  await watch(context);
  const given = await run(await context.newPage());
  await context.close();
  return given;
}

export async function undisturbed(browser: Browser): Promise<Outcome> {
  if (fs.existsSync(KEPT)) {
    const { losses, weights } = JSON.parse(fs.readFileSync(KEPT, "utf8")) as { losses: LossRow[]; weights: string };
    return { losses, weights: Buffer.from(weights, "base64") };
  }
  const { losses, weights } = await onPageOfItsOwn(browser, async (page) => {
    await startRun(page, 2);
    return finish(page);
  });
  expect(losses.map((row) => row.step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  fs.writeFileSync(KEPT, JSON.stringify({ losses, weights: Buffer.from(weights).toString("base64") }));
  return { losses, weights };
}
