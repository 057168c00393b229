/** The page as an app: what the first visit fetches, that it works without a network, and that a newer version never comes under a run. */
import type { Page } from "@playwright/test";
import {
  ask,
  button,
  chooseSampleData,
  expect,
  holdNothingOut,
  loadDemo,
  panel,
  SLOW,
  setRecipe,
  shortRecipe,
  stepOf,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";
import { testAt } from "./site.ts";

const test = testAt();
test.use({ serviceWorkers: "allow" });

/** Most that the page may fetch before it can be used, as a host sends it. */
const FIRST_LOAD_BYTES = 300_000;

const storage = (page: Page) => page.locator("#storage");
const waitUntilKept = (page: Page) =>
  expect(storage(page)).toContainText("it opens without a network", { timeout: SLOW, useInnerText: false });

test("the first visit fetches at most 300 kB before the page can be used, and the rest of the shell after it", async ({
  page,
  site,
}) => {
  // When the page can be used, by its own clock: its first button can be pressed.
  await page.addInitScript(() => {
    const look = new MutationObserver(() => {
      const door = [...document.querySelectorAll(".welcome button")].find((b) => b.textContent === "Try the demo");
      if (!door || door.hasAttribute("aria-disabled")) return;
      (window as unknown as { usableAt: number }).usableAt = Date.now();
      look.disconnect();
    });
    look.observe(document, { subtree: true, childList: true, attributes: true });
  });
  await page.goto(site.url);
  await waitUntilKept(page);
  const usableAt = await page.evaluate(() => (window as unknown as { usableAt: number }).usableAt);

  const worker = site.fetched.find(({ path }) => path === "sw.js")!;
  expect(worker.at, "the service worker is started once the page can be used").toBeGreaterThanOrEqual(usableAt);
  const first = site.fetched.filter(({ at, ahead }) => at <= usableAt && !ahead);
  const sum = (of: typeof first, what: "bytes" | "gzipped"): number => of.reduce((all, one) => all + one[what], 0);
  const kB = (n: number): string => `${(n / 1000).toFixed(1)} kB`;
  for (const { path, gzipped } of first) console.log(`  ${kB(gzipped).padStart(9)}  ${path || "index.html"}`);
  const ahead = site.fetched.filter((one) => one.ahead);
  console.log(`first load: ${kB(sum(first, "gzipped"))} gzipped (${kB(sum(first, "bytes"))}) in ${first.length} files`);
  console.log(
    `kept after it: ${ahead.length} files, ${kB(sum(ahead, "gzipped"))} gzipped (${kB(sum(ahead, "bytes"))})`,
  );
  expect(sum(first, "gzipped")).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
  expect(first.some(({ path }) => /engine\.worker/.test(path))).toBe(true);

  // The shell and nothing else: no demo but for the pictures of the example, no bench, no library that it compares with.
  const others = /^demo\/(?!data\/images\/)|bench|ort|tfjs/;
  expect(site.fetched.map(({ path }) => path).filter((path) => others.test(path))).toEqual([]);
  expect(site.fetched.filter(({ path }) => path.startsWith("demo/")).length).toBeLessThan(20);
  const session = await page.context().newCDPSession(page);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
  const { errors } = await session.send("Page.getAppManifest");
  expect(errors).toEqual([]);

  // The example that a visitor sees is whole without a network.
  await page.waitForLoadState("networkidle");
  site.down = true;
  await page.reload();
  const pictures = page.locator(".welcome img, .example img");
  await expect(pictures.first()).toBeVisible();
  await expect
    .poll(() => pictures.evaluateAll((all) => all.every((picture) => (picture as HTMLImageElement).naturalWidth > 0)))
    .toBe(true);
});

test("after one visit the page works without a network, and the demo with it", { tag: "@long" }, async ({
  page,
  context,
  site,
  seen,
}) => {
  const question = "What is in the picture?";
  await page.goto(site.url);
  await loadDemo(page);
  const before = await ask(page, question);
  await waitUntilKept(page);
  await expect
    .poll(() => site.fetched.filter(({ path, ahead }) => ahead && path.startsWith("demo/model/")).length, {
      message: "the demo that was loaded is kept",
    })
    .toBeGreaterThan(3);
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state))
    .toBe("activated");
  await page.waitForLoadState("networkidle");

  site.down = true;
  await context.setOffline(true);
  const count = site.fetched.length;
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "TabTune" })).toBeVisible();
  await loadDemo(page);
  expect(await ask(page, question)).toBe(before);
  await chooseSampleData(page);
  expect(site.fetched.length, "nothing came from the site").toBe(count);
  expect(
    site.fetched.filter(({ path }) => /ort|tfjs/.test(path)),
    "the demo needs no other library",
  ).toEqual([]);
  expect(seen.errors).toEqual([]);
});

test("a newer version is told during a run, and comes when somebody presses for it after", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(600_000);
  await page.goto(site.url);
  await waitUntilKept(page);
  await page.reload();
  await loadDemo(page);
  await chooseSampleData(page);
  await holdNothingOut(page);
  await setRecipe(page, shortRecipe(200, 50));
  await button(page, "Start training").click();
  await waitForStep(page, 1);

  const old = /assets\/de-[\w-]+\.js/;
  const isNewer = (of: Page) => of.locator('meta[name="test-version"]').count();
  const reload = button(page, "Reload in the new version");
  let oldFile = "";
  const ok = (of: Page): Promise<boolean> => of.evaluate(async (file) => (await fetch(file)).ok, oldFile);
  await test.step("it is told", async () => {
    oldFile = old.exec(await (await fetch(`${site.url}sw.js`)).text())![0];
    await site.deploy(old);
    expect((await fetch(site.url + oldFile)).status).toBe(404);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect(page.getByText("A new version is here.")).toBeVisible({ timeout: SLOW });
  });
  await test.step("and not taken while the run goes on", async () => {
    const before = await stepOf(page);
    await expect(reload).toHaveAttribute("aria-disabled", "true");
    // By force: it can be pressed, and says why nothing comes of it.
    await reload.click({ force: true });
    await expect(page.getByText("A run goes on: stop it, or wait for its end.")).toBeVisible();
    await waitForStep(page, before + 1);
    expect(await isNewer(page)).toBe(0);
    expect(await ok(page), "files of its own version are still there").toBe(true);
    const other = await context.newPage();
    await other.goto(site.url);
    expect(await isNewer(other), "a second tab has the version of the first").toBe(0);
    await expect(button(other, "Reload in the new version")).toHaveAttribute("aria-disabled", "true");
    await other.close();
  });
  await test.step("but taken when it is pressed after it", async () => {
    await button(page, "Stop and save").click();
    await waitForStatus(page, "Training", "Stopped and saved");
    const other = await context.newPage();
    await other.goto(site.url);
    await expect(reload).not.toHaveAttribute("aria-disabled", "true");
    await reload.click();
    await expect.poll(() => isNewer(page), { timeout: SLOW }).toBe(1);
    await expect(page.getByText("A new version is here.")).toHaveCount(0);
    await expect(panel(page, "Runs").getByRole("button", { name: "Resume run" })).toBeVisible({ timeout: SLOW });

    // The other tab keeps its files, and its own button.
    expect(await ok(other)).toBe(true);
    await button(other, "Reload in the new version").click();
    await expect.poll(() => isNewer(other), { timeout: SLOW }).toBe(1);
    await other.close();
    await page.reload();
    await expect.poll(() => ok(page), { message: "what no tab needs is gone", timeout: SLOW }).toBe(false);
  });
});
