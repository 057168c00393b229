/** The chat as people expect it, by the base model: questions of the data, pictures dropped and pasted, cut answers, the keys, the place while text streams. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { demoPicture, drop, text } from "./files.ts";
import { ask, button, expect, panel, prepare, SLOW, test } from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const chat = (page: Page) => panel(page, "Chat");
const message = (page: Page) => chat(page).getByRole("textbox", { name: "Message" });
const log = (page: Page) => chat(page).getByRole("log", { name: "Conversation" });
const answers = (page: Page) => chat(page).locator(".turn.assistant p");
const picture = (name: string) => ({ name, type: "image/webp", bytes: demoPicture("001.webp") });

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include('[data-place="chat"]').analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))])).toEqual([]);
}

async function paste(page: Page, files: { name: string; type: string; bytes: Uint8Array }[]): Promise<void> {
  const plain = files.map((file) => ({ ...file, bytes: [...file.bytes] }));
  await log(page).evaluate((element, all) => {
    const clipboardData = new DataTransfer();
    for (const { name, type, bytes } of all) clipboardData.items.add(new File([new Uint8Array(bytes)], name, { type }));
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, plain);
}

test("a chat as people expect it", async ({ page, seen }) => {
  test.setTimeout(400_000);
  await prepare(page);
  const questions = chat(page).getByRole("list", { name: "Questions of the data" }).getByRole("button");
  const longest = chat(page).getByRole("spinbutton", { name: "Longest answer in tokens" });

  await test.step("a question of the data, with its picture and the data's answer", async () => {
    await expect(questions).toHaveCount(4, { timeout: SLOW });
    await expect(questions.first().locator("img")).toBeVisible();
    await expectAccessible(page);
    await expectGoodLooks(page);
    await chat(page).getByText("System prompt and sampling").click();
    await longest.fill("6");
    await questions.first().focus();
    await page.keyboard.press("Enter");
    await expect(chat(page).locator(".turn.assistant small")).toContainText("6 tokens", { timeout: SLOW });
    await expect(log(page).getByRole("img")).toHaveCount(1);
    await expect(log(page)).toContainText("The data’s answer:");
    await expect(questions).toHaveCount(0);
    expect(await page.evaluate(() => document.activeElement?.tagName), "the focus is not lost").not.toBe("BODY");
  });

  await test.step("what was cut goes on to the words of an answer in one go", async () => {
    await expect(chat(page).locator(".turn.assistant small")).toContainText("cut at this length");
    await chat(page).getByRole("button", { name: "Continue" }).click();
    await expect(chat(page).locator(".turn.assistant small")).toContainText("12 tokens", { timeout: SLOW });
    const inTwo = await answers(page).last().textContent();
    await expectAccessible(page);
    await expectGoodLooks(page);
    await longest.fill("12");
    await chat(page).getByRole("button", { name: "Regenerate" }).click();
    await expect(chat(page).locator(".turn.assistant small")).toContainText("the same as before", { timeout: SLOW });
    expect(await answers(page).last().textContent()).toBe(inTwo);
  });

  await test.step("several pictures, dropped and pasted; what is none is told", async () => {
    await button(page, "New conversation").click();
    await expect(questions).toHaveCount(4);
    await drop(log(page), [picture("one.webp"), picture("two.webp")]);
    await expect(button(page, "Remove two.webp")).toBeVisible();
    await expect(questions, "who has a picture asks about it").toHaveCount(0);
    await paste(page, [picture("three.webp"), { name: "notes.pdf", type: "application/pdf", bytes: text("%PDF") }]);
    await expect(chat(page)).toContainText("3 pictures go along, in this order.");
    await expect(chat(page)).toContainText("1 file is no picture and was left aside: notes.pdf.");
    await message(page).focus();
    await page.keyboard.type("What are");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("they?");
    await expect(message(page)).toHaveValue("What are\nthey?");
    await page.keyboard.press("Enter");
    await expect(message(page)).toHaveValue("");
    await expect(chat(page).locator(".turn.assistant small")).toContainText("tokens", { timeout: SLOW });
    await expect(log(page).getByRole("img")).toHaveCount(3);
  });

  await test.step("who reads further up is left there, and a new question leads to the end", async () => {
    await log(page).evaluate((element) => element.scrollTo({ top: 0 }));
    await expect(button(page, "To the newest words")).toBeVisible();
    await chat(page)
      .getByRole("button", { name: "Regenerate" })
      .evaluate((element) => (element as HTMLElement).click());
    await expect(chat(page).locator(".turn.assistant small")).toContainText("the same as before", { timeout: SLOW });
    expect(await log(page).evaluate((element) => element.scrollTop)).toBe(0);
    await button(page, "To the newest words").click();
    await expect(button(page, "To the newest words")).toHaveCount(0);
    await log(page).evaluate((element) => element.scrollTo({ top: 0 }));
    await ask(page, "And now?");
    await expect(answers(page).last()).toBeInViewport();
  });
  expect(seen.console, "console warnings and errors").toEqual([]);
});
