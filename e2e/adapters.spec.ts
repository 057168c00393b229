/** Adapters that come as files, and on from a run: more steps, or another run that begins with its adapter. */
import fs from "node:fs";
import type { Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { drop, text } from "./files.ts";
import {
  alertIn,
  ask,
  button,
  downloadZip,
  expect,
  loadDemo,
  lossTable,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  visitAgain,
  waitForEnd,
} from "./fixtures.ts";

const picture = "public/demo/data/images/001.webp";
const runs = (page: Page) => panel(page, "Runs").locator(".runs > li");
const other = (file: string): Uint8Array => fs.readFileSync(`workers/testing/goldens/train-on/first/${file}`);

test("an adapter is downloaded, dropped, talked to and trained on; a run goes on past its end", {
  tag: "@long",
}, async ({ page }) => {
  // Four runs and two chats on a software GPU.
  test.slow();
  await prepare(page);
  await setRecipe(page, { ...shortRecipe(2, 2), "Learning rate": 0.02, "LoRA rank": 8 });
  await button(page, "Start training").click();
  await waitForEnd(page, 2);
  const trained = await ask(page, "Describe the picture.", picture);
  const zip = await downloadZip(page);
  const whole = unzipSync(zip);

  await test.step("what is no whole adapter, or another model's, is refused in the Runs panel", async () => {
    const alert = alertIn(page, "Runs");
    await drop(panel(page, "Data"), [{ name: "cut.zip", bytes: zip.subarray(0, zip.length - 400) }]);
    await expect(alert).toContainText("cut.zip is no whole zip", { timeout: SLOW });
    const config = { name: "adapter_config.json", bytes: other("adapter_config.json") };
    await drop(panel(page, "Data"), [config, { name: "adapter_model.bin", bytes: text("\x80\x02") }]);
    await expect(alert).toContainText("a pickle");
    await drop(panel(page, "Data"), [
      config,
      { name: "adapter_model.safetensors", bytes: other("adapter_model.safetensors") },
    ]);
    await expect(alert).toContainText("The adapter was made for another model");
    const dora = { ...JSON.parse(new TextDecoder().decode(whole["adapter_config.json"])), use_dora: true };
    await drop(panel(page, "Data"), [
      { name: "adapter_config.json", bytes: text(JSON.stringify(dora)) },
      { name: "adapter_model.safetensors", bytes: whole["adapter_model.safetensors"]! },
    ]);
    await expect(alert).toContainText("use_dora");
    await expect(runs(page)).toHaveCount(1);
    await expect(statusOf(page, "Data"), "data is left alone").toContainText("128 rows ready");
  });

  await test.step("more steps: the same run, with what that means", async () => {
    const run = runs(page).first();
    await run.getByText("On from here").click();
    await run.getByRole("spinbutton", { name: "Steps more" }).fill("1");
    await expect(run).toContainText("schedule is drawn over 3 steps in place of 2: the learning rate goes from");
    await expect(run).toContainText("The optimizer keeps its moments");
    await button(page, "More steps").click();
    await waitForEnd(page, 3);
    expect((await lossTable(page)).map(({ step }) => step)).toEqual([1, 2, 3]);
    await expect(run).toContainText("done, step 3 of 3");
    await expect(run).toContainText("After step 2 it went on to 3.");
  });

  await test.step("a zip that is dropped before there is a model waits for one, and speaks as the run did", async () => {
    await visitAgain(page);
    await drop(panel(page, "Data"), [{ name: "voice.zip", bytes: zip }]);
    await expect(panel(page, "Runs")).toContainText("voice waits for a model", { timeout: SLOW });
    await loadDemo(page);
    await expect(runs(page).first()).toContainText("added as a file", { timeout: SLOW });
    await expect(runs(page).first()).toContainText("voice, an adapter for");
    await runs(page).first().getByRole("button", { name: "Use in chat" }).click();
    await expect(runs(page).first().getByRole("button", { name: "In the chat" })).toBeVisible({ timeout: SLOW });
    expect(await ask(page, "Describe the picture.", picture)).toBe(trained);
  });

  await test.step("a run that begins with it has its rank, and says so", async () => {
    const voice = runs(page).first();
    await voice.getByText("On from here").click();
    await expect(voice.getByRole("button", { name: "More steps" })).toHaveCount(0);
    await voice.getByRole("button", { name: "Train on from it" }).click();
    const training = panel(page, "Training");
    await expect(training).toContainText("Begins with voice");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toBeDisabled();
    await training.getByRole("combobox", { name: "Preset" }).selectOption("Practical");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toHaveValue("8");
    await setRecipe(page, shortRecipe(1, 1));
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
    await expect(runs(page).first()).toContainText("Began with the adapter voice.");
    await button(page, "Begin anew").click();
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toBeEnabled();
  });
});
