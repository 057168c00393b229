/** Answers while it trains: the gallery, its slider and its file; a reload in the middle of answering costs nothing and changes nothing. */
import { readFile } from "node:fs/promises";
import type { Browser, Locator, Page } from "@playwright/test";
import { crashGpu } from "./fault-points.ts";
import {
  button,
  chooseSampleData,
  expect,
  loadDemo,
  panel,
  SLOW,
  setRecipe,
  shortRecipe,
  test,
  waitForEnd,
  waitForStep,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";
import { onPageOfItsOwn } from "./undisturbed.ts";

const STEPS = 2;
const ROWS = 3;

async function start(page: Page): Promise<void> {
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);
  const training = panel(page, "Training");
  // Nobody has chosen: there are rows to spare, and some of them are measured.
  await expect(training.getByRole("combobox", { name: "Held-out rows" })).toHaveValue('"steps"');
  await setRecipe(page, { ...shortRecipe(STEPS, 100), "Learning rate": 0.005, "Rows answered": ROWS });
  await setRecipe(page, { "Measure every … steps": 1, "Share held out": 0.05 });
  await expect(panel(page, "Data")).toContainText(/\d+ of 128 rows are held out \(a share of 0\.05/);
  await button(page, "Start training").click();
}

/** Of the rows of the sample data that are held out with a share of 0.05. */
const heldOutOnShow = (page: Page): Locator =>
  panel(page, "Data").getByRole("button", { name: /^Ask row \d+ as it trains$/ });

const gallery = (page: Page): Locator =>
  panel(page, "Training").getByRole("list", { name: "Answers of held-out rows" });
const slider = (page: Page): Locator => panel(page, "Training").getByRole("slider", { name: "Step of the answers" });

/** What is said of each row on show: by when, the words. */
const saidIn = (list: Locator): Promise<string[][]> =>
  list
    .getByRole("listitem")
    .evaluateAll((items) =>
      items.map((item) => [...item.querySelectorAll(".said")].map((said) => said.textContent ?? "")),
    );

/** The lines of the file that "Download answers" gives. */
async function exported(page: Page, within: Locator): Promise<{ step: number; answer: string; score: number }[]> {
  const arriving = page.waitForEvent("download");
  await within.getByRole("button", { name: "Download answers" }).click();
  const text = await readFile(await (await arriving).path(), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** What a run that is left alone says, once one was. */
let undisturbed: unknown[] | undefined;

/** The long tests may be asked for without the first one, which makes such a run. */
async function leftAlone(browser: Browser): Promise<unknown[]> {
  undisturbed ??= await onPageOfItsOwn(browser, async (page) => {
    await start(page);
    await waitForEnd(page, STEPS);
    return exported(page, panel(page, "Training"));
  });
  return undisturbed;
}

test("rows are answered at each measurement, shown with a slider, and kept with the run", async ({ page, seen }) => {
  test.setTimeout(600_000);
  await start(page);
  const training = panel(page, "Training");
  await expect(training).toContainText(
    "None yet. Asked before the first step, at each measurement and at the end: 3 held-out rows at most.",
  );
  await expect(gallery(page).getByRole("listitem")).toHaveCount(ROWS, { timeout: SLOW });
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "before the first step");
  await waitForStep(page, STEPS);
  await waitForEnd(page, STEPS);
  const said = await saidIn(gallery(page));

  await test.step("the newest beside those from before the first step", async () => {
    await expect(slider(page)).toHaveAttribute("aria-valuetext", "after step 2");
    for (const row of said) {
      expect(row.map((words) => /^(right answer|before the first step|after step 2)/.exec(words)?.[1])).toEqual([
        "right answer",
        "before the first step",
        "after step 2",
      ]);
      expect(row[1]).toMatch(/right|wrong|not judged/);
    }
    await expect(gallery(page).getByRole("img").first()).toBeVisible();
    const painted = await gallery(page)
      .locator("canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data).size;
      });
    expect(painted, "colours in the picture").toBeGreaterThan(2);
  });

  await test.step("keys move the slider over the steps", async () => {
    const newest = await saidIn(gallery(page));
    await slider(page).focus();
    await page.keyboard.press("ArrowLeft");
    await expect(slider(page)).toHaveAttribute("aria-valuetext", "after step 1");
    await page.keyboard.press("Home");
    await expect(slider(page)).toHaveAttribute("aria-valuetext", "before the first step");
    expect((await saidIn(gallery(page)))[0]).toHaveLength(2);
    await page.keyboard.press("End");
    expect(await saidIn(gallery(page))).toEqual(newest);
  });

  await test.step("the metric's figure is on the chart, in the table and the files", async () => {
    const title = /^(Exact match|ROUGE L|Token F1) of 3 answers/;
    const figure = page.getByRole("figure", { name: "Loss" });
    await expect(figure.getByRole("list", { name: "Lines of the chart" })).toContainText(/of 3 answers/);
    await page.getByText("Figures as a table").click();
    await expect(page.getByRole("columnheader", { name: title })).toBeVisible();
    const lines = await exported(page, training);
    expect(lines.map(({ step }) => step)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const [csv] = await Promise.all([page.waitForEvent("download"), button(page, "Download as CSV").click()]);
    const [header, , , last] = (await readFile(await csv.path(), "utf8")).trim().split("\r\n");
    expect(header).toMatch(/,eval_loss,eval_\w+,eval_answered$/);
    const mean = lines.slice(-ROWS).reduce((sum, { score }) => sum + score, 0) / ROWS;
    expect(Number(last!.split(",").at(-2))).toBeCloseTo(mean, 12);
    expect(last!.split(",").at(-1)).toBe(String(ROWS));
    await expectGoodLooks(page);
    undisturbed = lines;
  });

  await test.step("after a reload the run has them still", async () => {
    await page.reload();
    const runs = panel(page, "Runs");
    const list = runs.getByRole("list", { name: "Answers of held-out rows" });
    await expect(list.getByRole("listitem")).toHaveCount(ROWS, { timeout: SLOW });
    // The result begins with the wrong ones.
    await runs.getByRole("checkbox", { name: "Worst first" }).uncheck();
    expect(await saidIn(list)).toEqual(said);
  });
  expect(seen.console).toEqual([]);
});

test("rows that somebody picked are asked instead", async ({ page }) => {
  test.setTimeout(600_000);
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);
  await setRecipe(page, shortRecipe(1, 100));
  await button(page, "Search and change rows").click();
  await panel(page, "Data").getByRole("combobox", { name: "Show" }).selectOption("rows not trained on");
  const [first, second] = [heldOutOnShow(page).nth(0), heldOutOnShow(page).nth(1)];
  await first.click();
  await second.click();
  await expect(second).toHaveAttribute("aria-pressed", "true");
  await first.click();
  await expect(first).toHaveAttribute("aria-pressed", "false");
  const asked = /\d+/.exec((await second.getAttribute("aria-label")) ?? "")![0];
  await button(page, "Start training").click();
  await expect(gallery(page).getByRole("listitem")).toHaveCount(1, { timeout: SLOW });
  await expect(gallery(page).getByRole("img")).toHaveAccessibleName(`Picture of row ${Number(asked) - 1}`);
  await waitForEnd(page, 1);
});

test("a reload in the middle of answering: the same answers at the same steps", { tag: "@long" }, async ({
  page,
  browser,
}) => {
  test.setTimeout(600_000);
  const alone = await leftAlone(browser);
  await start(page);
  const status = panel(page, "Training").getByRole("status");
  await expect
    .poll(() => status.textContent(), { timeout: SLOW, intervals: [20] })
    .toMatch(/^Answering held-out rows, \d of 3\. Step 1 of 2/);
  await page.reload();
  await expect(panel(page, "Runs")).toContainText(`interrupted, step 1 of ${STEPS}`, { timeout: SLOW });
  await loadDemo(page);
  await button(page, "Resume run").click();
  await waitForStep(page, STEPS);
  await waitForEnd(page, STEPS);
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "after step 2");
  expect(await exported(page, panel(page, "Training"))).toEqual(alone);
});

test("a GPU that is lost in the middle of answering: the run goes on, and says the same", { tag: "@long" }, async ({
  page,
  browser,
}) => {
  test.setTimeout(600_000);
  const alone = await leftAlone(browser);
  await start(page);
  const training = panel(page, "Training");
  await expect
    .poll(() => training.getByRole("status").textContent(), { timeout: SLOW, intervals: [20] })
    .toMatch(/^Answering held-out rows, \d of 3\. Step 1 of 2/);
  await crashGpu(page);
  await waitForEnd(page, STEPS);
  await expect(training).toContainText("The GPU was lost; it was opened again");
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "after step 2");
  expect(await exported(page, training)).toEqual(alone);
});
