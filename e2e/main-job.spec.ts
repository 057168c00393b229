/** The job that TabTune is for, from an empty page to a chat with the trained adapter, with the network cut off. */
import { readFile } from "node:fs/promises";
import {
  ask,
  button,
  chooseSampleData,
  downloadAdapter,
  expect,
  firstVisit,
  loadDemo,
  lossTable,
  panel,
  prepare,
  SLOW,
  safetensorsHeader,
  safetensorsValues,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStep,
} from "./fixtures.ts";

const picture = "public/demo/data/images/001.webp";

// The kernels are tried before the first step.
test.use(firstVisit);

test("load, prepare, train, download, chat", async ({ page, seen }) => {
  await page.goto("/");
  await loadDemo(page);
  await chooseSampleData(page);

  await test.step("rows are shown as the model reads them", async () => {
    const rows = page.getByRole("table", { name: "Rows", exact: true });
    await expect(rows.locator("tbody tr")).toHaveCount(8);
    const first = rows.locator("tbody tr").first();
    await expect(first.getByRole("img", { name: "Picture of row 0" })).toBeVisible();
    await expect(first.locator("mark").first()).toBeVisible();
    // Only the answers are trained on, never the question.
    expect((await first.locator("mark").allTextContents()).join("")).toContain("Ahoy! A shark dead ahead");
    expect((await first.locator("mark").allTextContents()).join("")).not.toContain("What do you see?");
    await expect(first).toContainText("<image>×36");
    const painted = await first.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(data).size;
    });
    expect(painted, "colours in the thumbnail").toBeGreaterThan(2);
    await button(page, "Next rows").click();
    await expect(rows.getByRole("img", { name: "Picture of row 8" })).toBeVisible();
  });

  await test.step("presets and plan", async () => {
    const training = panel(page, "Training");
    const preset = training.getByRole("combobox", { name: "Preset" });
    await expect(preset.getByRole("option")).toHaveText(["Demo model", "Practical", "Seed report"]);
    await preset.selectOption("Seed report");
    await expect(training.getByRole("spinbutton", { name: "Steps" })).toHaveValue("500");
    await expect(training.getByRole("spinbutton", { name: "Batch size" })).toHaveValue("8");
    await expect(training.getByRole("spinbutton", { name: "Learning rate" })).toHaveValue("0.00002");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toHaveValue("64");
    await expect(training.getByRole("spinbutton", { name: "LoRA alpha" })).toHaveValue("16");
    await preset.selectOption("Demo model");
    await expect(training.getByRole("spinbutton", { name: "LoRA rank" })).toHaveValue("16");
    await expect(training.getByText("GPU memory")).toBeVisible();
    await expect(training.getByText("fits", { exact: true })).toBeVisible();
  });

  await test.step("six steps", async () => {
    // A rate at which six small steps are enough to change the voice.
    await setRecipe(page, { ...shortRecipe(6, 2), "Learning rate": 0.02 });
    await button(page, "Start training").click();
    await waitForEnd(page, 6);
    // Held-out rows are measured by default: step 0 has their figures and no loss of its own.
    const [before, ...rows] = await lossTable(page);
    expect(before!.step).toBe(0);
    expect(rows.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { loss } of rows) expect(loss).toBeGreaterThan(0);
    for (const { loss } of rows) expect(loss).toBeLessThan(20);
    await expect(page.getByRole("figure", { name: "Loss" })).toBeVisible();
    await page.getByText("Figures as a table").click();
    await expect(page.getByRole("table", { name: "Loss table" }).getByRole("row")).toHaveCount(8);
    await expect(panel(page, "Runs")).toContainText("done, step 6 of 6");
  });

  await test.step("the kernels were tried on this adapter before the first step", async () => {
    const model = panel(page, "Model");
    await expect(model.getByText(/All \d+ results of the self-test agree with the CPU/)).toBeVisible();
    const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Download report").click()]);
    const report = JSON.parse(await readFile(await file.path(), "utf8"));
    expect(report).toMatchObject({ passed: true, adapter: { software: true } });
    expect(report.results.length).toBeGreaterThan(20);
    console.log(`self-test: ${report.seconds.toFixed(1)} s`);
  });

  await test.step("the adapter is PEFT's", async () => {
    const { weights, config, card } = await downloadAdapter(page);
    const header = safetensorsHeader(weights);
    const first = "base_model.model.language_model.model.layers.0.self_attn.q_proj";
    expect(header[`${first}.lora_A.weight`]).toMatchObject({ dtype: "F32", shape: [16, 192] });
    expect(header[`${first}.lora_B.weight`]).toMatchObject({ dtype: "F32", shape: [192, 16] });
    expect(Object.keys(header)).toHaveLength(5 * 7 * 2);
    expect(config).toMatchObject({ peft_type: "LORA", r: 16, lora_alpha: 16 });
    expect(card).toContain("library_name: peft");
    const values = safetensorsValues(weights);
    expect(values.every(Number.isFinite)).toBe(true);
    const {
      data_offsets: [from, to],
    } = header[`${first}.lora_B.weight`]!;
    expect(
      values.subarray(from / 4, to / 4).some((v) => v !== 0),
      "lora_B starts at zero and has learnt",
    ).toBe(true);
  });

  await test.step("chat with and without the adapter", async () => {
    // A streamed answer appears in pieces.
    await page.evaluate(() => {
      const lengths = new Set<number>();
      Object.assign(window, { lengths });
      const log = document.querySelector('[role="log"]')!;
      new MutationObserver(() => {
        const texts = log.querySelectorAll(".turn.assistant p");
        lengths.add(texts[texts.length - 1]?.textContent?.length ?? 0);
      }).observe(log, { subtree: true, childList: true, characterData: true });
    });
    const trained = await ask(page, "Describe the picture.", picture);
    expect(trained.trim().length).toBeGreaterThan(3);
    await expect(page.getByRole("log", { name: "Conversation" }).getByRole("img")).toHaveCount(1);
    const pieces = await page.evaluate(() => (window as unknown as { lengths: Set<number> }).lengths.size);
    expect(pieces, "stages of the answer on its way").toBeGreaterThan(2);

    await button(page, "New conversation").click();
    const toggle = page.getByRole("switch", { name: "Use adapter" });
    await expect(toggle).toBeChecked();
    await toggle.click();
    await expect(toggle).not.toBeChecked();
    const plain = await ask(page, "Describe the picture.", picture);
    expect(plain.trim().length).toBeGreaterThan(3);
    expect(plain).not.toBe(trained);

    await test.step("an answer can be stopped", async () => {
      // A short answer may be over before the click: then it is asked again.
      await expect(async () => {
        await page.getByRole("textbox", { name: "Message" }).fill("What do you see?");
        await button(page, "Send").click();
        await button(page, "Stop").click({ timeout: 3000 });
      }).toPass({ timeout: SLOW });
      await expect(button(page, "Stop")).toBeDisabled();
      await expect(button(page, "Send")).toBeEnabled();
      expect(await ask(page, "How many things are there?")).not.toBe("");
    });
  });

  expect(seen.console, "console warnings and errors").toEqual([]);
});

