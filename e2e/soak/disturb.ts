/** Disturbs a run at a moment, and goes on as a person would; afterwards it trains again. */
import type { Page } from "@playwright/test";
import { crashGpu, killBrowser } from "../fault-points.ts";
import { alertIn, button, expect, expectAlert, panel, SLOW, statusOf, stepOf, type Watch } from "../fixtures.ts";
import { goOn } from "../undisturbed.ts";
import { type Launch, openBrowser, type SoakBrowser } from "./browser.ts";
import { fill, free, lend } from "./full-disk.ts";
import type { Moment } from "./moments.ts";

/** The step that the run went on from, where it went back to a checkpoint. */
export type WentOn = { from: number } | undefined;

export class Disturbing {
  browser: SoakBrowser;
  /** Of every browser so far. */
  readonly seen: Watch[];
  readonly #launch: Launch;

  constructor(browser: SoakBrowser, launch: Launch) {
    this.browser = browser;
    this.seen = [browser.seen];
    this.#launch = launch;
  }

  async at(moment: Moment): Promise<WentOn> {
    await this.#reach(moment);
    switch (moment.kind) {
      case "kill":
        await killBrowser(this.browser.context);
        return this.#open();
      case "reload":
        await this.browser.page.reload();
        return comeBack(this.browser.page);
      case "gpu-crash":
        return crash(this.browser.page);
      case "full-disk":
        return fillUp(this.browser.page);
      case "second-tab":
        return this.#secondTab(moment.takesOver);
    }
  }

  /** Waits, or for one of the writes that the moment names: the worker stands still before it. */
  async #reach({ before, nth, wait }: Moment): Promise<void> {
    if (!before) return this.browser.page.waitForTimeout(wait);
    let left = nth;
    const held = this.browser.points!.holdAt({ test: (write) => before.test(write) && --left === 0 });
    const ended = statusOf(this.browser.page, "Training").filter({ hasText: "Done." });
    const missed = ended.waitFor({ timeout: SLOW }).then(() => {
      throw new Error(`The run ended before write ${nth} that is ${before.source}.`);
    });
    await Promise.race([held, missed]);
  }

  async #open(): Promise<WentOn> {
    this.browser = await openBrowser(this.#launch, true);
    this.seen.push(this.browser.seen);
    return comeBack(this.browser.page);
  }

  /** A second tab shows the run and cannot take it; once the first is closed it can. */
  async #secondTab(takesOver: boolean): Promise<WentOn> {
    const { context, page: first } = this.browser;
    const second = await context.newPage();
    await second.goto("/");
    await lend(second);
    await expect(panel(second, "Runs")).toContainText("running in another tab", { timeout: SLOW });
    await expect(button(second, "Resume run")).toHaveCount(0);
    if (!takesOver) {
      await second.close();
      return undefined;
    }
    await first.close();
    this.browser.page = second;
    return comeBack(second);
  }
}

/** As a user does after coming back, until it trains again. */
async function comeBack(page: Page): Promise<WentOn> {
  const from = await goOn(page, "\\d+");
  await training(page);
  return { from };
}

/** The GPU's process dies; the page opens another one by itself, says so, and trains again. */
async function crash(page: Page): Promise<WentOn> {
  await crashGpu(page);
  await expect(panel(page, "Training")).toContainText("The GPU was lost; it was opened again", { timeout: SLOW });
  return { from: await training(page) };
}

/** Waits until steps are made or held-out rows measured. Returns the step at which that is seen. */
async function training(page: Page): Promise<number> {
  const going = statusOf(page, "Training").getByText(/^(Step|Measuring|Answering) /);
  await expect(going).toBeVisible({ timeout: SLOW });
  return stepOf(page);
}

/** Until a checkpoint finds no room; the first time features may make way for it. Nothing is lost: with room the run goes on where it stood. */
async function fillUp(page: Page): Promise<WentOn> {
  const alert = alertIn(page, "Training");
  await expect
    .poll(
      async () => {
        if (await alert.isVisible()) return true;
        if ((await statusOf(page, "Training").textContent())?.startsWith("Done"))
          throw new Error("The run ended before its disk was full.");
        await fill(page);
        return alert.isVisible();
      },
      { timeout: SLOW, intervals: [1000] },
    )
    .toBe(true);
  await expectAlert(page, "Training", { happened: /full/, safe: /nothing of it is lost/, remedy: /press Resume/ });
  await expect(statusOf(page, "Training")).toContainText("Paused");
  await free(page);
  await button(page, "Resume").click();
  await expect(alert).toHaveCount(0);
  return undefined;
}
