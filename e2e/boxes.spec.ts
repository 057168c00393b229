/** Pictures with boxes: dropped as a detector's data set, read as the model writes boxes, and drawn where its things are. */
import fs from "node:fs";
import path from "node:path";
import type { Locator } from "@playwright/test";
import { boxScenes } from "../workers/testing/box-scenes.ts";
import { expectAccessible } from "./axe.ts";
import { demoPicture, jsonLines, text, upload } from "./files.ts";
import {
  button,
  chooseFiles,
  chooseFolder,
  expect,
  loadDemo,
  panel,
  SLOW,
  setRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

/** Two scenes of 96 pixels with boxes of YOLO. */
const files = [
  upload("001.webp", demoPicture("001.webp")),
  upload("001.txt", text("0 0.25 0.25 0.5 0.5\n1 0.75 0.75 0.3 0.3\n")),
  upload("002.webp", demoPicture("002.webp")),
  upload("002.txt", text("")),
  upload("data.yaml", text("names: [cup, plate]\n")),
];

/** A box lies on its picture where the answer says, to a pixel: shares of left, top, width and height. */
async function expectPlaced(box: Locator, shares: [number, number, number, number]): Promise<void> {
  const picture = box.locator("xpath=..").getByRole("img");
  const [whole, placed] = [await picture.boundingBox(), await box.boundingBox()];
  const [left, top, width, height] = shares;
  expect(placed!.x - whole!.x).toBeCloseTo(left * whole!.width, 0);
  expect(placed!.y - whole!.y).toBeCloseTo(top * whole!.height, 0);
  expect(placed!.width).toBeCloseTo(width * whole!.width, 0);
  expect(placed!.height).toBeCloseTo(height * whole!.height, 0);
}

test("boxes of YOLO become answers, are drawn on the rows' pictures and said in words, and may be written otherwise", async ({
  page,
}) => {
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, files);
  const data = panel(page, "Data");
  await expect(statusOf(page, "Data")).toHaveText("2 rows ready", { timeout: SLOW });
  await expect(data).toContainText("Boxes in answers are left, top, right, bottom from 0 to 1 of the picture");
  const notes = data.getByRole("list", { name: "Notes on the data" });
  await expect(notes).toContainText("2 classes of boxes are named by data.yaml (0: cup, 1: plate).");
  await expect(notes).toContainText("2 boxes of 2 rows, read as centre x, centre y, width, height from 0 to 1");
  await expect(notes).toContainText("1 row has no box, and the answer is [].");

  const row = page.getByRole("table", { name: "Rows", exact: true }).locator("tbody tr").first();
  await expect(row).toContainText('{"bbox_2d": [0.6, 0.6, 0.9, 0.9], "label": "plate"}');
  await expect(row.getByRole("list", { name: "Boxes" }).getByRole("listitem")).toHaveText([
    "right: cup, from 0.0 % to 50.0 % of the width and from 0.0 % to 50.0 % of the height",
    "right: plate, from 60.0 % to 90.0 % of the width and from 60.0 % to 90.0 % of the height",
  ]);
  const drawn = row.locator(".box");
  await expect(drawn).toHaveText(["cup", "plate"]);
  const [whole, plate] = [await row.getByRole("img").boundingBox(), await drawn.nth(1).boundingBox()];
  expect(plate!.x - whole!.x).toBeCloseTo(0.6 * whole!.width, 0);
  expect(plate!.height).toBeCloseTo(0.3 * whole!.height, 0);

  // Who wants no boxes sees none; their words stay.
  await data.getByRole("checkbox", { name: "Boxes on pictures" }).uncheck();
  await expect(drawn).toHaveCount(0);
  await expect(row.getByRole("list", { name: "Boxes" })).toBeAttached();
  await data.getByRole("checkbox", { name: "Boxes on pictures" }).check();

  await data.getByText("How are boxes asked for and written?").click();
  await data.getByLabel("Boxes in answers").selectOption("0 to 1000 of width and height");
  await data.getByLabel("Question of rows that have none").fill("Where is what?");
  await button(page, "Read so").click();
  await expect(row).toContainText('{"bbox_2d": [600, 600, 900, 900], "label": "plate"}', { timeout: SLOW });
  await expect(row).toContainText("Where is what?");
  await expect(data).toContainText("from 0 to 1000 of the picture");
  await expect(drawn).toHaveText(["cup", "plate"]);
  await expectAccessible(page, "rows with boxes");
  await expectGoodLooks(page);

  // Who asks a row in the chat sees the right boxes once it is answered, also where the answer has none.
  const chat = panel(page, "Chat");
  await chat.getByText("System prompt and sampling").click();
  await chat.getByRole("spinbutton", { name: "Longest answer in tokens" }).fill("2");
  await chat.getByRole("list", { name: "Questions of the data" }).getByRole("button").first().click();
  await expect(chat.locator(".turn.assistant small")).toContainText("2 tokens", { timeout: SLOW });
  await expect(chat.locator(".turn.user .box.right")).toHaveText(["cup", "plate"]);
  await expect(chat.locator(".turn.user .box.given")).toHaveCount(0);
  await expectPlaced(chat.locator(".turn.user .box").first(), [0, 0, 0.5, 0.5]);
});

test("boxes in a conversation's own text are drawn, and have the switch; rows without boxes have none", async ({
  page,
}) => {
  await page.goto("/");
  await loadDemo(page);
  const data = panel(page, "Data");
  const toggle = data.getByRole("checkbox", { name: "Boxes on pictures" });
  const rows = (answer: string) =>
    upload("rows.jsonl", jsonLines([{ image: "001.webp", question: "Where is it?", answer }]));
  await chooseFiles(page, [files[0]!, rows("At the left.")]);
  await expect(data.locator("canvas")).toHaveCount(1, { timeout: SLOW });
  await expect(toggle).toHaveCount(0);
  await chooseFiles(page, [files[0]!, rows("It is at [0.1, 0.2, 0.5, 0.6].")]);
  await expect(data.locator(".box")).toHaveCount(1, { timeout: SLOW });
  await expectPlaced(data.locator(".box"), [0.1, 0.2, 0.4, 0.4]);
  await toggle.uncheck();
  await expect(data.locator(".box")).toHaveCount(0);
});