test("pause, chat while paused, resume, stop and save", async ({ page }) => {
  await prepare(page);
  await setRecipe(page, shortRecipe(200, 50));
  await button(page, "Start training").click();
  await waitForStep(page, 2);
  await expect(page).toHaveTitle(/^\d+\/200/);
  await button(page, "Pause").click();
  const status = statusOf(page, "Training");
  await expect(status).toContainText("Paused", { timeout: SLOW });
  const pausedAt = (await lossTable(page)).length;
  await button(page, "Sample picture 2").click();
  await expect(button(page, "Remove 004.webp")).toBeVisible();
  await expect(button(page, "Sample picture 2")).toBeHidden();
  expect((await ask(page, "What do you see?")).trim()).not.toBe("");
  await expect(page.getByRole("log", { name: "Conversation" }).getByRole("img")).toHaveCount(1);
  expect(await lossTable(page), "no step while paused").toHaveLength(pausedAt);

  await button(page, "Resume").click();
  await waitForStep(page, pausedAt + 2);
  await button(page, "Stop and save").click();
  await expect(status).toContainText("Stopped and saved", { timeout: SLOW });
  const steps = (await lossTable(page)).map((row) => row.step);
  expect(steps).toEqual(steps.map((_, i) => i + 1));
  expect(steps.length).toBeLessThan(200);
  await expect(panel(page, "Runs")).toContainText(`stopped, step ${steps.length} of 200`);
  await expect(button(page, "Resume run")).toBeEnabled();
  safetensorsHeader((await downloadAdapter(page)).weights);

  await button(page, "Delete").click();
  await expect(button(page, "Download adapter")).toHaveCount(0);
});
