/** Rows answered as a job: a reload in the middle costs nothing, wrong answers stand worst first, and the files are those of the command. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import Papa from "papaparse";
import { demoPicture, jsonLines, text, upload } from "./files.ts";
import {
  alertIn,
  button,
  expect,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  visitAgain,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const LONGEST = 3;

async function fillIn(page: Page, rows: string | RegExp): Promise<void> {
  const apply = panel(page, "Apply");
  const select = apply.getByRole("combobox", { name: "Rows", exact: true });
  const option = select.locator("option", { hasText: rows });
  await select.selectOption((await option.getAttribute("value"))!);
  await apply.getByRole("spinbutton", { name: "Longest answer" }).fill(String(LONGEST));
}

/** Rows answered so far, as the status says. */
const answered = async (page: Page): Promise<number> =>
  Number(/(\d+) of \d+ rows? answered/.exec((await statusOf(page, "Apply").textContent()) ?? "")?.[1] ?? -1);

async function waitForAnswers(page: Page, least: number): Promise<void> {
  await expect
    .poll(
      async () => {
        if (await alertIn(page, "Apply").isVisible())
          throw new Error((await alertIn(page, "Apply").textContent()) ?? "");
        return answered(page);
      },
      { timeout: SLOW, intervals: [50] },
    )
    .toBeGreaterThanOrEqual(least);
}

async function saved(page: Page, name: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
  return readFile(await file.path(), "utf8");
}

const scores = (page: Page): Promise<number[]> =>
  page
    .locator('table[aria-label="Answers"] td[data-score]')
    .evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset.score)));

test("all rows of the sample data, through a pause and a reload", { tag: "@long" }, async ({ page, seen }) => {
  test.setTimeout(600_000);
  await prepare(page);
  const apply = panel(page, "Apply");
  await fillIn(page, "all of the data (128)");
  await button(page, "Start answering").click();
  await waitForAnswers(page, 4);
  await button(page, "Pause answering").click();
  await waitForStatus(page, "Apply", /^Paused: \d+ of 128 rows answered\.$/);
  const paused = await answered(page);
  await button(page, "Resume answering").click();
  await waitForAnswers(page, paused + 4);
  const before = await answered(page);

  await visitAgain(page);
  await waitForStatus(page, "Apply", /^Paused: /);
  // What was being written when the page went, and at most a second of answers.
  expect(await answered(page)).toBeGreaterThanOrEqual(paused);
  expect(await answered(page)).toBeLessThanOrEqual(before + 2);
  await expect(button(page, "Resume answering")).toHaveAccessibleDescription("Load The demo model first.");
  await loadDemo(page);
  await waitForStatus(page, "Data", "128 rows ready");
  await button(page, "Resume answering").click();
  await waitForStatus(page, "Apply", "Done: 128 of 128 rows answered.");
  await expect(apply.getByRole("list", { name: "Notes on the answers" })).toContainText(/answers were cut off at 3/);

  const table = apply.getByRole("table", { name: "Answers", exact: true });
  await expect(table.getByRole("row")).toHaveCount(51);
  await expect(table.getByRole("img")).toHaveCount(50);
  await expect(apply).toContainText("1 of 3");
  await button(page, "Next answers").click();
  await expect(apply).toContainText("2 of 3");

  await apply.getByRole("combobox", { name: "Metric" }).selectOption("token_f1");
  await expect(apply.locator("[data-figure]")).toHaveCount(1);
  await apply.getByRole("combobox", { name: "Answers shown" }).selectOption("wrong");
  // Until then those of all answers are there, in the rows' order.
  const isWorstFirst = (found: number[]): boolean =>
    found.length > 3 && found.at(-1)! < 1 && found.every((score, i) => i === 0 || score >= found[i - 1]!);
  await expect.poll(async () => isWorstFirst(await scores(page))).toBe(true);

  const csv = Papa.parse<string[]>((await saved(page, "Answers as CSV")).trim()).data;
  expect(csv[0]).toEqual(["row", "source", "pictures", "question", "answer", "right_answers", "stopped", "job"]);
  expect(csv).toHaveLength(129);
  expect(csv.slice(1).map(([row]) => Number(row))).toEqual(Array.from({ length: 128 }, (_, i) => i));
  const lines = (await saved(page, "Answers as JSON lines"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ answer }) => answer)).toEqual(csv.slice(1).map((line) => line[4]));
  expect(seen.console, "console warnings and errors").toEqual([]);
  await expectGoodLooks(page);
});

