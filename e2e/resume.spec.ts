/**
 * The same run three times: undisturbed, with the page reloaded in the middle of four different writes of a checkpoint, and with
 * the whole browser killed. Losses and adapter must come out the same to the last bit.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { faultPoints, killBrowser } from "./fault-points.ts";
import { expect, test, waitForStep, watch } from "./fixtures.ts";
import { expectSame, finish, goOn, type Outcome, startRun, undisturbed } from "./undisturbed.ts";

const EVERY = 2;

const start = (page: Page): Promise<void> => startRun(page, EVERY);

async function goOnFrom(page: Page, savedStep: number): Promise<void> {
  expect(await goOn(page)).toBe(savedStep);
}

let reference: Outcome;

test.beforeAll(async ({ browser }) => {
  reference = await undisturbed(browser);
});

test("reloads in the middle of checkpoints change nothing", { tag: "@long" }, async ({ page, context }) => {
  test.setTimeout(600_000);
  const points = await faultPoints(context);
  const reloadAt = async (write: RegExp): Promise<void> => {
    await points.holdAt(write);
    await page.reload();
  };

  // Before the first checkpoint is whole there is nothing to go on from: the seed makes the same start again.
  const firstChunk = reloadAt(/^put run\/.*\/chunk\//);
  await start(page);
  await firstChunk;
  await goOnFrom(page, 0);

  await waitForStep(page, 3);
  await reloadAt(/^put run\/.*\/manifest$/);
  await goOnFrom(page, 2);

  await waitForStep(page, 3);
  await reloadAt(/^put run\/.*\/latest$/);
  await goOnFrom(page, 2);

  // The checkpoint of step 6 is whole, the one of step 2 not yet swept.
  await waitForStep(page, 5);
  await reloadAt(/^delete run\/.*\/manifest$/);
  await goOnFrom(page, 6);

  expectSame(await finish(page), reference);
});

test("killing the browser changes nothing", async ({ playwright: _, baseURL }, testInfo) => {
  test.setTimeout(600_000);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-profile-"));
  const open = async (): Promise<{ context: BrowserContext; page: Page }> => {
    const context = await chromium.launchPersistentContext(profile, { ...testInfo.project.use.launchOptions, baseURL });
    await watch(context);
    return { context, page: context.pages()[0] ?? (await context.newPage()) };
  };
  try {
    // In the middle of a checkpoint: its chunks are written, its manifest is not.
    let { context, page } = await open();
    const points = await faultPoints(context);
    await start(page);
    await waitForStep(page, 3);
    await points.holdAt(/^put run\/.*\/manifest$/);
    await killBrowser(context);

    // In the middle of a step.
    ({ context, page } = await open());
    await page.goto("/");
    await goOnFrom(page, 2);
    await waitForStep(page, 5);
    await killBrowser(context);

    ({ context, page } = await open());
    await page.goto("/");
    await goOnFrom(page, 4);
    expectSame(await finish(page), reference);
    await context.close();
  } finally {
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
