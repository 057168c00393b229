/** The example page: with the package alone, from a folder, it answers as the trainer's chat. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { startFakeHub } from "../workers/testing/fake-hub.ts";
import { ask, button, expect, loadDemo, SLOW, test } from "./fixtures.ts";
import { serveFiles } from "./serve-files.ts";

const QUESTION = "What is in the picture?";
const PICTURE = path.resolve("public/demo/data/heldout/001.webp");
const MODEL = path.resolve("public/demo/model");

test("the example page asks a model of the hub", async ({ page }) => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-package-"));
  execFileSync("node", ["scripts/run-ts.mjs", "/scripts/package.ts", made]);
  const site = await serveFiles((at) => {
    const [, folder, name = ""] = at.split("/");
    const file = path.join(folder === "dist-package" ? made : "examples", path.basename(name));
    return fs.existsSync(file) ? fs.readFileSync(file) : undefined;
  });
  const files = new Map(
    fs.readdirSync(MODEL).map((name) => [name, new Uint8Array(fs.readFileSync(path.join(MODEL, name)))]),
  );
  const hub = await startFakeHub({ name: "someone/demo", files });

  await page.goto("/");
  await loadDemo(page);
  const expected = await ask(page, QUESTION, PICTURE);
  expect(expected).not.toBe("");

  const address = `${site.url}/examples/chat.html`;
  await page.goto(`${address}?model=someone/demo&endpoint=${hub.endpoint}`);
  await page.getByLabel("Picture").setInputFiles(PICTURE);
  await button(page, "Ask").click();
  await expect(page.getByRole("status")).toHaveText(expected, { timeout: SLOW });

  await page.goto(`${address}?model=someone/else&endpoint=${hub.endpoint}`);
  await button(page, "Ask").click();
  await expect(page.getByRole("status")).toContainText("could not be downloaded", { timeout: SLOW });
  await hub.close();
  site.close();
  fs.rmSync(made, { recursive: true });
});
