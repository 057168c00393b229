/** The recipe for two kinds of people: three questions in words, and every setting under its Hugging Face name. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "./axe.ts";
import { button, chooseSampleData, expect, loadDemo, panel, prepare, test, waitForEnd } from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const training = (page: Page) => panel(page, "Training");
const field = (page: Page, name: string) => training(page).getByRole("spinbutton", { name, exact: true });
const question = (page: Page, name: string) => training(page).getByRole("group", { name });
const answer = (page: Page, of: string, name: string) => question(page, of).getByRole("radio", { name, exact: true });
const list = (page: Page) => training(page).locator("details", { hasText: "All settings" });

test("three questions set the numbers, and what follows is told", async ({ page }) => {
  test.setTimeout(240_000);
  await page.goto("/");
  // Without model and rows each question says what it waits for.
  await expect(answer(page, "How long?", "Good")).toBeDisabled();
  await expect(question(page, "How long?")).toContainText("Choose data first");
  await expect(question(page, "How strong?")).toContainText("Load a model first.");
  await loadDemo(page);
  await chooseSampleData(page);

  // The demo's own recipe is good, usual and balanced.
  await expect(answer(page, "How long?", "Good")).toBeChecked();
  await expect(answer(page, "How strong?", "Usual")).toBeChecked();
  await expect(answer(page, "How careful with memory?", "Balanced")).toBeChecked();
  const follows = training(page).locator(".strip");
  await expect(follows).toContainText(/Length100 stepsevery row about 6\.\d times/);
  await expect(follows).toContainText(/Time(about )?\d+ (s|min)/);
  await expect(follows).toContainText(/Adapter[\d.]+ [kM]B/);
  await expectAccessible(page, "three questions");
  await expectGoodLooks(page);

  await test.step("an answer writes the fields, and what follows changes", async () => {
    await answer(page, "How long?", "Thorough").check();
    const steps = Number(await field(page, "Steps").inputValue());
    expect(steps).toBeGreaterThan(100);
    await expect(follows).toContainText(`${steps} stepsevery row about 10 times`);
    await answer(page, "How strong?", "Strong").check();
    await expect(field(page, "LoRA rank")).toHaveValue("64");
    await expect(field(page, "LoRA alpha")).toHaveValue("64");
    await expect(field(page, "Learning rate")).toHaveValue("0.01");
    await expect(training(page).getByRole("combobox", { name: "Preset" })).toHaveValue("Demo model");
  });

  await test.step("memory: bytes stand beside the answers before one is chosen", async () => {
    const bytesOf = async (name: string): Promise<number> => {
      const radio = answer(page, "How careful with memory?", name);
      await expect(radio).toHaveAccessibleDescription(/takes \d+ MB/);
      const id = await radio.getAttribute("aria-describedby");
      return Number(/takes (\d+) MB/.exec((await page.locator(`[id="${id!.split(" ")[1]}"]`).textContent())!)![1]);
    };
    const [quick, balanced, least] = [await bytesOf("Quick"), await bytesOf("Balanced"), await bytesOf("Least memory")];
    expect(quick).toBeGreaterThanOrEqual(balanced);
    expect(balanced).toBeGreaterThan(least);
    await answer(page, "How careful with memory?", "Least memory").check();
    await expect(field(page, "Batch size")).toHaveValue("1");
    await expect(follows).toContainText(`GPU memory${least} MB`);
    await expect(follows, "as many rows a step").toContainText("every row about 10 times");
  });

  await test.step("by keyboard; own numbers are told as such", async () => {
    await answer(page, "How long?", "Thorough").focus();
    await page.keyboard.press("ArrowUp");
    await expect(answer(page, "How long?", "Good")).toBeChecked();
    await field(page, "Steps").fill("77");
    await expect(question(page, "How long?")).toContainText("Your own numbers: max_steps 77");
    await expect(question(page, "How long?").getByRole("radio", { checked: true })).toHaveCount(0);
    await field(page, "Steps").fill("");
    await expect(question(page, "How long?")).toContainText("not allowed");
  });
});

test("every setting can be searched, is marked where it differs from the preset, and set back", async ({ page }) => {
  test.setTimeout(240_000);
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);
  await expect(list(page)).toContainText("all as in Demo model");
  await field(page, "LoRA rank").fill("8");
  await expect(list(page)).toContainText("1 other than in Demo model");
  await list(page).locator("summary").click();
  const settings = list(page).locator(".setting");
  // Each field is there once.
  await expect(field(page, "Steps")).toHaveCount(1);
  for (const name of ["num_train_epochs", "warmup_steps", "adam_beta1", "use_rslora", "quantize_modules"])
    await expect(list(page).getByText(name, { exact: true })).toHaveCount(1);
  await expect(list(page)).toContainText("48 of 48 settings");

  const search = list(page).getByRole("searchbox", { name: "Search settings" });
  await search.fill("constant_with_warmup");
  await expect(settings).toHaveCount(1);
  await list(page).getByRole("combobox", { name: "Schedule" }).selectOption("constant after the warm-up");
  await search.fill("lora rank");
  await expect(settings.first()).toContainText("lora_r");
  await search.fill("no such words");
  await expect(list(page)).toContainText("No setting has these words.");
  await search.fill("");

  await button(page, "Changed only (2)").click();
  await expect(settings).toHaveCount(2);
  await expect(settings.filter({ hasText: "lr_scheduler_type" })).toContainText("Preset: linear");
  await button(page, "Set LoRA rank back to 16").click();
  await expect(field(page, "LoRA rank")).toHaveValue("16");
  await expect(field(page, "LoRA rank"), "the focus is not lost").toBeFocused();
  await expect(settings, "nothing goes from under the hand").toHaveCount(2);
  await expect(button(page, "Changed only (1)")).toBeVisible();
  await expectAccessible(page, "changed settings");
  await button(page, "Changed only (1)").click();
  await field(page, "Warm-up steps").fill("-3");
  await expect(field(page, "Warm-up steps")).toHaveAccessibleDescription(/^Must be a whole number from 0 to/);
  await field(page, "Warm-up steps").fill("3");
  await expectAccessible(page, "all settings");
  await expectGoodLooks(page);
});

test("after a run its steps tell how long the next one of its kind takes", async ({ page }) => {
  test.setTimeout(240_000);
  await prepare(page);
  const time = training(page).locator(".strip > div").nth(1);
  await expect(time).toContainText("expected, not measured");
  await field(page, "Batch size").fill("2");
  await field(page, "Steps").fill("5");
  await button(page, "Start training").click();
  await waitForEnd(page, 5);
  await expect(time).toContainText(/about .* s ?as in the run of .*: [\d.]+ s a step/);
  // Another number of rows a step was never made here.
  await field(page, "Batch size").fill("4");
  await expect(time).toContainText("expected, not measured");
});

test("what pictures at free size cost in tokens and time follows from their limits, before a model is fetched", async ({
  page,
}) => {
  await page.goto("/");
  const model = panel(page, "Model");
  const limit = (name: string) => model.getByRole("combobox", { name: `Pictures of Qwen3-VL, ${name}` });
  await model.getByText("Loading settings").click();
  const told = model.getByText(/^A picture takes/);
  await expect(told, "the demo model has pictures of one size").toHaveCount(0);
  await model.getByRole("combobox", { name: "Model" }).selectOption("Qwen/Qwen3-VL-2B-Instruct");
  // On a software adapter: hours, and that is said before anything is downloaded.
  const time = /\d+ (min|h \d+ min) to \d+ (min|h \d+ min) of training when it is first seen/;
  await expect(told).toHaveText(
    /^A picture takes at most 576 tokens, and a row with it .* Expected of such a machine, not measured\.$/,
  );
  await expect(told).toHaveText(time);
  const before = await told.textContent();
  await limit("at most").selectOption("512 × 512: 256 tokens");
  await expect(told).toHaveText(/^A picture takes at most 256 tokens, and a row with it/);
  expect(time.exec((await told.textContent())!)![0]).not.toBe(time.exec(before!)![0]);
  await expect(limit("at least").getByRole("option", { name: /^768/ })).toBeDisabled();
  await limit("at least").selectOption("256 × 256: 64 tokens");
  await expect(told).toHaveText(/ One takes at least 64, and a row with it/);
  await expectAccessible(page, "loading settings");
  await expectGoodLooks(page);
});
