/** Runs as a record: recipes as files and links, names and notes, runs side by side, a deletion that is taken back. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { drop, text } from "./files.ts";
import {
  alertIn,
  button,
  chooseSampleData,
  expect,
  loadDemo,
  panel,
  SLOW,
  statusOf,
  test,
  waitForEnd,
} from "./fixtures.ts";

const runs = (page: Page) => panel(page, "Runs").locator(".runs > li");
const field = (page: Page, name: string) => panel(page, "Training").getByRole("spinbutton", { name, exact: true });

test("a link and a file fill the form; runs are named, compared and deleted", async ({ page }) => {
  // Two runs on a software GPU.
  test.slow();
  const recipe = {
    max_steps: 1,
    per_device_train_batch_size: 1,
    learning_rate: 0.001,
    lora_r: 4,
    quantize_modules: [],
  };

  await test.step("a link fills the form, says so, starts nothing, and is gone from the address", async () => {
    await page.goto(`/#recipe=${encodeURIComponent(JSON.stringify(recipe))}`);
    const training = panel(page, "Training");
    await expect(training).toContainText("The link changed max_steps 1, per_device_train_batch_size 1", {
      timeout: SLOW,
    });
    await expect(training).toContainText("Not taken: quantize_modules [].");
    await expect(training).toContainText("Nothing was started.");
    await expect(field(page, "Steps")).toHaveValue("1");
    expect(new URL(page.url()).hash).not.toContain("=");
    await button(page, "Keep it").click();
    await loadDemo(page);
    await chooseSampleData(page);
    await expect(field(page, "Steps")).toHaveValue("1");
    await expect(runs(page)).toHaveCount(0);
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
  });

  await test.step("a file goes out, and comes in by a drop; an unknown key is refused by name", async () => {
    await page.getByText("Recipe as a file or link").click();
    const [saved] = await Promise.all([page.waitForEvent("download"), button(page, "Save recipe").click()]);
    const out = JSON.parse(await readFile(await saved.path(), "utf8"));
    expect(out).toMatchObject({ max_steps: 1, learning_rate: 0.001, lora_r: 4, quantize_modules: ["language_model"] });
    const bytes = (json: unknown) => text(JSON.stringify(json));
    await drop(panel(page, "Chat"), [{ name: "mine.json", bytes: bytes({ ...out, learning_rat: 1 }) }]);
    await expect(alertIn(page, "Training")).toContainText('unknown key "learning_rat"', { timeout: SLOW });
    await drop(panel(page, "Chat"), [{ name: "mine.json", bytes: bytes({ ...out, learning_rate: 0.01, seed: 7 }) }]);
    await expect(panel(page, "Training")).toContainText("mine.json changed learning_rate 0.01, seed 7.");
    await expect(alertIn(page, "Training")).toHaveCount(0);
    await expect(field(page, "Learning rate")).toHaveValue("0.01");
    await button(page, "Take it back").click();
    await expect(field(page, "Learning rate")).toHaveValue("0.001");
    await drop(panel(page, "Chat"), [{ name: "mine.json", bytes: bytes({ ...out, learning_rate: 0.01, seed: 7 }) }]);
    await expect(field(page, "Learning rate")).toHaveValue("0.01");
    await expect(statusOf(page, "Data"), "a recipe is no data").toContainText("128 rows ready");
    await button(page, "Start training").click();
    await expect(runs(page)).toHaveCount(2, { timeout: SLOW });
    await waitForEnd(page, 1);
  });

  await test.step("a name and a note stay", async () => {
    const run = runs(page).first();
    await run.getByText("Name and note").click();
    await run.getByRole("textbox", { name: "Name", exact: true }).fill("Fast one");
    await run.getByRole("textbox", { name: "Note", exact: true }).fill("a high rate");
    await run.getByRole("button", { name: "Keep" }).click();
    await expect(run.locator("strong")).toHaveText("Fast one");
    await page.reload();
    await expect(runs(page).first().locator("strong")).toHaveText("Fast one", { timeout: SLOW });
    await expect(runs(page).first()).toContainText("a high rate");
  });

  await test.step("side by side: one chart, and what differs", async () => {
    await page.getByRole("checkbox", { name: "Compare Fast one" }).check();
    await runs(page).last().getByRole("checkbox").check();
    const comparison = panel(page, "Runs").getByRole("region", { name: "Comparison" });
    await expect(comparison.getByRole("figure", { name: "Loss of the compared runs" }).locator("canvas")).toBeVisible();
    const row = (name: string) =>
      comparison.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
    await expect(row("learning_rate").getByRole("cell")).toHaveText(["0.01", "0.001"]);
    await expect(row("seed").getByRole("cell")).toHaveText(["7", "42"]);
    await expect(row("lora_r")).toHaveCount(0);
    await expect(row("Steps made").getByRole("cell")).toHaveText(["1 of 1", "1 of 1"]);
    await expect(comparison).toContainText(/\d+ settings are the same in all of them/);
    await button(page, "Close comparison").click();
    await expect(comparison).toHaveCount(0);
  });

  await test.step("a deletion is taken back, and another one is not", async () => {
    await runs(page).first().getByRole("button", { name: "Delete" }).click();
    await expect(runs(page)).toHaveCount(1);
    await expect(panel(page, "Runs")).toContainText("Deleted Fast one");
    await button(page, "Undo").click();
    await expect(runs(page)).toHaveCount(2);
    await runs(page).first().getByRole("button", { name: "Delete" }).click();
    await button(page, "Free now").click();
    await expect(panel(page, "Runs")).not.toContainText("Fast one");
    await page.reload();
    await expect(runs(page)).toHaveCount(1, { timeout: SLOW });
    await expect(panel(page, "Runs")).not.toContainText("Fast one");
  });
});
