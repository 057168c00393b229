/**
 * What stands stays until its successor stands; the focus stays where people are; who listens is told in time; and a reload goes on with
 * what was in use.
 */
import type { Page } from "@playwright/test";
import { demoPicture, drop, jsonLines, text } from "./files.ts";
import {
  alertIn,
  ask,
  button,
  chooseSampleData,
  expect,
  holdNothingOut,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  stepOf,
  test,
  visitAgain,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";
import { PHONE } from "./look.ts";

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.textContent ?? document.activeElement?.tagName ?? "");
const expectFocus = (page: Page, words: string): Promise<void> =>
  expect.poll(() => focused(page), { message: "the element with the focus", timeout: SLOW }).toBe(words);

/** What a live region says over time. */
async function listen(page: Page, place: string): Promise<() => Promise<{ at: number; words: string }[]>> {
  await page.evaluate((name) => {
    const said: { at: number; words: string }[] = [];
    Object.assign(window, { said });
    const region = document.querySelector(`[data-place="${name}"] .visually-hidden[aria-live="polite"]`)!;
    new MutationObserver(() => said.push({ at: performance.now(), words: region.textContent ?? "" })).observe(region, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  }, place);
  return () => page.evaluate(() => (window as unknown as { said: { at: number; words: string }[] }).said);
}

test("what is loaded and prepared stays when its successor fails", async ({ page, context }) => {
  await prepare(page);
  const model = statusOf(page, "Model");
  const data = statusOf(page, "Data");

  await test.step("a model folder without a config", async () => {
    const config = { name: "config.json", bytes: text("{}") };
    await drop(page.locator("main"), [config, { name: "model.safetensors", bytes: text("nothing") }]);
    await button(page, "Load model").click();
    await expect(alertIn(page, "Model")).toContainText("The demo model is still loaded.", { timeout: SLOW });
    await expect(model).toContainText("ready");
    await expect(data).toHaveText("128 rows ready");
    const kept = await page.evaluate(() => JSON.parse(localStorage.getItem("tabtune-session")!).model);
    expect(kept, "what the next visit goes on with").toMatchObject({
      source: { kind: "embedded" },
      label: "The demo model",
    });
  });

  await test.step("what was wrong with one choice is not said of another", async () => {
    await panel(page, "Model").getByRole("combobox", { name: "Model" }).selectOption("embedded");
    await expect(alertIn(page, "Model")).toHaveCount(0);
  });

  await test.step("the demo model again, without the network", async () => {
    await context.setOffline(true);
    await button(page, "Load model").click();
    await expect(alertIn(page, "Model")).toContainText("The demo model is still loaded.", { timeout: SLOW });
    await context.setOffline(false);
    await expect(model).toContainText("ready");
  });

  await test.step("a drop that holds no rows", async () => {
    await drop(page.locator("main"), [{ name: "form.pdf", type: "application/pdf", bytes: text("%PDF-1.7 …") }]);
    await expect(alertIn(page, "Data")).toContainText("The 128 rows of the sample data from before are kept.");
    await expect(data).toHaveText("128 rows ready");
    await expect(page.getByRole("table", { name: "Rows", exact: true }).getByRole("row")).toHaveCount(9);
  });

  await test.step("a picture over the chat is asked about", async () => {
    const picture = { name: "mine.webp", type: "image/webp", bytes: demoPicture("001.webp") };
    await drop(page.getByRole("textbox", { name: "Message" }), [picture]);
    await expect(button(page, "Remove mine.webp")).toBeVisible();
    await expect(data).toHaveText("128 rows ready");
    await ask(page, "What do you see?");
    await expect(page.getByRole("log", { name: "Conversation" }).getByRole("img")).toHaveCount(1);
  });

  await test.step("rows take the place of rows, wherever they are dropped", async () => {
    const rows = jsonLines([{ file_name: "x.webp", text: "A dropped caption." }]);
    await drop(page.getByRole("textbox", { name: "Message" }), [
      { name: "metadata.jsonl", bytes: rows },
      { name: "x.webp", type: "image/webp", bytes: demoPicture("002.webp") },
    ]);
    await expect(data).toHaveText("1 rows ready", { timeout: SLOW });
  });
});

test("base model and adapter have a history each, and answers name their author", async ({ page }) => {
  test.setTimeout(400_000);
  const picture = "public/demo/data/heldout/001.webp";
  await prepare(page);
  const alone = await ask(page, "Describe the picture.", picture);
  await button(page, "New conversation").click();

  // So few steps at such a rate spoil the voice: what the base model would pick up from the adapter's words.
  await setRecipe(page, { ...shortRecipe(4, 2), "Learning rate": 0.04 });
  await button(page, "Start training").click();
  await waitForStatus(page, "Training", "Done. Step 4 of 4");
  const spoilt = await ask(page, "Describe the picture.", picture);
  expect(spoilt).not.toBe(alone);
  await page.getByRole("switch", { name: "Use adapter" }).click();
  // Without a picture of its own: the base model is shown what the adapter was asked about.
  expect(await ask(page, "Describe the picture.")).toBe(alone);
  const conversation = page.getByRole("log", { name: "Conversation" });
  await expect(conversation.locator(".author")).toHaveText(["Adapter, step 4", "Base model"]);
  await expect(conversation.getByRole("img")).toHaveCount(2);
});

test("a run, for who listens and for who uses keys", { tag: "@long" }, async ({ page }) => {
  test.setTimeout(400_000);
  await page.goto("/");
  for (const name of ["Model", "Data", "Training", "Chat", "Runs"]) {
    await expect(page.getByRole("region", { name, exact: true })).toBeVisible();
  }
  await expect(button(page, "Load model")).toBeEnabled({ timeout: SLOW });

  await test.step("the focus stays on what was pressed", async () => {
    await button(page, "Start training").focus();
    await expectFocus(page, "Start training");
    await expect(button(page, "Start training")).toHaveAccessibleDescription("Load a model first");
    await button(page, "Load model").focus();
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Model", "ready");
    await expectFocus(page, "Load model");
    await button(page, "Use sample data").focus();
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Data", "128 rows ready");
    await expectFocus(page, "Use sample data");
    // The name of a step that is done is still its name.
    await expect(page.getByRole("region", { name: "Model", exact: true })).toBeVisible();
    await expect(page.getByRole("heading", { name: "Data", exact: true })).toBeVisible();
  });

  await test.step("a button that cannot be pressed says why to who presses it", async () => {
    const reason = panel(page, "Chat").getByText("No answer is being written.").and(page.locator(".hint"));
    await expect(reason).toHaveCount(0);
    await button(page, "Stop").focus();
    await page.keyboard.press("Enter");
    await expect(reason).toBeVisible();
    await button(page, "Send").focus();
    await expect(reason).toHaveCount(0);
  });

  const training = panel(page, "Training");
  await test.step("a recipe that cannot run says so at the field", async () => {
    const steps = training.getByRole("spinbutton", { name: "Steps", exact: true });
    await steps.fill("");
    await expect(steps).toHaveAccessibleDescription(/^Must be a whole number.* updates of the adapter$/);
    await expect(steps).toHaveAttribute("aria-invalid", "true");
    await expect(training).toContainText("Must be a whole number from 1 to 10000000");
    await expect(button(page, "Start training")).toHaveAccessibleDescription("Correct Steps first");
    await expect(alertIn(page, "Training")).toHaveText(/^Must be a whole number/);
    await steps.fill("100");
    await expect(steps).toHaveAttribute("aria-invalid", "false");
  });
  await test.step("one that makes no sense says why", async () => {
    await holdNothingOut(page);
    await setRecipe(page, { "Learning rate": 500, "Batch size": 512, "Longest row in tokens": 64 });
    const warnings = page.getByRole("list", { name: "Advice on the recipe" });
    await expect(warnings).toContainText("A learning rate of 500 is far too high");
    await expect(warnings).toContainText("A batch of 512 is more than the 128 rows");
    await expect(warnings).toContainText("Every row is seen 100 times");
    await expect(warnings).toContainText(/\d+ of 128 rows are longer than 64 tokens/);
    await setRecipe(page, { ...shortRecipe(40, 50), "Learning rate": 0.002, "Longest row in tokens": 2048 });
    await expect(warnings).toHaveCount(0);
  });

  const said = await listen(page, "training");
  await test.step("Start gives its place to Pause", async () => {
    await button(page, "Start training").focus();
    await page.keyboard.press("Enter");
    await expectFocus(page, "Pause");
    await waitForStep(page, 1);
  });

  await test.step("the run is in the list, and nothing takes its model away", async () => {
    await expect(panel(page, "Runs")).toContainText(/running, [1-9]\d* of 40 steps/, { timeout: SLOW });
    await expect(button(page, "Load model")).toHaveAccessibleDescription(/A run is going on/);
    await button(page, "Load model").click({ force: true });
    await expect(statusOf(page, "Model")).toContainText("ready");
    await expect(button(page, "Delete")).toHaveAccessibleDescription(/This run is going on/);
  });

  await test.step("Resume ends the answer that is being written", async () => {
    await waitForStep(page, 6);
    await button(page, "Pause").focus();
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Training", "Paused");
    await expectFocus(page, "Resume");
    await button(page, "Sample picture 1").click();
    await page.getByRole("textbox", { name: "Message" }).fill("Describe the picture.");
    await button(page, "Send").click();
    // Words have come, and more would.
    await expect(panel(page, "Chat").locator(".turn.assistant p").last()).not.toHaveText("…", { timeout: SLOW });
    const at = await stepOf(page);
    await button(page, "Resume").click();
    await waitForStep(page, at + 2);
    await expect(panel(page, "Chat").locator(".turn.assistant small")).toContainText(/tokens?, .* a second/);
    await expect(alertIn(page, "Chat")).toHaveCount(0);
  });

  await test.step("Stop gives its place to Start, and what was said was worth hearing", async () => {
    const stepsIn = (words: Awaited<ReturnType<typeof said>>) =>
      words.filter((one) => /^\d+ of 40 steps/.test(one.words));
    // A fast machine is at this step before the second announcement is due.
    await expect.poll(async () => stepsIn(await said()).length, { timeout: SLOW }).toBeGreaterThan(1);
    await button(page, "Stop and save").focus();
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Training", "Stopped and saved");
    await expectFocus(page, "Start training");
    const words = await said();
    const steps = stepsIn(words);
    expect(words.at(-1)!.words).toContain("Stopped and saved");
    steps.slice(1).forEach(({ at }, i) => {
      // Five seconds, less what a busy machine is late with the first of two.
      expect(at - steps[i]!.at).toBeGreaterThan(4000);
    });
    // The status line changes with every step, and is not spoken.
    await expect(statusOf(page, "Training")).toHaveAttribute("aria-live", "off");
    await expect(page.getByRole("figure", { name: "Loss" })).toContainText(/(Falling|Rising|Level): .* → /);
  });

  await test.step("a reload remembers model, recipe and data, and the stopped run its own", async () => {
    await setRecipe(page, { Steps: 77, "LoRA rank": 8 });
    await visitAgain(page);
    await expect(panel(page, "Model")).toContainText("Last time: The demo model with 128 rows of the sample data.");
    // The page writes its place into the address: a visit to another one that crosses it is over before it has begun.
    await expect(page).toHaveURL(/#model$/);
    await page.goto("/#train");
    await expect(page).toHaveURL(/#train$/);
    await page.reload();
    // Nothing has to be pressed.
    await expect(statusOf(page, "Model")).toContainText("The demo model is ready", { timeout: SLOW });
    await expect(panel(page, "Training").getByRole("heading", { name: "Training", exact: true })).toBeInViewport();
    await expect(statusOf(page, "Data")).toHaveText("128 rows ready", { timeout: SLOW });
    await expect(training.getByRole("spinbutton", { name: "Steps" })).toHaveValue("77");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toHaveValue("8");
    const memory = training.locator(".plan dd:has(.badge)");
    const edited = await memory.textContent();
    const rows = jsonLines([{ question: "Who?", answer: "Me." }]);
    await drop(page.locator("main"), [{ name: "other.jsonl", bytes: rows }]);
    await expect(statusOf(page, "Data")).toHaveText("1 rows ready", { timeout: SLOW });
    await button(page, "Resume run").click();
    await waitForStatus(page, "Training", /^Step [1-9]/);
    await expect(statusOf(page, "Data")).toHaveText("128 rows ready");
    await expect(training.getByRole("spinbutton", { name: "Steps" })).toHaveValue("40");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toHaveValue("16");
    await expect(memory).not.toHaveText(edited!);
    await button(page, "Stop and save").click();
    await waitForStatus(page, "Training", "Stopped and saved");
  });
});

test("fingers find every control", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL: baseURL!, hasTouch: true, isMobile: true, viewport: PHONE });
  const page = await context.newPage();
  await prepare(page);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, select, input, textarea, summary")]
      .filter((control) => control.checkVisibility() && !control.hidden)
      // A check box or a radio button is pressed by its label too.
      .map((control) => control.closest("label.inline, label:has(> [type=radio])") ?? control)
      .filter((control) => control.getBoundingClientRect().height < 44)
      .map((control) => control.outerHTML.slice(0, 80)),
  );
  expect(small).toEqual([]);
  await context.close();
});

test("with the system's colours, boxes and ranks are still seen", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/");
  const styleOf = (selector: string, names: string[]): Promise<string[]> =>
    page
      .locator(selector)
      .first()
      .evaluate((element, all) => all.map((name) => getComputedStyle(element).getPropertyValue(name)), names);
  await expect(button(page, "Load model")).toBeEnabled({ timeout: SLOW });
  const [primary] = await styleOf("button.primary:not([aria-disabled])", ["background-color"]);
  const [plain] = await styleOf("button:not(.primary, .quiet)", ["background-color"]);
  expect(primary).not.toBe(plain);
  await loadDemo(page);
  const [style, width] = await styleOf(".panel .note", ["border-top-style", "border-top-width"]);
  expect([style, width]).toEqual(["solid", "1px"]);
});

test("data of another model's is prepared anew for the one that is loaded", async ({ page }) => {
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);
  await page.reload();
  await loadDemo(page);
  await expect(statusOf(page, "Data")).toHaveText("128 rows ready", { timeout: SLOW });
});
