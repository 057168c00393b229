/**
 * Six people on their whole way, by roles and names: what each has, what each wants, and what is in their hands at the end. Where each
 * place is complete, axe looks at it; with TABTUNE_SCREENS set, its picture is kept there (`npm run screens`).
 */
import fs from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Page, TestInfo } from "@playwright/test";
import { expectAccessible } from "./axe.ts";
import { demoPicture, drop, text, upload } from "./files.ts";
import {
  ask,
  button,
  chooseFiles,
  chooseFolder,
  downloadAdapter,
  expect,
  loadDemo,
  lossTable,
  panel,
  prepare,
  SLOW,
  setRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";
import { PHONE } from "./look.ts";

/** A place that is complete: looked at by axe, and kept as a picture where pictures are made. */
async function lookAt(page: Page, who: string, place: "model" | "data" | "train" | "result"): Promise<void> {
  await page.goto(`/#${place}`);
  await expectAccessible(page, `${who}, ${place}`);
  const folder = process.env.TABTUNE_SCREENS;
  if (folder) await page.screenshot({ path: path.join(folder, `${who}-${place}.jpg`), type: "jpeg", quality: 80 });
}

/** A folder of files for a chooser. */
function folderOf(testInfo: TestInfo, name: string, files: Record<string, Uint8Array>): string {
  const folder = testInfo.outputPath(name);
  for (const [file, bytes] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), bytes);
  }
  return folder;
}

const picture = (n: number): string => `${String(n).padStart(3, "0")}.webp`;
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** A run of a few seconds: 4 steps of 2 rows. */
async function train(page: Page, steps = 4): Promise<void> {
  await setRecipe(page, { Steps: steps, "Batch size": 2, "Learning rate": 0.005 });
  await button(page, "Start training").click();
  await waitForEnd(page, steps);
}

test("a photographer: a folder of pictures with captions beside them", async ({ page, seen }, testInfo) => {
  test.setTimeout(400_000);
  const captions = ["a lighthouse at dusk", "two boats, high tide", "fog over the pier"];
  const files = numbers(12).flatMap((n): [string, Uint8Array][] => [
    [`DSC_${4100 + n}.webp`, demoPicture(picture(n))],
    [`DSC_${4100 + n}.txt`, text(captions[n % 3]!)],
  ]);
  await page.goto("/");
  await lookAt(page, "photographer", "model");
  await loadDemo(page);
  await chooseFolder(page, "Choose folder", folderOf(testInfo, "holiday", Object.fromEntries(files)));
  await waitForStatus(page, "Data", "12 rows ready");
  await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText("DSC_4101");
  await lookAt(page, "photographer", "data");
  await train(page);
  await lookAt(page, "photographer", "train");
  const { config } = await downloadAdapter(page);
  expect(config.peft_type).toBe("LORA");
  expect(await ask(page, "Describe the picture.", "public/demo/data/heldout/001.webp")).not.toBe("");
  await lookAt(page, "photographer", "result");
  expect(seen.console).toEqual([]);
});

test("a teacher: a folder a class", async ({ page, seen }, testInfo) => {
  test.setTimeout(400_000);
  const files = numbers(24).map((n): [string, Uint8Array] => [
    `${n % 2 === 0 ? "leaf" : "fish"}/${picture(n)}`,
    demoPicture(picture(n)),
  ]);
  await page.goto("/");
  await loadDemo(page);
  await chooseFolder(page, "Choose folder", folderOf(testInfo, "class", Object.fromEntries(files)));
  await waitForStatus(page, "Data", "24 rows ready");
  await lookAt(page, "teacher", "data");
  await train(page, 2);
  const apply = panel(page, "Apply");
  const rows = apply.getByRole("combobox", { name: "Rows", exact: true });
  await rows.selectOption((await rows.locator("option", { hasText: "all of the data (24)" }).getAttribute("value"))!);
  await apply.getByRole("spinbutton", { name: "Longest answer" }).fill("4");
  await button(page, "Start answering").click();
  await waitForStatus(page, "Apply", "Done: 24 of 24 rows answered.");
  await apply.getByRole("combobox", { name: "Metric" }).selectOption("accuracy");
  await expect(apply.locator("[data-figure]").first()).toBeVisible();
  await lookAt(page, "teacher", "result");
  expect(seen.console).toEqual([]);
});

