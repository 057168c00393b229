/** A run leaves for a GPU server: the zip from the page has the run, its recipe, its rows and their order. */
import fs from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { parquetReadObjects } from "hyparquet";
import { withSmallGpu } from "./fault-points.ts";
import { button, expect, panel, prepare, SLOW, setRecipe, shortRecipe, test, waitForStep } from "./fixtures.ts";

/** Presses the button and opens what comes. */
async function handedOver(page: Page, place: Locator): Promise<Record<string, Uint8Array>> {
  const downloaded = page.waitForEvent("download", { timeout: SLOW });
  await place.getByRole("button", { name: "Download for a server" }).click();
  const file = await (await downloaded).path();
  await expect(place).toContainText("has the three commands");
  return unzipSync(new Uint8Array(fs.readFileSync(file)));
}

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

test("a run that was stopped goes on at a server: its folder has the step, the moments and the rows", async ({
  page,
}) => {
  test.slow();
  await prepare(page);
  await setRecipe(page, { ...shortRecipe(40, 2), "LoRA rank": 4 });
  await button(page, "Start training").click();
  await waitForStep(page, 2);
  await button(page, "Stop and save").click();
  const server = panel(page, "Runs").locator("li.way", { hasText: "Continue on a server" });
  await expect(server).toBeVisible({ timeout: SLOW });
  const zip = await handedOver(page, server);
  for (const name of ["train.py", "rows.py", "README.md", "optimizer.safetensors", "model/model.safetensors"])
    expect(Object.keys(zip)).toContain(name);
  const facts = JSON.parse(textOf(zip["handover.json"]));
  expect(facts.steps).toBe(40);
  expect(facts.start.step).toBeGreaterThan(0);
  expect(JSON.parse(textOf(zip["recipe.json"])).max_steps).toBe(40);
  const rows = zip["data/train-00000.parquet"]!;
  const bytes = rows.buffer.slice(rows.byteOffset, rows.byteOffset + rows.byteLength) as ArrayBuffer;
  expect((await parquetReadObjects({ file: bytes })).length).toBe(facts.rows);
});

test("a recipe that does not fit this GPU is handed over before any run", async ({ page, context }) => {
  await withSmallGpu(context);
  await prepare(page);
  const training = panel(page, "Training");
  await setRecipe(page, { "Batch size": 8, "LoRA rank": 16 });
  await expect(training).toContainText("A GPU server can train it", { timeout: SLOW });
  const zip = await handedOver(page, training);
  expect(JSON.parse(textOf(zip["handover.json"])).start).toEqual({ step: 0, window: 0 });
  expect(JSON.parse(textOf(zip["recipe.json"]))).toMatchObject({ per_device_train_batch_size: 8, lora_r: 16 });
  expect(Object.keys(zip)).not.toContain("optimizer.safetensors");
});
