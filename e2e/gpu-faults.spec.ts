/** What a GPU does in the middle of a run: it is lost, refuses a kernel, gives no number. Nothing that was saved is lost, and nothing is silent. */
import { type Browser, chromium, type Page } from "@playwright/test";
import { VISITED } from "../playwright.config.ts";
import { crashGpu, fragileGpu } from "./fault-points.ts";
import {
  alertIn,
  ask,
  button,
  expect,
  expectAlert,
  lossTable,
  panel,
  statusOf,
  test,
  waitForStep,
  watch,
} from "./fixtures.ts";
import { expectSame, finish, startRun, undisturbed } from "./undisturbed.ts";

test("a device that is lost in the middle of a step, a kernel that is refused, a loss that is no number", {
  tag: "@long",
}, async ({ page, context, browser }) => {
  test.setTimeout(400_000);
  const reference = await undisturbed(browser);
  const gpu = await fragileGpu(context, page);
  await startRun(page, 2);

  await test.step("a loss of the device is not seen as zeros: it is opened again, and the run goes on from its checkpoint", async () => {
    await waitForStep(page, 3);
    await gpu.lose();
    await expect(panel(page, "Training")).toContainText("The GPU was lost; it was opened again", { timeout: 60_000 });
  });

  await test.step("a kernel that is refused ends the run, by its name", async () => {
    await waitForStep(page, 5);
    await gpu.misuse();
    await expectAlert(page, "Training", {
      happened: /The GPU refused the kernel "[\w -]+":/,
      safe: /last checkpoint is saved/,
      remedy: /resume from the last checkpoint/,
    });
    await expect(statusOf(page, "Training")).toContainText("Failed");
    expect((await lossTable(page)).every(({ loss }) => loss > 0)).toBe(true);
  });

  await test.step("it goes on on a new device, until a loss is no number", async () => {
    await button(page, "Resume run").click();
    await expect(alertIn(page, "Training")).toHaveCount(0);
    await waitForStep(page, 5);
    await gpu.poison();
    await expectAlert(page, "Training", {
      happened:
        /^Step [678] gave a loss of .+: all 2 of its rows do so; in the first, metadata\.jsonl line \d+, values stop being/,
      safe: /The adapter is as it was after step \d/,
      remedy: /Lower the learning rate, then go on from the last checkpoint/,
    });
    expect((await lossTable(page)).every(({ loss }) => loss > 0)).toBe(true);
  });

  await test.step("and goes on from its checkpoint once more", async () => {
    await button(page, "Resume run").click();
    expectSame(await finish(page), reference);
  });
});

/** Chromium counts the crashes of a session: a browser of its own, in which nothing has crashed. */
const ownBrowser = test.extend<{ own: Browser; page: Page }>({
  own: async ({ playwright: _ }, use, testInfo) => {
    const browser = await chromium.launch(testInfo.project.use.launchOptions);
    await use(browser);
    await browser.close();
  },
  page: async ({ own, baseURL }, use, testInfo) => {
    const { viewport } = testInfo.project.use;
    const context = await own.newContext({ baseURL: baseURL!, viewport: viewport!, storageState: VISITED });
    const seen = await watch(context);
    await use(await context.newPage());
    expect(seen.errors, "uncaught errors").toEqual([]);
  },
});

/** Two crashes in the middle of a run: from the first it comes back by itself, behind the second there is no GPU for two minutes. */
async function crashTwice(page: Page): Promise<void> {
  await startRun(page, 2);
  await waitForStep(page, 3);
  await crashGpu(page);
  await expect(panel(page, "Training")).toContainText("The GPU was lost; it was opened again", { timeout: 60_000 });
  await waitForStep(page, 5);
  await crashGpu(page);
  await expectAlert(page, "Training", {
    happened: /The GPU crashed twice in a row/,
    safe: /last checkpoint is saved/,
    remedy: /Reload the page .* this page asks every 10 seconds/,
  });
}

ownBrowser(
  "two crashes of the GPU process in a row: the run goes on, the second time when the page is reloaded",
  { tag: "@long" },
  async ({ page, browser }) => {
    test.setTimeout(400_000);
    const reference = await undisturbed(browser);
    await crashTwice(page);
    await test.step("the pictures of the rows are still there", async () => {
      const fewestColours = (): Promise<number> =>
        page.locator(".thumbnail").evaluateAll((all) => {
          const counts = (all as HTMLCanvasElement[]).map((canvas) => {
            const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
            return new Set(data).size;
          });
          return counts.length === 8 ? Math.min(...counts) : 0;
        });
      await expect.poll(fewestColours).toBeGreaterThan(2);
    });
    await page.reload();
    await expect(panel(page, "Training")).toContainText("the run went on by itself", { timeout: 60_000 });
    expectSame(await finish(page), reference);
    await test.step("the model on the new device answers", async () => {
      expect((await ask(page, "What do you see?", "public/demo/data/images/001.webp")).trim()).not.toBe("");
    });
  },
);

ownBrowser(
  "two crashes of the GPU process in a row: who waits has the run back as well",
  { tag: "@long" },
  async ({ page, browser }) => {
    test.setTimeout(600_000);
    const reference = await undisturbed(browser);
    await crashTwice(page);
    await expect(panel(page, "Training")).toContainText("the run went on by itself", { timeout: 200_000 });
    expectSame(await finish(page), reference);
  },
);