test("an engineer: LLaVA's JSON, a recipe file, figures out", async ({ page, seen }) => {
  test.setTimeout(400_000);
  const rows = numbers(48).map((n) => ({
    id: String(n),
    image: picture(n),
    conversations: [
      { from: "human", value: "<image>\nWhat do you see?" },
      { from: "gpt", value: `Thing number ${n % 4}.` },
    ],
  }));
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, [
    upload("train.json", text(JSON.stringify(rows))),
    ...numbers(48).map((n) => upload(picture(n), demoPicture(picture(n)))),
  ]);
  await waitForStatus(page, "Data", "48 rows ready");
  const recipe = { max_steps: 2, per_device_train_batch_size: 2, lora_r: 8, eval_strategy: "steps", eval_steps: 1 };
  await drop(page.locator("main"), [{ name: "recipe.json", bytes: text(JSON.stringify(recipe)) }]);
  const training = panel(page, "Training");
  await expect(training.getByRole("spinbutton", { name: "LoRA rank", exact: true })).toHaveValue("8");
  await button(page, "Start training").click();
  await waitForEnd(page, 2);
  await lookAt(page, "engineer", "train");
  const losses = (await lossTable(page)).filter(({ loss }) => loss > 0);
  const [csv] = await Promise.all([page.waitForEvent("download"), button(page, "Download as CSV").click()]);
  const lines = (await readFile(await csv.path(), "utf8")).trim().split("\n");
  expect(lines[0]).toContain("loss");
  expect(losses.length).toBeGreaterThanOrEqual(2);
  expect(seen.console).toEqual([]);
});

test("receipts: a table whose columns have names of their own", async ({ page, seen }) => {
  test.setTimeout(400_000);
  const lines = numbers(10).map((n) => `${picture(n)},${n}.50 EUR,shop ${n % 3}`);
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, [
    upload("receipts.csv", text(["scan_of_it,sum_paid,where", ...lines].join("\n"))),
    ...numbers(10).map((n) => upload(picture(n), demoPicture(picture(n)))),
  ]);
  const data = panel(page, "Data");
  await expect(page.getByRole("table", { name: "Columns", exact: true })).toBeVisible({ timeout: SLOW });
  await lookAt(page, "receipts", "data");
  await data.getByRole("combobox", { name: "Picture" }).selectOption("scan_of_it");
  await data.getByRole("combobox", { name: "Answer" }).selectOption("sum_paid");
  await data.getByRole("textbox", { name: "Question of rows that have none" }).fill("What is the total?");
  await button(page, "Read with these columns").click();
  await waitForStatus(page, "Data", "10 rows ready");
  await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText("1.50 EUR");
  await train(page, 2);
  expect((await downloadAdapter(page)).config.base_model_name_or_path).toBeTruthy();
  expect(seen.console).toEqual([]);
});

test("back after a crash: the run goes on where it was", async ({ page, context, seen }) => {
  test.setTimeout(400_000);
  await prepare(page);
  await setRecipe(page, { Steps: 6, "Batch size": 2, "Save every … steps": 2 });
  await button(page, "Start training").click();
  await waitForStep(page, 3);
  await page.close();
  const again = await context.newPage();
  await again.goto("/");
  await expect(again.getByRole("navigation", { name: "Path" })).toContainText(/run to go on with|Load a model/);
  await lookAt(again, "returning", "result");
  await loadDemo(again);
  await button(again, "Resume run").click();
  await waitForEnd(again, 6);
  expect((await lossTable(again)).map(({ step }) => step).filter((step) => step > 0)).toEqual(numbers(6));
  expect(seen.errors).toEqual([]);
});

test.describe("on a phone", () => {
  test.use({ viewport: PHONE, hasTouch: true, isMobile: true });

  test("the demo, by fingers", async ({ page, seen }) => {
    test.setTimeout(400_000);
    await page.goto("/");
    await expect(button(page, "Try the demo")).toBeEnabled({ timeout: SLOW });
    await lookAt(page, "phone", "model");
    await button(page, "Try the demo").tap();
    await waitForStatus(page, "Training", /^Step [1-9]/);
    await expect(statusOf(page, "Training")).toBeInViewport({ ratio: 1 });
    await lookAt(page, "phone", "train");
    await button(page, "Stop and save").tap();
    await waitForStatus(page, "Training", "Stopped and saved");
    await lookAt(page, "phone", "result");
    expect(seen.console).toEqual([]);
  });
});
