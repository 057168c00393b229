/**
 * One optimizer step of a checkpoint of full size through the page in a real Chromium: model and rows from folders, a recipe typed into
 * the form, the figures out of the page's CSV file and its adapter. One JSON line; `DIR/page/` gets the adapter, for
 * `reference/check_full_size.py`, which computes the same step with PyTorch.
 *
 *     npm run build && npm run preview &
 *     node scripts/run-ts.mjs /bench/full-size-step.ts DIR http://localhost:4173
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, chromium, type Locator, type Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { chromeLaunch } from "../scripts/gpu-env.mjs";
import { chooseFolder, HOUR, peaks, readyOrAlert } from "./full-size-page.ts";

/** Of all rows at once, in the order of the file, every text token a target. */
const recipe = {
  ...{ Steps: 1, "Batch size": 2, "Learning rate": 0.0002, "LoRA rank": 16, "LoRA alpha": 16 },
  "Warm-up share": 0,
};
const choices = { "Train on": "all text", "Order of rows": "as in the files" };

export async function main([folder = "", site = ""]: string[]): Promise<number> {
  const profile = await mkdtemp(path.join(tmpdir(), "tabtune-profile-"));
  const context = await chromium.launchPersistentContext(profile, chromeLaunch());
  try {
    process.stdout.write(`${JSON.stringify(await step(context, site, folder))}\n`);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
  return 0;
}

async function step(context: BrowserContext, site: string, folder: string): Promise<Record<string, unknown>> {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(HOUR);
  await page.goto(site);
  await chooseFolder(page, "Choose model folder", path.join(folder, "model"));
  await page.getByRole("button", { name: "Load model" }).click();
  await ended(page, "Model", "ready");
  await chooseFolder(page, "Choose folder", path.join(folder, "data"));
  await ended(page, "Data", "ready");
  const training = page.getByRole("region", { name: "Training" });
  await setRecipe(training);
  const planned = await training.locator("dl div", { hasText: "GPU memory" }).locator("dd").textContent();
  const began = performance.now();
  await training.getByRole("button", { name: "Start training" }).click();
  await ended(page, "Training", "Done.");
  const seconds = Math.round((performance.now() - began) / 1000);
  const csv = (await saved(page, training.getByRole("button", { name: "Download as CSV" }))).toString();
  const [names, values] = csv
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  const figures = Object.fromEntries(names!.map((name, n) => [name, Number(values![n])]));
  const zip = unzipSync(await saved(page, page.getByRole("button", { name: "Download adapter" }).first()));
  await mkdir(path.join(folder, "page"), { recursive: true });
  for (const [name, bytes] of Object.entries(zip)) await writeFile(path.join(folder, "page", name), bytes);
  const record = { recipe: { ...recipe, ...choices }, ...figures, planned, withSelfTestAndSave: seconds };
  const out = { ...record, peakBytes: await peaks(), load: loadavg()[0] };
  await writeFile(path.join(folder, "page/step.json"), JSON.stringify(out));
  return out;
}

/** Waits for a panel's status; an alert ends the waiting. */
async function ended(page: Page, region: string, words: string): Promise<void> {
  const { found, text } = await readyOrAlert(page.getByRole("region", { name: region }), words);
  if (!found) throw new Error(`${region}: ${text}`);
}

async function setRecipe(training: Locator): Promise<void> {
  await training.getByText("More settings").click();
  for (const [name, value] of Object.entries(recipe)) {
    await training.getByRole("spinbutton", { name, exact: true }).fill(String(value));
  }
  for (const [label, option] of Object.entries(choices)) {
    await training.getByRole("combobox", { name: label }).selectOption(option);
  }
}

async function saved(page: Page, button: Locator): Promise<Buffer> {
  const arriving = page.waitForEvent("download");
  await button.click();
  return readFile(await (await arriving).path());
}
