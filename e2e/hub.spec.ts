/** A model from the hub: asked about, fetched over a bad line, kept, loaded again without the network, deleted. */
import type { Page } from "@playwright/test";
import { type FakeHub, startFakeHub } from "../workers/testing/fake-hub.ts";
import { demoModelFiles } from "./files.ts";
import { alertIn, button, chooseHubModel, expect, panel, statusOf, test, waitForStatus } from "./fixtures.ts";

const files = demoModelFiles();

let hub: FakeHub;
test.beforeAll(async () => {
  hub = await startFakeHub({ name: "someone/demo", files, token: "secret" });
});
test.afterAll(() => hub.close());

async function openSettings(page: Page): Promise<void> {
  await panel(page, "Model").getByText("Hub settings").click();
}

/** Names and hashes of what is prepared in this browser; a model's date of birth is left out. */
const prepared = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const out: string[] = [];
    for await (const folder of root.values()) {
      if (folder.kind !== "directory") continue;
      for await (const file of (folder as FileSystemDirectoryHandle).values()) {
        if (file.kind !== "file" || !file.name.startsWith("weights-") || file.name.endsWith("about")) continue;
        const bytes = await (await (file as FileSystemFileHandle).getFile()).arrayBuffer();
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
        out.push(`${file.name} ${hash.join(".")}`);
      }
    }
    return out.sort();
  });

test("a page that is reloaded while a model comes goes on where it was", async ({ browser, baseURL }) => {
  const size = files.get("model.safetensors")!.byteLength;
  const visit = async (moments: number[]): Promise<{ kept: string[]; sent: number }> => {
    const context = await browser.newContext({ baseURL: baseURL! });
    const page = await context.newPage();
    const begin = async (): Promise<void> => {
      await chooseHubModel(page, "someone/demo");
      await page.getByLabel("Hub address").fill(hub.endpoint);
      await page.getByLabel("Access token").fill("secret");
      await button(page, "Load model").click();
      await page.getByRole("button", { name: /^Download \d/ }).click();
    };
    await page.goto("/");
    await openSettings(page);
    hub.sent = 0;
    for (const moment of moments) {
      let asked = 0;
      const reached = new Promise<void>((resolve) => {
        // From this request on, the server is silent: the page is in the middle of its load.
        hub.fault = ({ file }) => {
          if (!file.endsWith(".safetensors") || ++asked < moment) return false;
          resolve();
          return true;
        };
      });
      await begin();
      await reached;
      hub.fault = undefined;
      await page.reload();
      await openSettings(page);
    }
    await begin();
    await waitForStatus(page, "Model", "someone/demo is ready");
    const result = { kept: await prepared(page), sent: hub.sent };
    await context.close();
    return result;
  };
  const undisturbed = await visit([]);
  expect(undisturbed.kept.length).toBeGreaterThan(20);
  const disturbed = await visit([2, 40, 50]);
  expect(disturbed.kept).toEqual(undisturbed.kept);
  // Three reloads, each with at most the largest tensor under way.
  const header = 1 << 20;
  expect(disturbed.sent).toBeLessThanOrEqual(size + header + 3 * 786_432);
});

test("a model of the hub", async ({ page, context }) => {
  await page.goto("/");

  await test.step("a name that is none, and a hub that wants to know who asks", async () => {
    await chooseHubModel(page, "demo");
    await button(page, "Load model").click();
    await expect(alertIn(page, "Model")).toContainText("is not the name of a model on the hub");
    await chooseHubModel(page, "someone/demo");
    await openSettings(page);
    await page.getByLabel("Hub address").fill(hub.endpoint);
    await button(page, "Load model").click();
    await expect(alertIn(page, "Model")).toContainText("the hub asks who you are");
  });

  await test.step("without a network that is told within seconds, and nothing is said to be kept", async () => {
    await context.setOffline(true);
    await button(page, "Load model").click();
    await expect(page.getByRole("progressbar", { name: "Asking the hub" })).toBeVisible();
    await expect(alertIn(page, "Model")).toContainText("could not be downloaded", { timeout: 10_000 });
    await expect(alertIn(page, "Model")).not.toContainText("kept");
    await context.setOffline(false);
  });

  await test.step("it tells what it costs before it fetches, by its address too", async () => {
    await page.getByLabel("Access token").fill("secret");
    await panel(page, "Model").getByLabel("Name on the hub").fill(`${hub.endpoint}/someone/demo/tree/main`);
    await expect(alertIn(page, "Model")).toHaveCount(0);
    await button(page, "Load model").click();
    const offer = page.getByRole("region", { name: "Download" });
    await expect(offer).toContainText("someone/demo at 0123456");
    await expect(offer).toContainText("should fit this GPU");
    await expect(offer.getByRole("button", { name: /^Download \d+\.\d MB$/ })).toBeVisible();
  });

  await test.step("it comes through a cut connection", async () => {
    hub.cutAfter = 30_000;
    await page.getByRole("button", { name: /^Download \d/ }).click();
    await waitForStatus(page, "Model", "someone/demo is ready");
    expect(hub.cutAfter).toBeUndefined();
  });

  await test.step("after a reload it needs no network", async () => {
    const sent = hub.sent;
    await page.reload();
    // It comes back by itself.
    await waitForStatus(page, "Model", "someone/demo is ready");
    await expect(statusOf(page, "Model")).toContainText("from this browser's cache");
    expect(hub.sent).toBe(sent);
  });

  await test.step("it is in the list of what this browser keeps, and can be deleted", async () => {
    const storage = page.getByRole("region", { name: "Storage" });
    await storage.scrollIntoViewIfNeeded();
    const row = storage.getByRole("row", { name: /someone\/demo/ });
    await expect(row).toContainText("MB");
    page.once("dialog", (dialog) => dialog.accept());
    await row.getByRole("button", { name: "Delete someone/demo" }).click();
    await expect(row).toHaveCount(0);
  });
});
