/** Side by side: base and adapter answer the same question, are voted on, and leave as preference rows. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { unzipSync } from "fflate";
import {
  ask,
  button,
  expect,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  test,
  waitForEnd,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const picture = "public/demo/data/heldout/001.webp";
const chat = (page: Page) => panel(page, "Chat");
const row = (page: Page, n: number) => chat(page).locator(".sides-row").nth(n);
const vote = (page: Page, n: number, name: string) =>
  row(page, n).getByRole("group", { name: "Which is better?" }).getByRole("button", { name, exact: true });

/** Asks both and waits until both have answered. */
async function askBoth(page: Page, n: number, question: string): Promise<string[]> {
  await chat(page).getByRole("textbox", { name: "Message" }).fill(question);
  await chat(page).getByRole("button", { name: "Send" }).click();
  await expect(vote(page, n, "Equal")).toBeVisible({ timeout: SLOW });
  await expect(chat(page).getByRole("button", { name: "Send" })).toBeEnabled();
  return row(page, n).locator(".turn.assistant p").allTextContents();
}

test("base and adapter side by side: votes, blind and kept; regenerate, edit, copy, a system prompt", async ({
  page,
  context,
  seen,
}) => {
  test.setTimeout(400_000);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await prepare(page);
  const two = chat(page).getByRole("switch", { name: "Side by side" });

  await test.step("alone, the base model has nobody beside it", async () => {
    await two.check();
    await expect(chat(page)).toContainText("There is no adapter to compare the base model with");
    await two.uncheck();
  });

  await test.step("in the single chat: copy, edit, regenerate", async () => {
    const words = await ask(page, "What do you see?", picture);
    await chat(page).getByRole("button", { name: "Copy the answer, Base model" }).click();
    await expect(chat(page)).toContainText("Copied.");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(words);
    await chat(page).getByRole("button", { name: "Regenerate" }).click();
    await expect(chat(page).locator(".turn.assistant small")).toContainText("the same as before: at temperature 0", {
      timeout: SLOW,
    });
    await ask(page, "What color is the background?");
    await chat(page).getByRole("button", { name: "Edit the question" }).first().click();
    const edited = chat(page).getByRole("textbox", { name: "Question" });
    await expect(edited).toBeFocused();
    await expect(chat(page)).toContainText("what follows is cut: 1 question with the answers");
    await edited.fill("Describe the picture.");
    await edited.press("Enter");
    await expect(chat(page)).toContainText("1 later question with the answers cut.");
    await expect(chat(page).locator(".turn")).toHaveCount(2);
    await expect(chat(page).locator(".turn.assistant small")).toContainText("tokens", { timeout: SLOW });
  });

  await test.step("a short run, and the same question to both", async () => {
    await setRecipe(page, { ...shortRecipe(12, 12), "Learning rate": 0.005, "LoRA rank": 8 });
    await button(page, "Start training").click();
    await waitForEnd(page, 12);
    await two.check();
    await expect(chat(page).getByRole("combobox", { name: "Right" })).toContainText("step 12");
    const choosing = page.waitForEvent("filechooser");
    await button(page, "Attach picture").click();
    await (await choosing).setFiles(picture);
    const [left, right] = await askBoth(page, 0, "Describe the picture.");
    expect(left).not.toBe("");
    expect(right).not.toBe(left);
    await expect(row(page, 0).locator(".author")).toHaveText(["Left: Base model", /^Right: .*, step 12$/]);
    await vote(page, 0, "Right").click();
    await expect(vote(page, 0, "Right")).toHaveAttribute("aria-pressed", "true");
    await expect(chat(page).getByText("Votes (1)")).toBeVisible();
  });

  await test.step("blind: no names before the vote", async () => {
    await chat(page)
      .getByRole("checkbox", { name: /^Blind/ })
      .check();
    await askBoth(page, 1, "What do you see?");
    await expect(row(page, 1).locator(".author")).toHaveText(["Left", "Right"]);
    await expect(row(page, 1)).not.toContainText("a second");
    await vote(page, 1, "Left").focus();
    await page.keyboard.press("Enter");
    await expect(row(page, 1).locator(".author")).toHaveText([/^Left: /, /^Right: /]);
    await expect(chat(page)).toContainText(/Left was .*, right was /);
    await askBoth(page, 2, "What color is the background?");
    await vote(page, 2, "Equal").click();
    await expect(chat(page).getByText("Votes (3)")).toBeVisible();
    await expectGoodLooks(page);
  });

  await test.step("votes are there after a reload, and leave as rows with their pictures", async () => {
    await page.reload();
    await chat(page).getByText("Votes (3)").click({ timeout: SLOW });
    await expect(chat(page)).toContainText(
      /step 12 preferred in \d of 3, Base model in \d, 1 equal; 2 of them blind\./,
    );
    await expectGoodLooks(page);
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      button(page, "Download preference rows").click(),
    ]);
    await expect(chat(page)).toContainText("2 preference rows saved. 1 vote for equal answers left out.");
    const files = unzipSync(await readFile(await saved.path()));
    const rows = new TextDecoder()
      .decode(files["preferences.jsonl"])
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    // The newest first.
    expect(rows.map(({ prompt }) => prompt.length)).toEqual([3, 1]);
    expect(rows[1].prompt[0].content).toEqual([{ type: "image" }, { type: "text", text: "Describe the picture." }]);
    expect(rows[1].chosen[0].content[0].text).not.toBe(rows[1].rejected[0].content[0].text);
    expect((await readFile(picture)).equals(files[rows[1].images[0]]!)).toBe(true);
  });

  await test.step("a vote is deleted, then all", async () => {
    await chat(page).getByRole("button", { name: "Delete the vote on What do you see?" }).click();
    await expect(chat(page).getByText("Votes (2)")).toBeVisible();
    await button(page, "Delete all votes").click();
    await button(page, "Delete 2 votes for good").click();
    await expect(chat(page).getByText(/^Votes/)).toHaveCount(0);
  });

  await test.step("a system prompt is asked with", async () => {
    await loadDemo(page);
    await chat(page).getByText("System prompt and sampling").click();
    const plain = await ask(page, "What do you see?", picture);
    await button(page, "New conversation").click();
    await chat(page).getByRole("textbox", { name: "System prompt" }).fill("You are a pirate.");
    await ask(page, "What do you see?", picture);
    expect(plain).not.toBe("");
    await expect(chat(page)).toContainText("System prompt and sampling: “You are a pirate.”");
  });
  expect(seen.console, "console warnings and errors").toEqual([]);
});
