/** The bench page: with tiny sizes every library runs in the page, and all compute what ours does. */
import fs from "node:fs";
import type { PeerResults } from "../bench/results.ts";
import { parseMeasurement } from "../workers/measure/report.ts";
import { button, expect, SLOW, test } from "./fixtures.ts";

/** Every kernel of both families is compiled and run in the page: two minutes alone. */
const MEASURED = 2 * SLOW;

test("the bench compares all libraries, and downloads the figures", async ({ page }) => {
  await page.goto("/bench.html?quick");
  // Some 27 MB, 7 as they are sent: told before anybody presses.
  await expect(page.getByText(/onnxruntime-web alone is 2\d MB \(\d\.\d MB\)/)).toBeVisible();
  await button(page, "Run benchmark").click();
  const save = button(page, "Download result");
  await save.or(page.getByRole("alert")).waitFor({ timeout: SLOW });
  const [file] = await Promise.all([page.waitForEvent("download"), save.click()]);
  const results: PeerResults = JSON.parse(fs.readFileSync(await file.path(), "utf8"));

  const sides = results.comparisons.flatMap((c) => c.sides);
  expect(results.comparisons.flatMap((c) => c.failures)).toEqual([]);
  for (const name of [
    "onnxruntime-web MatMulBnb4",
    "onnxruntime-web MatMulNBits",
    "jax-js dense dX",
    "jax-js",
    "tfjs",
  ]) {
    const peer = sides.filter((s) => s.name === name);
    expect(peer.length, name).toBeGreaterThan(0);
    for (const { error } of peer) expect(error, name).toBeLessThan(1e-3);
  }
  // Counted at the API, not by ourselves: a steady run of the block creates nothing.
  const block = results.comparisons.find((c) => c.section === "LoRA block")?.sides[0];
  expect(block?.name).toBe("TabTune");
  expect(block?.calls).toMatchObject({ buffersCreated: 0, bindGroupsCreated: 0, pipelinesCreated: 0 });
  expect(results.blockDispatches).toBeLessThanOrEqual(38);
  await expect(page.getByRole("region", { name: "What the kernels are held to" }).getByRole("row")).toHaveCount(
    results.goals.length + 1,
  );
});

test("the bench measures the adapter, and downloads the same file as the command's", { tag: "@long" }, async ({
  page,
}) => {
  test.setTimeout(2 * MEASURED);
  await page.goto("/bench.html?quick");
  // It is offered behind the comparison: one of them at a time has the adapter.
  await button(page, "Run benchmark").click();
  await button(page, "Download result").waitFor({ timeout: SLOW });
  // A part that fails is in it with its words, so these fields say that none did.
  await button(page, "Measure everything").click();
  const saveCard = button(page, "Download measurement");
  await saveCard.or(page.getByRole("alert")).waitFor({ timeout: MEASURED });
  const [card] = await Promise.all([page.waitForEvent("download"), saveCard.click()]);
  expect(card.suggestedFilename()).toMatch(/^tabtune-measure-.+\.json$/);
  const found = parseMeasurement(JSON.parse(fs.readFileSync(await card.path(), "utf8")));
  expect(found.parts.filter(({ status }) => status !== "done" && status !== "skipped")).toEqual([]);
  expect(found).toMatchObject({ complete: true, sizes: "quick", adapter: { software: true } });
  expect(found.selfTest.results.length).toBeGreaterThan(100);
  expect([...found.selfTest.results, ...found.selfTest.gates].filter(({ passed }) => !passed)).toEqual([]);
  const demo = found.models.find(({ name }) => name === "demo model, r 16, batch 8");
  expect(demo?.step?.tokensPerSecond).toBeGreaterThan(0);
});
