/** Presets and advice that say what they change, and do it at a press. */
import { demoPicture, jsonLines, upload } from "./files.ts";
import {
  button,
  chooseFiles,
  expect,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

test("the seed report says what it changes, and loads the model as its script does", async ({ page }) => {
  await prepare(page);
  const training = panel(page, "Training");
  const preset = training.getByRole("combobox", { name: "Preset" });
  await preset.selectOption("Seed report");
  const changes = training.getByRole("list", { name: "What it changes" });
  await expect(changes).toContainText("Adapted linears: language model → vision tower and projector too");
  await expect(changes).toContainText("Order of rows: shuffled → as Hugging Face shuffles");
  const otherwise = training.getByRole("list", { name: "Loaded otherwise" });
  await expect(otherwise.getByRole("listitem")).toHaveText([
    "Projector: as in the checkpoint → in 4 bits",
    "Vision tower: as in the checkpoint → in 4 bits",
  ]);
  await expect(training).toContainText(
    /GPU memory of a run: [\d.]+ [MG]B with Demo model, [\d.]+ [MG]B with this recipe .* [\d.]+ [MG]B loaded anew/,
  );
  await expectGoodLooks(page);
  await button(page, "Load the model anew").click();
  await expect(otherwise).toHaveCount(0, { timeout: SLOW });
  await expect(statusOf(page, "Model")).toContainText("ready");
  await expect(statusOf(page, "Data")).toHaveText("128 rows ready");
  await expect(preset).toHaveValue("Seed report");
  await panel(page, "Model").getByText("Loading settings").click();
  await expect(panel(page, "Model").getByRole("combobox", { name: "Projector" })).toHaveValue("4bit");
  await expect(panel(page, "Model").getByRole("combobox", { name: "Vision tower" })).toHaveValue("4bit");

  // Loaded in another format, it is offered again.
  await panel(page, "Model").getByRole("combobox", { name: "4-bit format" }).selectOption("FP4");
  await panel(page, "Model").getByRole("combobox", { name: "Double quantisation" }).selectOption("on");
  await button(page, "Load model").click();
  await expect(otherwise.getByRole("listitem")).toHaveText(
    ["4-bit format: FP4 → NF4", "Double quantisation: on → off"],
    { timeout: SLOW },
  );
});

test("advice has a figure and a button that does it: on the recipe, and on answers", async ({ page }) => {
  await prepare(page);
  const training = panel(page, "Training");
  const advice = page.getByRole("list", { name: "Advice on the recipe" });
  // The demo's own recipe is sound.
  await expect(training.getByText("GPU memory")).toBeVisible();
  await expect(advice).toHaveCount(0);
  await training.getByRole("spinbutton", { name: "Steps", exact: true }).fill("900");
  await expect(advice).toContainText(/Every row is seen 56 times: it will be learnt by heart/);
  await button(page, "Set Steps to 100").click();
  await expect(advice).toHaveCount(0);
  await expect(training.getByRole("spinbutton", { name: "Steps", exact: true })).toHaveValue("100");
  await training.getByRole("spinbutton", { name: "Learning rate" }).fill("0.00002");
  await expect(advice).toContainText(/A learning rate of 0\.00002 is very low\. At rank 16 and alpha 16/);
  await expectGoodLooks(page);
  await button(page, "Set Learning rate to 0.002").click();
  await expect(advice).toHaveCount(0);

  const chat = panel(page, "Chat");
  await chat.getByText("System prompt and sampling").click();
  const longest = chat.getByRole("spinbutton", { name: "Longest answer in tokens" });
  await longest.fill("2");
  await chat.getByRole("textbox", { name: "Message" }).fill("What do you see?");
  await button(page, "Send").click();
  const onAnswers = page.getByRole("list", { name: "Advice on the answers" });
  await expect(onAnswers).toContainText("1 of 1 answer was cut at 2 tokens", { timeout: SLOW });
  await button(page, "Allow 4 tokens").click();
  await expect(longest).toHaveValue("4");
  await expect(onAnswers).toHaveCount(0);
});

test("held-out rows are marked in the table of rows", async ({ page }) => {
  await prepare(page);
  const data = panel(page, "Data");
  const marks = data.getByText("held out, not trained on");
  const heldOut = panel(page, "Training").getByRole("combobox", { name: "Held-out rows" });
  await heldOut.selectOption("none: all are trained on");
  await expect(marks).toHaveCount(0);
  await heldOut.selectOption("measured as it trains");
  await expect(data).toContainText(/\d+ of 128 rows are held out/);
  const count = Number(/(\d+) of 128 rows are held out/.exec((await data.textContent())!)![1]);
  await button(page, "Search and change rows").click();
  await data.getByRole("combobox", { name: "Show" }).selectOption("rows not trained on");
  await expect(data.getByText(`${count} found.`)).toBeVisible();
  await expect(marks).toHaveCount(Math.min(8, count));
  await expectGoodLooks(page);
  await heldOut.selectOption("none: all are trained on");
  await expect(data.getByText("0 found.")).toBeVisible();
});

test("a run that learns its rows by heart says where it was best, and that one is trained on from", {
  tag: "@long",
}, async ({ page }) => {
  const names = ["001.webp", "002.webp", "003.webp", "004.webp"];
  const table = (answer: string, of: string[]) =>
    jsonLines(of.map((image) => ({ image, question: "Is it a shark?", answer })));
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, [
    ...names.map((name) => upload(name, demoPicture(name))),
    upload("train.jsonl", table("Yes, captain!", names)),
    upload("validation.jsonl", table("No, captain!", names.slice(0, 2))),
  ]);
  await expect(statusOf(page, "Data")).toHaveText("4 rows ready", { timeout: SLOW });
  const training = panel(page, "Training");
  await training.getByRole("combobox", { name: "Held-out rows" }).selectOption("measured as it trains");
  await expect(panel(page, "Data")).toContainText("2 of 2 held-out rows show a picture that is also trained on");
  await setRecipe(page, { ...shortRecipe(12, 100), "Learning rate": 0.02, "Measure every … steps": 2 });
  await training.getByRole("combobox", { name: "Schedule" }).selectOption("constant");
  await button(page, "Start training").click();
  await waitForEnd(page, 12);
  const advice = page.getByRole("list", { name: "Advice on the run" });
  await expect(advice).toContainText(/Held-out loss was lowest at step \d+ \([\d.]+\) and is [\d.]+ at step 12/);
  const step = Number(/lowest at step (\d+)/.exec((await advice.textContent())!)![1]);
  await expect(advice.getByRole("button", { name: `Download the one of step ${step}` })).toBeVisible();
  await expectGoodLooks(page);
  await advice.getByRole("button", { name: `Train on from step ${step}` }).click();
  await expect(training).toContainText(new RegExp(`Begins with .*, step ${step}: its rank`));
  await setRecipe(page, { Steps: 1 });
  await button(page, "Start training").click();
  await waitForEnd(page, 1);
  await expect(panel(page, "Runs")).toContainText(new RegExp(`Began with the adapter of .* at step ${step}\\.`));
});
