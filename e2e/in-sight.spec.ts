/** What one looks at while it trains lies in one screen, on a desk and on a phone, and keeps its place. */
import type { Locator, Page } from "@playwright/test";
import {
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

test("a run that goes on is seen whole in one screen, and nothing moves", async ({ page, seen }) => {
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
    "first answer": training.getByRole("list", { name: "Answers of held-out rows" }).getByRole("img").first(),
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
  await waitForEnd(page, STEPS);
  expect(seen.console).toEqual([]);
});
