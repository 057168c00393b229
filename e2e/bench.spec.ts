/** The bench page: with tiny sizes every library runs in the page, and all compute what ours does. */
import fs from "node:fs";
import type { PeerResults } from "../bench/results.ts";
import { button, expect, SLOW, test } from "./fixtures.ts";

test("the bench compares all libraries, checks their outputs and downloads the figures", async ({ page }) => {
  await page.goto("/bench.html?quick");
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
