/** The browser's storage: what a bad disk changed is found and mended, and two versions of the page never write one store. */
import type { Page } from "@playwright/test";
import { expect, firstVisit, test } from "./fixtures.ts";

const storageOf = (page: Page) => page.getByRole("region", { name: "Storage" });

/** Writes two records of an adapter that was kept, as sealed JSON; `spoiled` changes a byte of its name. */
async function keepRun(page: Page, spoiled: boolean): Promise<void> {
  await page.evaluate(async (spoil) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve) => request.addEventListener("success", () => resolve(request.result)));
    const sealed = async (value: object): Promise<Uint8Array> => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const hash = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return Uint8Array.from([...new TextEncoder().encode(`${hash}\n`), ...bytes]);
    };
    const info = {
      ...{ schema: 1, id: "r", createdAt: "2026-11-28T10:00:00Z", modelId: "m", modelLabel: "tiny", modelConfig: {} },
      ...{ datasetId: "d", datasetLabel: "cats", maxSteps: 4, status: "stopped", recipe: {} },
    };
    const record = await sealed(info);
    const about = await sealed({ name: "voice", note: "" });
    if (spoil) about[about.length - 5]! ^= 1;
    const database = await done(indexedDB.open("tabtune"));
    const table = database.transaction("values", "readwrite").objectStore("values");
    await done(table.put(record, "run/r/info"));
    await done(table.put(about, "run/r/about"));
    database.close();
  }, spoiled);
}

test("Check storage finds a damaged record, says what follows, and repairs it", async ({ page }) => {
  await page.goto("/#storage");
  const storage = storageOf(page);
  const check = storage.getByRole("button", { name: /^Check/ });
  await check.click();
  await expect(storage.getByRole("status")).toContainText("all of them are what was written");
  await keepRun(page, true);
  await check.click();
  await expect(storage.getByRole("status")).toContainText("damaged: 1.");
  const row = storage.getByRole("table", { name: "Damaged" }).getByRole("row", { name: /its name and note/ });
  await expect(row).toContainText("Run: tiny");
  await expect(row).toContainText("It is called by model and data again.");
  await row.getByRole("button", { name: /^Repair/ }).click();
  await expect(storage.getByRole("table", { name: "Damaged" })).toHaveCount(0);
  await check.click();
  await expect(storage.getByRole("status")).toContainText("all of them are what was written");
  await expect(storage.getByRole("table", { name: "Stored" })).toContainText("tiny");
});

test("runs that the browser has cleared by itself are missed at the next visit", async ({ page }) => {
  await page.goto("/#storage");
  await storageOf(page).getByRole("button", { name: "Check storage" }).click();
  await expect(storageOf(page).getByRole("status")).toContainText("all of them are what was written");
  await keepRun(page, false);
  await page.reload();
  const runs = page.getByRole("region", { name: "Runs" });
  await expect(runs).toContainText("voice");
  // A page of this site with nothing in it: nobody holds the database while it goes.
  await page.goto("/icon.svg");
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase("tabtune");
        request.onsuccess = resolve;
        request.onerror = reject;
        request.onblocked = reject;
      }),
  );
  await page.goto("/");
  await expect(runs).toContainText("this browser kept 1 run; now there is nothing.");
  await page.reload();
  await expect(runs).not.toContainText("now there is nothing");
});

/** What the store is opened with by whoever is there. */
const openAt = (page: Page, version: number): Promise<string> =>
  page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const request = indexedDB.open("tabtune", wanted);
        request.onupgradeneeded = ({ oldVersion }) => {
          if (oldVersion === 0) request.result.createObjectStore("values");
        };
        request.onsuccess = () => {
          request.result.onversionchange = () => request.result.close();
          resolve("open");
        };
        request.onerror = () => resolve(request.error?.name ?? "");
      }),
    version,
  );

test.describe("two versions of the page in two tabs", () => {
  test.use(firstVisit);

  test("the newer one waits for a run of the older one, which then cannot write any more; and the other way round", async ({
    page,
    context,
  }) => {
    // A page of this site with nothing in it stands for the version before.
    const older = await context.newPage();
    await older.goto("/icon.svg");
    expect(await openAt(older, 1)).toBe("open");
    await older.evaluate(() => {
      void navigator.locks.request(
        "tabtune-run-a",
        () =>
          new Promise((resolve) => {
            Object.assign(window, { endRun: resolve });
          }),
      );
    });
    await page.goto("/#storage");
    await expect(storageOf(page)).toContainText("A run or a job is going on in another tab, with an older version");
    await older.evaluate(() => (window as unknown as { endRun(): void }).endRun());
    await page.reload();
    const storage = storageOf(page);
    await storage.getByRole("button", { name: "Check storage" }).click();
    await expect(storage.getByRole("status")).toContainText("all of them are what was written");
    expect(await openAt(older, 1)).toBe("VersionError");
    // A version of tomorrow takes it over: this page says so, and writes nothing.
    expect(await openAt(older, 99)).toBe("open");
    await storage.getByRole("button", { name: "Check again" }).click();
    await expect(storageOf(page)).toContainText("with a newer version of this page, upgraded this site's storage");
    await page.reload();
    await expect(storageOf(page)).toContainText("was written by a newer version of this page");
  });
});
