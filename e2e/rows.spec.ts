/** Rows at hand: searched, left out, corrected; and data with more rows than are prepared before a run. */
import type { Page } from "@playwright/test";
import { demoPicture, jsonLines, upload } from "./files.ts";
import {
  alertIn,
  button,
  chooseFiles,
  expect,
  holdNothingOut,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStep,
} from "./fixtures.ts";

const data = (page: Page) => panel(page, "Data");
const search = async (page: Page, words: string, found: string): Promise<void> => {
  await data(page).getByRole("searchbox", { name: "Search rows" }).fill(words);
  await expect(data(page).getByText(found, { exact: true })).toBeVisible();
};

/** Takes the prepared rows from the browser's storage, as if they had been let go for others. */
const letGo = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const [{ name }] = (await indexedDB.databases()) as [{ name: string }];
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    const table = database.transaction("values", "readwrite").objectStore("values");
    const keys = await new Promise<string[]>((resolve) => {
      const request = table.getAllKeys();
      request.onsuccess = () => resolve((request.result as string[]).filter((key) => key.includes("/row/")));
    });
    for (const key of keys) table.delete(key);
    database.close();
    return keys.length;
  });
const lines = (page: Page) => data(page).getByRole("table", { name: "Rows" }).getByRole("row");

test("rows are searched, left out and corrected; a reload keeps it, and all of it can be undone", async ({ page }) => {
  await prepare(page);
  await button(page, "Search and change rows").click();
  await search(page, "no words like these", "0 found.");
  await button(page, "Show all rows").click();
  const first = lines(page).nth(1);
  await first.getByRole("button", { name: "Leave out row 1" }).click();
  await expect(statusOf(page, "Data")).toHaveText("127 rows ready");
  await expect(first).toContainText("(left out)");

  const second = lines(page).nth(2);
  await second.getByRole("button", { name: "Edit row 2" }).click();
  const answer = second.getByRole("textbox", { name: /^Answer/ });
  await answer.fill("");
  await second.getByRole("button", { name: "Save texts" }).click();
  await expect(alertIn(page, "Data")).toContainText("An answer is empty");
  await answer.fill("A corrected answer.");
  await second.getByRole("button", { name: "Save texts" }).click();
  await expect(second.locator("mark")).toContainText("A corrected answer.");
  await expect(data(page)).toContainText("1 row left out, 1 row corrected: the files stay as they are.");
  await search(page, "corrected ANSWER", "1 found.");
  await expect(lines(page)).toHaveCount(2);

  await page.reload();
  await loadDemo(page);
  await expect(statusOf(page, "Data")).toHaveText("127 rows ready", { timeout: SLOW });
  await button(page, "Search and change rows").click();
  await data(page).getByRole("combobox", { name: "Show" }).selectOption("changed rows");
  await expect(lines(page)).toHaveCount(3);
  await button(page, "Undo all changes").click();
  await expect(statusOf(page, "Data")).toHaveText("128 rows ready");
  await button(page, "Show all rows").click();
  await data(page).getByRole("spinbutton", { name: "Page" }).fill("16");
  await button(page, "Go to page").click();
  await expect(data(page)).toContainText("16 of 16");
  await expect(lines(page)).toHaveCount(9);
});

test("of many rows, those that a step needs are prepared; a run goes on after a reload with the files dropped again", async ({
  page,
}) => {
  const names = ["001.webp", "002.webp", "003.webp", "004.webp"];
  const rows = Array.from({ length: 2100 }, (_, i) => ({
    file_name: i === 7 ? "broken.png" : names[i % names.length],
    text: `Picture ${i}.`,
  }));
  const files = [
    upload("metadata.jsonl", jsonLines(rows)),
    upload("broken.png", Buffer.from("no picture at all")),
    ...names.map((name) => upload(name, demoPicture(name))),
  ];
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, files);
  await expect(statusOf(page, "Data")).toHaveText("2100 rows ready", { timeout: SLOW });
  await expect(data(page)).toContainText("rows are prepared as training comes to them");
  await button(page, "Search and change rows").click();
  // The broken one is on the first page, and was prepared to be shown.
  await expect(data(page)).toContainText("Not used:");
  await data(page).getByRole("spinbutton", { name: "Page" }).fill("263");
  await button(page, "Go to page").click();
  await expect(lines(page).last()).toContainText("Picture 2099.");

  // Rows that share four pictures cannot be held apart by their pictures.
  await holdNothingOut(page);
  await setRecipe(page, shortRecipe(4, 1));
  await button(page, "Start training").click();
  await waitForStep(page, 2);
  await button(page, "Stop and save").click();
  await expect(statusOf(page, "Training")).toContainText("Stopped and saved", { timeout: SLOW });

  expect(await letGo(page)).toBeGreaterThan(8);
  await page.reload();
  await loadDemo(page);
  await expect(statusOf(page, "Data")).toContainText("2100 rows ready", { timeout: SLOW });
  await button(page, "Resume run").click();
  await expect(alertIn(page, "Training")).toContainText("Open the same data again", { timeout: SLOW });
  await chooseFiles(page, files);
  await expect(statusOf(page, "Data")).toContainText("2100 rows ready", { timeout: SLOW });
  await button(page, "Resume run").click();
  await waitForEnd(page, 4);
});
