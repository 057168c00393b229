/** Rows that are held out: counted, measured as the run goes on, on the chart and in its files; a reload in the middle of it costs nothing. */
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "@playwright/test";
import {
  button,
  downloadAdapter,
  expect,
  loadDemo,
  lossTable,
  panel,
  prepare,
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

async function start(page: Page): Promise<void> {
  await prepare(page);
  await setRecipe(page, { ...shortRecipe(STEPS, 100), "Learning rate": 0.005 });
  const training = panel(page, "Training");
  await training.getByRole("combobox", { name: "Held-out rows" }).selectOption("measured as it trains");
  await setRecipe(page, { "Measure every … steps": 1, "Share held out": 0.05 });
  await expect(training).toContainText(/[\d.]+ [kM]B of the total are for answers to held-out rows/);
  await expect(panel(page, "Data")).toContainText(/\d+ of 128 rows are held out \(a share of 0\.05/);
  await button(page, "Start training").click();
}

/** [step, held-out loss] of the table, in full precision. */
const heldOut = (page: Page): Promise<[number, number][]> =>
  page
    .locator('table[aria-label="Loss table"] tbody tr:has([data-eval-loss])')
    .evaluateAll((rows) =>
      rows.map((row) => [
        Number(row.querySelector("td")?.textContent),
        Number(row.querySelector<HTMLElement>("[data-eval-loss]")?.dataset.evalLoss),
      ]),
    );

interface Outcome {
  losses: unknown;
  measured: [number, number][];
  weights: Uint8Array;
}

async function outcomeOf(page: Page): Promise<Outcome> {
  const measured = await heldOut(page);
  const losses = (await lossTable(page)).filter(({ step }) => step > 0);
  return { losses, measured, weights: (await downloadAdapter(page)).weights };
}

/** Of a run that is left alone, once one was. */
let undisturbed: Outcome | undefined;

/** The long test may be asked for without the first one, which makes such a run. */
async function leftAlone(browser: Browser): Promise<Outcome> {
  undisturbed ??= await onPageOfItsOwn(browser, async (page) => {
    await start(page);
    await waitForEnd(page, STEPS);
    return outcomeOf(page);
  });
  return undisturbed;
}

test("held-out rows are counted, measured and shown; the best adapter can be had", async ({ page, seen }) => {
  test.setTimeout(600_000);
  await start(page);
  await waitForStep(page, STEPS);
  await waitForEnd(page, STEPS);
  const measured = await heldOut(page);
  expect(measured.map(([step]) => step)).toEqual([0, 1, 2]);
  for (const [, loss] of measured) expect(loss).toBeGreaterThan(0);
  expect(measured[2]![1]).toBeLessThan(measured[0]![1]);
  const figure = page.getByRole("figure", { name: "Loss" });
  await expect(figure.getByRole("list", { name: "Lines of the chart" })).toContainText("held-out rows");
  await expect(figure).toContainText(/Held-out rows: [\d.]+ → [\d.]+, lowest [\d.]+ at step \d/);
  await expect(panel(page, "Training")).toContainText("rows are held out");

  const [csv] = await Promise.all([page.waitForEvent("download"), button(page, "Download as CSV").click()]);
  const lines = (await readFile(await csv.path(), "utf8")).trim().split("\r\n");
  expect(lines[0]).toBe(
    "step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds,eval_loss,eval_exact_match,eval_answered",
  );
  expect(lines[1]).toMatch(new RegExp(`^0,,,,,,,${measured[0]![1]},[\\d.]+,6$`));
  expect(Number(lines[2]!.split(",")[7])).toBe(measured[1]![1]);

  const { card } = await downloadAdapter(page);
  expect(card).toMatch(/Held-out loss: [\d.]+ after step 2, on \d+ rows that were not trained on/);
  const best = measured.slice(1).reduce((a, b) => (b[1] < a[1] ? b : a));
  await expect(panel(page, "Runs")).toContainText(`best at step ${best[0]} (eval_loss`);
  await expect(button(page, "Download best (step 1)")).toHaveCount(best[0] === 1 ? 1 : 0);
  await page.getByText("Figures as a table").click();
  await expect(page.getByRole("columnheader", { name: "Held-out loss" })).toBeVisible();
  await expectGoodLooks(page);
  expect(seen.console).toEqual([]);
  undisturbed = await outcomeOf(page);
});

test("a reload in the middle of an evaluation: no step is made again, and every figure is the same", {
  tag: "@long",
}, async ({ page, browser }) => {
  test.setTimeout(600_000);
  const alone = await leftAlone(browser);
  await start(page);
  const status = panel(page, "Training").getByRole("status");
  await expect
    .poll(() => status.textContent(), { timeout: SLOW, intervals: [20] })
    .toMatch(/^Measuring held-out rows, \d+ of 8\. Step 1 of 2/);
  await page.reload();
  await expect(panel(page, "Runs")).toContainText(`interrupted, step 1 of ${STEPS}`, { timeout: SLOW });
  await loadDemo(page);
  await button(page, "Resume run").click();
  await waitForStep(page, STEPS);
  await waitForEnd(page, STEPS);
  const { weights, ...figures } = await outcomeOf(page);
  expect(figures).toEqual({ losses: alone.losses, measured: alone.measured });
  expect(Buffer.compare(weights, alone.weights)).toBe(0);
});
