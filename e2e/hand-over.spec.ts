/** A run leaves for a GPU server: the zip from the page has the run, its recipe, its rows and their order. */
import fs from "node:fs";
import { unzipSync } from "fflate";
import { parquetReadObjects } from "hyparquet";
import { button, expect, panel, prepare, SLOW, setRecipe, shortRecipe, test, waitForStep } from "./fixtures.ts";

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
  const downloaded = page.waitForEvent("download", { timeout: SLOW });
  await server.getByRole("button", { name: "Download for a server" }).click();
  const file = await (await downloaded).path();
  await expect(server).toContainText("has the three commands");
  const zip = unzipSync(new Uint8Array(fs.readFileSync(file)));
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
