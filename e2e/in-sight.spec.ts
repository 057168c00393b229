/** What one looks at while it trains lies in one screen, on a desk and on a phone, and keeps its place; how its curve is read, and what the tab tells. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { expectAccessible } from "./axe.ts";
import {
  alertIn,
  button,
  chooseSampleData,
  expect,
  loadDemo,
  panel,
  setRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const STEPS = 6;
const SCREENS = [
  { width: 1280, height: 720 },
  { width: 390, height: 844 },
];

declare global {
  interface Window {
    /** What moved without being asked to, since the test looks. */
    moved: { by: number; what: string[] }[];
  }
}

/** From now on. */
async function watchMoves(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.moved = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput, sources } = entry as PerformanceEntry & {
          value: number;
          hadRecentInput: boolean;
          sources: { node: Node | null }[];
        };
        const what = sources.map(({ node }) => `${node?.nodeName} "${node?.textContent?.slice(0, 40)}"`);
        if (!hadRecentInput) window.moved.push({ by: value, what });
      }
    }).observe({ type: "layout-shift" });
  });
}

/** The part of the window that nothing lies over: on narrow screens the path is a bar at its foot. */
const freeHeight = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const bar = document.querySelector(".path")!;
    return getComputedStyle(bar).position === "fixed" ? bar.getBoundingClientRect().top : window.innerHeight;
  });

async function expectInOneScreen(page: Page, seen: Record<string, Locator>): Promise<void> {
  const free = await freeHeight(page);
  for (const [name, locator] of Object.entries(seen)) {
    const { top, bottom, height } = await locator.evaluate((element) => element.getBoundingClientRect().toJSON());
    expect.soft(height, name).toBeGreaterThan(0);
    expect.soft(top, `top of ${name}`).toBeGreaterThanOrEqual(0);
    expect.soft(bottom, `foot of ${name}`).toBeLessThanOrEqual(free);
  }
}

test("a run that goes on is seen whole in one screen, and nothing moves", { tag: "@long" }, async ({ page, seen }) => {
  test.setTimeout(600_000);
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);
  const training = panel(page, "Training");
  await training.getByRole("combobox", { name: "Held-out rows" }).selectOption('"steps"');
  await setRecipe(page, { Steps: STEPS, "Batch size": 2, "Measure every … steps": 2, "Rows answered": 4 });
  await training.getByRole("button", { name: "Start training" }).click();
  await waitForStatus(page, "Training", /Preparing|Compiling|Measuring|Answering|Step/);
  await page.goto("/#train");
  await watchMoves(page);
  const figure = page.getByRole("figure", { name: "Loss" });
  const parts = {
    status: statusOf(page, "Training"),
    bar: training.getByRole("progressbar", { name: "Steps" }),
    "time left": training.getByText("Time left"),
    "held-out loss": training.locator(".run-screen").getByText("Held-out loss"),
    curve: figure.locator("canvas"),
    legend: figure.getByRole("list", { name: "Lines of the chart" }),
    "first answer": training.getByRole("list", { name: "Answers of held-out rows" }).getByRole("listitem").first(),
    pause: button(page, "Pause"),
    stop: button(page, "Stop and save"),
  };
  await waitForStep(page, 1);
  const shots = process.env.TABTUNE_SCREENSHOTS;
  for (const screen of SCREENS) {
    await page.setViewportSize(screen);
    await page.evaluate(() => {
      document.getElementById("train")!.scrollIntoView();
      window.moved = [];
    });
    const step = Number(/Step (\d+)/.exec((await statusOf(page, "Training").textContent())!)?.[1] ?? 0);
    await waitForStep(page, Math.min(STEPS, step + 2));
    await expectInOneScreen(page, parts);
    if (shots) await page.screenshot({ path: `${shots}/going-${screen.width}.png` });
    expect(await page.evaluate(() => window.moved), `${screen.width} px`).toEqual([]);
  }
  await test.step("the tab's icon is a ring, and a notice is asked for by a press alone", async () => {
    await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", /^data:image\/svg\+xml,.*dasharray/);
    // This browser refuses.
    await training.getByRole("checkbox", { name: "Tell me when it is done" }).click();
    await expect(training.getByText("This browser does not allow notices from this page")).toBeVisible();
  });
  await waitForEnd(page, STEPS);
  await expect(page.locator('link[rel="icon"]')).toHaveAttribute("href", /^data:image\/svg\+xml,(?!.*dasharray)/);

  await test.step("keys and the pointer read the curve", async () => {
    await page.setViewportSize(SCREENS[0]!);
    const reader = training.getByRole("slider", { name: "Step of the chart" });
    const line = figure.locator(".read-out");
    await expect(line).toHaveText(/^(Falling|Rising|Level): .* → .*Held-out rows: /);
    await reader.focus();
    await page.keyboard.press("Home");
    await expect(reader).toHaveAttribute("aria-valuetext", /^Step 0, held-out loss [\d.]+$/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const second = /^Step 2, loss [\d.]+, held-out loss [\d.]+, learning rate \S+, gradient norm [\d.]+/;
    await expect(reader).toHaveAttribute("aria-valuetext", second);
    await expect(line).toHaveText(second);
    await reader.blur();
    await expect(line).toHaveText(/^(Falling|Rising|Level): /);
    await figure.locator(".u-over").hover();
    await expect(line).toHaveText(/^Step 3, /);
  });

  await test.step("its log is the command line's", async () => {
    const [log] = await Promise.all([page.waitForEvent("download"), button(page, "Download log").click()]);
    const lines = (await readFile(await log.path(), "utf8")).trim().split("\n");
    const steps = lines.map((line) => JSON.parse(line) as { step: number; eval_loss?: number });
    expect(steps.map(({ step, eval_loss }) => [step, eval_loss !== undefined])).toEqual([
      [0, true],
      ...[1, 2, 3, 4, 5, 6].flatMap((step) => [[step, false], ...(step % 2 === 0 ? [[step, true]] : [])]),
    ]);
    const [recipe] = await Promise.all([page.waitForEvent("download"), button(page, "Download recipe").click()]);
    const { max_steps } = JSON.parse(await readFile(await recipe.path(), "utf8")) as { max_steps: number };
    expect(max_steps).toBe(STEPS);
  });
  await expectAccessible(page, "a run that has ended");
  await expectGoodLooks(page);
  expect(seen.console).toEqual([]);
});

test("problems are kept for the visit, also those whose notes are gone", async ({ page }) => {
  await page.goto(`/#recipe=${encodeURIComponent('{"max_steps": ')}`);
  const alert = alertIn(page, "Training");
  const message = (await alert.getByRole("strong").textContent())!;
  await expect(alert.locator("code")).toBeHidden();
  await alert.getByText("Its name for reports").click();
  await expect(alert.locator("code")).toBeVisible();
  await alert.getByRole("button", { name: "Dismiss" }).click();
  await expect(alert).toHaveCount(0);
  await page.getByText("Problems told in this visit (1)").click();
  const told = page.getByRole("group", { name: "Problems told in this visit (1)" });
  await expect(told.getByRole("listitem")).toContainText(`Training: ${message}`);
  await expectAccessible(page, "problems told");
  await page.setViewportSize({ width: 320, height: 256 });
  const { scroll, inner } = await page.evaluate(() => ({
    scroll: document.scrollingElement!.scrollWidth,
    inner: window.innerWidth,
  }));
  // A desk at 400 %.
  expect(scroll).toBeLessThanOrEqual(inner);
});