test("files without answers, an adapter beside the base model, and what is deleted", async ({ page }) => {
  test.setTimeout(600_000);
  await prepare(page);
  const apply = panel(page, "Apply");
  await setRecipe(page, { ...shortRecipe(2, 100), "Learning rate": 0.01 });
  await button(page, "Start training").click();
  await waitForStatus(page, "Training", /^Step/);
  await expect(apply).toContainText("Pause the training to answer rows.");
  await waitForEnd(page, 2);

  const choosing = page.waitForEvent("filechooser");
  await fillIn(page, /other files/);
  await button(page, "Files to answer").click();
  const rows = [
    { image: "a.webp", question: "What do you see?", answer: "A ring." },
    { image: "a.webp", question: "What colour is it?" },
    { image: "none.webp", question: "And this?", answer: "Nothing." },
  ];
  await (await choosing).setFiles([upload("mine.jsonl", jsonLines(rows)), upload("a.webp", demoPicture("001.webp"))]);
  await expect(apply).toContainText("2 rows to answer, 1 that cannot be");
  const answerBy = async (option: RegExp): Promise<void> => {
    const select = apply.getByRole("combobox", { name: "Answered by" });
    const value = await select.locator("option", { hasText: option }).getAttribute("value");
    await select.selectOption(value!);
    await button(page, "Start answering").click();
    await waitForStatus(page, "Apply", "Done: 2 of 3 rows answered, 1 could not be.");
  };
  await answerBy(/base model/);
  await apply.getByRole("combobox", { name: "Answers shown" }).selectOption("unanswered");
  await expect(apply.getByRole("table", { name: "Answers", exact: true })).toContainText("none.webp");
  await answerBy(/step 2/);
  await expect(apply.getByRole("heading", { level: 3, name: /by the adapter of/ })).toBeVisible();
  await apply.getByRole("combobox", { name: "Beside another job" }).selectOption({ index: 1 });
  const beside = apply.getByRole("table", { name: "Jobs side by side" });
  await expect(beside).toContainText("the base model");
  await expect(apply).toContainText("Over 1 row that both answered.");

  await apply.getByText("2 jobs are kept in this browser").click();
  page.on("dialog", (dialog) => dialog.accept());
  await apply.getByRole("button", { name: /^Delete rows of .* by the adapter/ }).click();
  await expect(apply).toContainText("1 job is kept in this browser");
  await apply.getByRole("button", { name: /^Delete rows of/ }).click();
  await waitForStatus(page, "Apply", "No rows have been answered yet.");
});

test("files whose columns nobody knows: they are chosen here, and the training data keeps its own", async ({
  page,
}) => {
  test.setTimeout(600_000);
  await prepare(page);
  const apply = panel(page, "Apply");
  await fillIn(page, /other files/);
  const choosing = page.waitForEvent("filechooser");
  await button(page, "Files to answer").click();
  const table = ["foto,wat,naam", "a.webp,What do you see?,An icon.", "b.webp,What colour is it?,"].join("\n");
  await (await choosing).setFiles([
    upload("shop.csv", text(table)),
    ...["a.webp", "b.webp"].map((name, n) => upload(name, demoPicture(`00${n + 1}.webp`))),
  ]);
  await expect(alertIn(page, "Apply")).toBeVisible({ timeout: SLOW });
  const form = apply.locator("details", { hasText: "Which column is what?" });
  await expect(form).toHaveAttribute("open", "");
  const choose = (label: string, column: string) => form.getByRole("combobox", { name: label }).selectOption(column);
  await expect(form.getByRole("columnheader")).toHaveText(["foto", "wat", "naam"]);
  await choose("Picture", "foto");
  await choose("Question", "wat");
  await choose("Answer", "naam");
  await expect(form.getByRole("list", { name: "First rows" })).toContainText("What colour is it?");
  await expect(form.getByRole("combobox", { name: "Several answers or captions" })).toHaveCount(0);
  await form.getByRole("textbox").press("Enter");
  await expect(statusOf(page, "Apply")).toHaveText("No rows have been answered yet.");
  await expectGoodLooks(page);
  await form.getByRole("button", { name: "Read with these columns" }).click();
  await expect(apply).toContainText("2 rows to answer.", { timeout: SLOW });
  await expect(alertIn(page, "Apply")).toBeHidden();
  await button(page, "Start answering").click();
  await waitForStatus(page, "Apply", "Done: 2 of 2 rows answered.");
  await expect(apply).toContainText("On 1 row with a right answer.");
  await expect(statusOf(page, "Data")).toContainText("128 rows ready");
  await expect(panel(page, "Data").locator("details", { hasText: "Which column is what?" })).toHaveCount(0);
});
