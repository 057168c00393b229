/**
 * The kernels are tried once, and the tests begin in a browser that keeps the verdict of that earlier visit and nothing else.
 * main-job.spec.ts begins in one that was never here.
 */
import fs from "node:fs";
import path from "node:path";
import { VISITED } from "../playwright.config.ts";
import { expect, loadDemo, panel, SLOW, test } from "./fixtures.ts";

/** What Playwright's types leave out of a storage state. */
interface Databases {
  indexedDB: { stores: { records: { key: string }[] }[] }[];
}

test("the kernels agree with the CPU on a first visit", async ({ page, context }) => {
  await page.goto("/");
  await loadDemo(page);
  const verdict = panel(page, "Model").getByText(/^All \d+ results of the self-test agree with the CPU/);
  await expect(verdict).toBeVisible({ timeout: SLOW });
  const { cookies, origins } = await context.storageState({ indexedDB: true });
  const databases = (origins as unknown as Databases[]).flatMap(({ indexedDB }) => indexedDB);
  const keys = databases.flatMap(({ stores }) => stores.flatMap(({ records }) => records.map(({ key }) => key)));
  expect(keys).toEqual([expect.stringMatching(/^self-test\//)]);
  // The page remembers its last model there.
  const visited = { cookies, origins: origins.map((origin) => ({ ...origin, localStorage: [] })) };
  fs.mkdirSync(path.dirname(VISITED), { recursive: true });
  fs.writeFileSync(VISITED, JSON.stringify(visited));
});