/** What a cup's picture says to who listens, of a layer. */
const cupIn = (kind: "right" | "given"): string =>
  `${kind}: cup, from 12.5 % to 62.5 % of the width and from 12.5 % to 50.0 % of the height`;
/** Right and given box are there for who listens, too. */
const expectBothTold = (where: Locator): Promise<void> =>
  expect(where.getByRole("list", { name: "Boxes" }).getByRole("listitem")).toHaveText([cupIn("right"), cupIn("given")]);

test(
  "boxes that a model learnt are drawn beside the right ones in the gallery, in Apply and in the chat",
  {
    tag: "@long",
  },
  async ({ page, seen }, testInfo) => {
    test.setTimeout(900_000);
    const data = testInfo.outputPath("scenes");
    for (const [split, scenes] of [
      ["train", boxScenes(4)],
      ["valid", boxScenes(2, 4)],
    ] as const) {
      fs.mkdirSync(path.join(data, split), { recursive: true });
      for (const { name, bytes } of scenes) fs.writeFileSync(path.join(data, split, name), bytes);
    }
    await page.goto("/");
    await chooseFolder(page, "Choose model folder", "workers/testing/goldens/qwen3-vl/model");
    await button(page, "Load model").click();
    await waitForStatus(page, "Model", "ready");
    await chooseFolder(page, "Choose folder", data);
    await waitForStatus(page, "Data", "4 rows ready");
    const training = panel(page, "Training");
    await expect(training.getByRole("combobox", { name: "Held-out rows" })).toHaveValue('"steps"');
    await setRecipe(page, { Steps: 30, "Batch size": 4, "Learning rate": 0.01, "LoRA rank": 16, "LoRA alpha": 32 });
    await setRecipe(page, { "Measure every … steps": 30 });
    await button(page, "Start training").click();
    await waitForEnd(page, 30);

    await test.step("gallery", async () => {
      const cup = training
        .getByRole("list", { name: "Answers of held-out rows" })
        .getByRole("listitem")
        .filter({ hasText: "cup" })
        .first();
      await expect(cup.locator(".box.given")).toHaveText(["cup"]);
      await expectPlaced(cup.locator(".box.given"), [0.125, 0.125, 0.5, 0.375]);
      await expectPlaced(cup.locator(".box.right"), [0.125, 0.125, 0.5, 0.375]);
      await expectBothTold(cup);
      await expectAccessible(page, "boxes in the gallery");
      await expectGoodLooks(page);
    });

    await test.step("Apply", async () => {
      const apply = panel(page, "Apply");
      await apply.getByRole("combobox", { name: "Rows", exact: true }).selectOption("held out");
      const by = apply.getByRole("combobox", { name: "Answered by" });
      await by.selectOption((await by.locator("option", { hasText: /step 30/ }).getAttribute("value"))!);
      await apply.getByRole("spinbutton", { name: "Longest answer" }).fill("64");
      await button(page, "Start answering").click();
      await waitForStatus(page, "Apply", "Done: 2 of 2 rows answered.");
      await expect(apply.locator("[data-figure]")).toHaveText(Array(4).fill("100.0 %"));
      const cup = apply.getByRole("table", { name: "Answers", exact: true }).locator("tbody tr").first();
      await expect(cup.locator(".box")).toHaveText(["cup", "cup"]);
      await expectPlaced(cup.locator(".box.given"), [0.125, 0.125, 0.5, 0.375]);
      await expectBothTold(cup);
      await expectAccessible(page, "boxes in Apply");
      await expectGoodLooks(page);
    });

    await test.step("chat", async () => {
      const chat = panel(page, "Chat");
      await chat.getByText("System prompt and sampling").click();
      await chat.getByRole("spinbutton", { name: "Longest answer in tokens" }).fill("64");
      await chat.getByRole("list", { name: "Questions of the data" }).getByRole("button").first().click();
      await expect(chat.locator(".turn.assistant small")).toContainText("tokens", { timeout: SLOW });
      const asked = chat.locator(".turn.user");
      await expect(asked.locator(".box")).toHaveText(["cup", "cup"]);
      await expectPlaced(asked.locator(".box.given"), [0.125, 0.125, 0.5, 0.375]);
      await expectBothTold(asked);
      await expectAccessible(page, "boxes in the chat");
      await expectGoodLooks(page);
      const two = chat.getByRole("switch", { name: "Side by side" });
      await two.check();
      await chat.getByRole("list", { name: "Questions of the data" }).getByRole("button").first().click();
      const boxed = chat.locator(".turn.assistant").filter({ has: page.locator(".box.given") });
      await expect(boxed).toHaveCount(1, { timeout: SLOW });
      await expectPlaced(boxed.locator(".box.given"), [0.125, 0.125, 0.5, 0.375]);
      await expectBothTold(boxed);
      await expectAccessible(page, "boxes side by side");
      await expectGoodLooks(page);
      await two.uncheck();
      // One switch is for all of them; the words stay.
      await chat.getByRole("checkbox", { name: /^Boxes on pictures/ }).uncheck();
      await expect(page.locator(".box")).toHaveCount(0);
      await expect(asked.getByRole("list", { name: "Boxes" })).toBeAttached();
    });
    expect(seen.console, "console warnings and errors").toEqual([]);
  },
);
