/** The site as a plain host serves it: from a folder below others, without COOP and COEP. It chats, trains and works offline all the same. */
import {
  ask,
  button,
  chooseSampleData,
  expect,
  holdNothingOut,
  loadDemo,
  SLOW,
  setRecipe,
  shortRecipe,
  waitForEnd,
} from "./fixtures.ts";
import { testAt } from "./site.ts";

const FOLDER = "/some/folder/";

const test = testAt({ folder: FOLDER, isolated: false });
test.use({ serviceWorkers: "allow" });

test("from a sub-folder of a host without COOP and COEP the demo chats, trains, and opens without a network", async ({
  page,
  context,
  site,
  seen,
}) => {
  const question = "What is in the picture?";
  await page.goto(site.url);
  expect(await page.evaluate(() => [crossOriginIsolated, typeof SharedArrayBuffer])).toEqual([false, "undefined"]);
  await loadDemo(page);
  const before = await ask(page, question);
  expect(before).not.toBe("");
  await chooseSampleData(page);
  await holdNothingOut(page);
  await setRecipe(page, shortRecipe(1, 1));
  await button(page, "Start training").click();
  await waitForEnd(page, 1);

  await test.step("the service worker has this folder, and nothing above it", async () => {
    await expect(page.locator("#storage")).toContainText("it opens without a network", {
      timeout: SLOW,
      useInnerText: false,
    });
    const worker = await page.evaluate(async () => {
      const { scope, active } = await navigator.serviceWorker.ready;
      return { scope, script: active?.scriptURL };
    });
    expect(worker).toEqual({ scope: site.url, script: `${site.url}sw.js` });
    const manifest = await page.evaluate(async () => {
      const { href } = document.querySelector<HTMLLinkElement>('link[rel="manifest"]')!;
      const { start_url: start, scope } = await (await fetch(href)).json();
      return { start: new URL(start, href).href, scope: new URL(scope ?? start, href).href };
    });
    expect(manifest).toEqual({ start: site.url, scope: site.url });
    const missing = site.fetched.filter(({ path }) => path.startsWith("/"));
    expect(missing).toEqual([]);
  });

  await test.step("and answers without a network", async () => {
    await expect
      .poll(() => site.fetched.filter(({ path, ahead }) => ahead && path.startsWith("demo/model/")).length)
      .toBeGreaterThan(3);
    await page.waitForLoadState("networkidle");
    site.down = true;
    await context.setOffline(true);
    await page.reload();
    await loadDemo(page);
    await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  });
  expect(seen.errors).toEqual([]);
});
