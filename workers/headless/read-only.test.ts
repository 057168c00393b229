/** `evaluate`, `logits` and `generate` as a shell would call them. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changedModel, errorOf, fixtures, shell } from "./testing.ts";

let folder: string;
let recipe: string;
const data = path.join(fixtures, "own-tiny/data");

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-read-only-"));
  recipe = path.join(folder, "recipe.json");
  fs.writeFileSync(recipe, JSON.stringify({ load_in_4bit: false }));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test("a loss that is not a number ends evaluate and logits with the row, and no file is left", async () => {
  const model = changedModel(path.join(folder, "nan"), {
    tensors: (tensors) => tensors.get("language_model.model.norm.weight")!.bytes.fill(0xff),
  });
  const given = ["--model", model, "--data", data, "--recipe", recipe];
  const evaluated = await shell("evaluate", ...given);
  expect(evaluated).toMatchObject({ code: 1, out: [] });
  expect(errorOf(evaluated)).toMatchObject({
    code: "non-finite-loss",
    message: "Row 0 gave a loss of NaN.",
    remedy: expect.stringContaining("weights"),
  });

  const out = path.join(folder, "logits.safetensors");
  const logits = await shell("logits", ...given, "--row", "1", "--out", out);
  expect(logits.code).toBe(1);
  expect(errorOf(logits)).toMatchObject({ code: "non-finite-loss", message: expect.stringMatching(/^Row 1 .*NaN/) });
  expect(fs.existsSync(out)).toBe(false);
});
