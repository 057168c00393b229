/** SmolVLM through the page: pictures whole at first, cut into tiles when asked; the first loss is the command line's, whose kernels the oracle holds. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  button,
  chooseFolder,
  expect,
  lossTable,
  panel,
  SLOW,
  setRecipe,
  test,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";

const golden = "workers/testing/goldens/smolvlm";

/** The first loss of the same step on the command line. */
function lossOf(splitting: boolean): number {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-smolvlm-"));
  try {
    const recipe = {
      ...{ max_steps: 1, per_device_train_batch_size: 2, train_on: "all-text", data_order: "huggingface" },
      do_image_splitting: splitting,
    };
    fs.writeFileSync(path.join(folder, "recipe.json"), JSON.stringify(recipe));
    const given = ["--model", `${golden}/model`, "--data", `${golden}/data`, "--recipe", `${folder}/recipe.json`];
    const out = path.join(folder, "out");
    const { status, stderr } = spawnSync(process.execPath, ["scripts/headless.mjs", "train", ...given, "--out", out], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    return (JSON.parse(fs.readFileSync(path.join(out, "steps.jsonl"), "utf8")) as { loss: number }).loss;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test("pictures are whole until tiles are chosen; either way a step gives the command line's loss", {
  tag: "@long",
}, async ({ page }) => {
  await page.goto("/");
  await chooseFolder(page, "Choose model folder", `${golden}/model`);
  for (const splitting of [false, true]) {
    if (splitting) {
      await panel(page, "Model").getByText("Loading settings").click();
      await page.getByRole("combobox", { name: "Pictures of SmolVLM" }).selectOption("cut into tiles");
    }
    await button(page, "Load model").click();
    await waitForStatus(page, "Model", "ready");
    if (!splitting) await chooseFolder(page, "Choose folder", `${golden}/data`);
    // Rows are prepared anew where their pictures are cut otherwise: the longest has 145 tokens whole, 279 in tiles.
    const longest = panel(page, "Data").getByText(splitting ? "longest row 279" : "longest row 145");
    await expect(longest).toBeVisible({ timeout: SLOW });
    await panel(page, "Training").getByRole("combobox", { name: "Preset" }).selectOption("Seed report");
    await setRecipe(page, { Steps: 1, "Batch size": 2 });
    await panel(page, "Training").getByRole("combobox", { name: "Adapted linears" }).selectOption("language model");
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
    const [row] = await lossTable(page);
    expect(Math.abs(row!.loss - lossOf(splitting))).toBeLessThan(1e-5);
  }
});
