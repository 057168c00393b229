/**
 * LLaVA-NeXT through the page: several tiles a picture. B is zero at the first step,
 * so its loss does not depend on how A begins, and must be the oracle's (reference/fixtures/README.md, run b).
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Page } from "@playwright/test";
import { bytesOf } from "../workers/weights/formats/dtype.ts";
import { readSafetensors, writeSafetensors } from "../workers/weights/formats/safetensors.ts";
import { quantise } from "../workers/weights/nf4/nf4.ts";
import { codeValues } from "../workers/weights/nf4/tables.ts";
import {
  button,
  chooseFolder,
  expect,
  lossTable,
  panel,
  setRecipe,
  test,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";

const golden = "workers/testing/goldens/llava-next-mistral";
/** The oracle's first two losses of run b: NF4 language model, all text, eight rows a step, Hugging Face's order. */
const oracle = [1.170632587022231, 1.170287133750975];

/** Trains with the published recipe but for some fields; returns the losses. */
async function trainOn(page: Page, modelFolder: string, recipe: Record<string, number>): Promise<number[]> {
  await page.goto("/");
  await chooseFolder(page, "Choose model folder", modelFolder);
  await button(page, "Load model").click();
  await waitForStatus(page, "Model", "ready");
  await chooseFolder(page, "Choose folder", `${golden}/data`);
  await waitForStatus(page, "Data", "8 rows ready");
  await panel(page, "Training").getByRole("combobox", { name: "Preset" }).selectOption("Seed report");
  await setRecipe(page, recipe);
  // The oracle's run adapts the language model alone.
  await panel(page, "Training").getByRole("combobox", { name: "Adapted linears" }).selectOption("language model");
  await button(page, "Start training").click();
  await waitForEnd(page, recipe.Steps!);
  return (await lossTable(page)).sort((a, b) => a.step - b.step).map((row) => row.loss);
}

test("two steps of the published recipe give the oracle's losses", async ({ page }) => {
  const losses = await trainOn(page, `${golden}/model`, { Steps: 2 });
  expect(losses.length).toBe(2);
  expect(Math.abs(losses[0]! - oracle[0]!)).toBeLessThan(1e-5);
  // From here on the seeded A counts: the oracle's is another.
  expect(Math.abs(losses[1]! - oracle[1]!)).toBeLessThan(1e-3);
});

/** The golden checkpoint with the feed-forward of its tower's first layer as bitsandbytes saves it in NF4 (the rest would take minutes here). */
async function withFourBitTower(folder: string): Promise<void> {
  fs.cpSync(`${golden}/model`, folder, { recursive: true });
  const file = path.join(folder, "model.safetensors");
  const { tensors } = await readSafetensors(new Uint8Array(fs.readFileSync(file)));
  const entries = [...tensors].flatMap(([name, { dtype, shape, data }]) => {
    const quantised = /vision_tower.*\.layers\.0\.mlp\.fc[12]\.weight$/.test(name);
    if (!quantised) return [{ name, dtype, shape, data }];
    expect(dtype).toBe("BF16");
    const words = new Uint16Array(data.slice().buffer);
    const values = new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
    const { codes, absmax } = quantise(values, { type: "nf4", blockSize: 64, roundToF16First: true });
    const state = new TextEncoder().encode(
      JSON.stringify({ quant_type: "nf4", blocksize: 64, dtype: "bfloat16", shape }),
    );
    const u8 = (key: string, bytes: Uint8Array, size: number[]) => ({
      name: key,
      dtype: "U8" as const,
      shape: size,
      data: bytes,
    });
    const f32 = (key: string, floats: Float32Array) => ({
      name: key,
      dtype: "F32" as const,
      shape: [floats.length],
      data: bytesOf(floats),
    });
    return [
      u8(name, codes, [codes.length, 1]),
      f32(`${name}.absmax`, absmax),
      f32(`${name}.quant_map`, codeValues.nf4),
      u8(`${name}.quant_state.bitsandbytes__nf4`, state, [state.length]),
    ];
  });
  fs.writeFileSync(file, writeSafetensors(entries));
}

test("a checkpoint with its tower in 4 bits has the loss that it has headless", { tag: "@long" }, async ({ page }) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-next-"));
  try {
    const model = path.join(folder, "model");
    await withFourBitTower(model);
    const [loss] = await trainOn(page, model, { Steps: 1, "Batch size": 2 });
    const recipe = path.join(folder, "recipe.json");
    fs.writeFileSync(
      recipe,
      JSON.stringify({ max_steps: 1, per_device_train_batch_size: 2, train_on: "all-text", data_order: "huggingface" }),
    );
    const out = path.join(folder, "out");
    const given = ["train", "--model", model, "--data", `${golden}/data`, "--recipe", recipe, "--out", out];
    const { status, stderr } = spawnSync(process.execPath, ["scripts/headless.mjs", ...given], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const own = JSON.parse(fs.readFileSync(path.join(out, "steps.jsonl"), "utf8")) as { loss: number };
    expect(Math.abs(loss! - own.loss)).toBeLessThan(1e-5);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
