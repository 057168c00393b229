/** What people drop: data sets in several forms with broken rows among them, and folders that are no model. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Page } from "@playwright/test";
import { zipSync } from "fflate";
import { blackPng } from "../workers/testing/png.ts";
import { spoilPictures } from "./fault-points.ts";
import { demoPicture, jsonLines, text, type Upload, upload } from "./files.ts";
import {
  alertIn,
  button,
  chooseFiles,
  chooseFolder,
  chooseSampleData,
  expect,
  loadDemo,
  panel,
  SLOW,
  statusOf,
  test,
} from "./fixtures.ts";

/** Writes a folder and chooses it; `files` are by path inside of it. */
async function writeAndChoose(
  page: Page,
  name: string,
  files: Record<string, Uint8Array>,
  label: string,
): Promise<void> {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-folder-"));
  try {
    for (const [file, bytes] of Object.entries(files)) {
      fs.mkdirSync(path.join(parent, name, path.dirname(file)), { recursive: true });
      fs.writeFileSync(path.join(parent, name, file), bytes);
    }
    await chooseFolder(page, label, path.join(parent, name));
    // The browser reads the files later: they must stay until the caller is done.
    page.once("close", () => fs.rmSync(parent, { recursive: true, force: true }));
  } catch (error) {
    fs.rmSync(parent, { recursive: true, force: true });
    throw error;
  }
}

const ready = async (page: Page, words: string): Promise<void> => {
  await expect(statusOf(page, "Data")).toHaveText(words, { timeout: SLOW });
};

test("data sets in several forms, and their broken rows", async ({ page, seen }) => {
  await page.goto("/");

  await test.step("a zip that is dropped before the model is loaded, with a broken row of each kind", async () => {
    const caption = "A <img src=x onerror=alert(1)> caption.";
    const rows = [
      { file_name: "images/001.webp", text: caption },
      { file_name: "images/002.webp", text: "A second caption." },
      { file_name: "images/gone.webp", text: "This picture is missing." },
      { file_name: "images/broken.png", text: "This picture is broken." },
      { file_name: "images/bomb.png", text: "This picture is huge." },
      { file_name: "images/003.webp", text: "" },
      { file_name: "images/003.webp", text: "A third caption." },
    ];
    const zip = zipSync({
      "set/metadata.jsonl": jsonLines(rows),
      "set/images/001.webp": demoPicture("001.webp"),
      "set/images/002.webp": demoPicture("002.webp"),
      "set/images/003.webp": demoPicture("003.webp"),
      "set/images/broken.png": text("This is no picture."),
      "set/images/bomb.png": blackPng(16_000),
    });
    await chooseFiles(page, [upload("set.zip", zip)]);
    await expect(statusOf(page, "Data")).toContainText("Load a model");
    await loadDemo(page);
    await ready(page, "3 rows ready, 4 skipped");

    await button(page, "Show skipped rows").click();
    const skipped = page.getByRole("table", { name: "Skipped rows" }).locator("tbody tr");
    await expect(skipped).toHaveCount(4);
    for (const [sign, why] of [
      ["missing", '"images/gone.webp" is not among the dropped files'],
      ["broken", "picture"],
      ["huge", "16000 x 16000 pixels"],
      ["003.webp", "text"],
    ] as const) {
      await expect(skipped.filter({ hasText: sign }).first()).toContainText(why);
    }
    await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText("onerror");
    expect(seen.console, "content policy violations and the like").toEqual([]);
  });

  await test.step("LLaVA JSON with pictures beside it", async () => {
    const conversations = [
      { from: "human", value: "<image>\nWhat is this?" },
      { from: "gpt", value: "An icon." },
    ];
    const json = JSON.stringify([
      { id: "1", image: "001.webp", conversations },
      { id: "2", image: "002.webp", conversations },
      { id: "3", conversations: conversations.slice(0, 1) },
    ]);
    await chooseFiles(page, [
      upload("llava.json", text(json)),
      upload("001.webp", demoPicture("001.webp")),
      upload("002.webp", demoPicture("002.webp")),
    ]);
    await ready(page, "2 rows ready, 1 skipped");
    await expect(page.getByRole("table", { name: "Rows", exact: true }).locator("mark").first()).toBeVisible();
  });

  await test.step("a folder with metadata.csv", async () => {
    const csv = 'file_name,text\r\npictures/a.webp,"Two lines,\r\nand a ""quote""."\r\npictures/b.webp,One line.\r\n';
    const files = {
      "metadata.csv": text(csv),
      "pictures/a.webp": demoPicture("004.webp"),
      "pictures/b.webp": demoPicture("005.webp"),
    };
    await writeAndChoose(page, "csv-set", files, "Choose folder");
    await ready(page, "2 rows ready");
    await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText('and a "quote".');
  });

  await test.step("what is left aside is told, and pictures with captions keep their names", async () => {
    const row = (caption: string): Uint8Array =>
      jsonLines([{ image: "a.webp", question: "What is it?", answer: caption }]);
    await chooseFiles(page, [
      upload("train.jsonl", row("An icon.")),
      upload("val.jsonl", row("Another icon.")),
      upload("a.webp", demoPicture("001.webp")),
      upload("b.webp", demoPicture("002.webp")),
    ]);
    await ready(page, "1 rows ready");
    const notes = page.getByRole("list", { name: "Notes on the data" });
    await expect(notes.getByRole("listitem")).toHaveText([
      /^val\.jsonl is left aside: held-out splits are not trained on/,
      "1 picture of the drop is named by no row and not used.",
    ]);
    await chooseFiles(page, [
      upload("DSC_4107.webp", demoPicture("003.webp")),
      upload("DSC_4107.txt", text("A scene.")),
    ]);
    await expect(notes).toHaveCount(0);
    await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText("DSC_4107.webp");
  });

  await test.step("kinds that are not read are told by name, and pictures are not trained past", async () => {
    const alert = alertIn(page, "Data");
    const phone = text("\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    await chooseFiles(page, [upload("IMG_1.HEIC", phone), upload("IMG_1.txt", text("Our dog."))]);
    await expect(alert).toContainText("IMG_1.HEIC: The picture is a HEIC picture (iPhone)", { timeout: SLOW });
    await chooseFiles(page, [upload("form.pdf", text("%PDF-1.7"))]);
    await expect(alert).toContainText("The drop has 1 file and nothing that holds rows (form.pdf is a PDF");
    await chooseFiles(page, [
      upload("x.csv", text("filename_of_photo,question,answer\na.webp,What?,An icon.\n")),
      upload("a.webp", demoPicture("001.webp")),
    ]);
    await expect(alert).toContainText('its column "filename_of_photo" looks like one');
    await ready(page, "1 rows ready");
  });

  await test.step("columns that nobody knows are chosen, and remembered for the next table like it", async () => {
    const shop = (name: string, kind: string): Upload =>
      upload(name, text(`filename_of_photo,kind,price\na.webp,${kind},3\n`));
    await chooseFiles(page, [shop("shop.csv", "A cup."), upload("a.webp", demoPicture("001.webp"))]);
    const columns = page.getByRole("table", { name: "Columns", exact: true });
    await expect(columns.getByRole("columnheader")).toHaveText(["filename_of_photo", "kind", "price"], {
      timeout: SLOW,
    });
    await expect(columns.locator("img")).toBeVisible();
    const rows = page.getByRole("list", { name: "First rows" });
    await expect(rows).toContainText("Skipped:");
    const data = panel(page, "Data");
    await data.getByRole("combobox", { name: "Picture" }).selectOption("filename_of_photo");
    await data.getByRole("combobox", { name: "Answer" }).selectOption("kind");
    await data.getByRole("textbox", { name: "Question of rows that have none" }).fill("What is this?");
    await expect(rows).toContainText("What is this?");
    await expect(rows).toContainText("A cup.");
    await button(page, "Read with these columns").click();
    await ready(page, "1 rows ready");
    const table = page.getByRole("table", { name: "Rows", exact: true });
    await expect(table.locator("tbody mark").first()).toContainText("A cup.");
    await expect(table).toContainText("What is this?");
    await chooseFiles(page, [shop("other.csv", "A plate."), upload("a.webp", demoPicture("001.webp"))]);
    await expect(table.locator("tbody mark").first()).toContainText("A plate.", { timeout: SLOW });
    await expect(data).toContainText("Columns as you chose them the last time: picture from filename_of_photo");
  });

  await test.step("which of several captions is chosen, and remembered too", async () => {
    const captions = (name: string): Upload[] => [
      upload(name, jsonLines([{ image: "a.webp", captions: ["A cup.", "A mug.", "A mug."], shop: 1 }])),
      upload("a.webp", demoPicture("001.webp")),
    ];
    const data = panel(page, "Data");
    const table = page.getByRole("table", { name: "Rows", exact: true });
    await expect(data.getByRole("combobox", { name: "Several answers or captions" })).toHaveCount(0);
    await chooseFiles(page, captions("several.jsonl"));
    await ready(page, "3 rows ready");
    await data.locator("summary", { hasText: "Which column is what?" }).click();
    await data.getByRole("combobox", { name: "Several answers or captions" }).selectOption("the most frequent one");
    const first = page.getByRole("list", { name: "First rows" });
    await expect(first.locator("> li")).toHaveCount(1);
    await expect(first).toContainText("A mug.");
    await button(page, "Read with these columns").click();
    await ready(page, "1 rows ready");
    await expect(page.getByRole("list", { name: "Notes on the data" })).toContainText(
      '1 record: "captions" has several captions of a picture; the most frequent one is trained on',
    );
    await chooseFiles(page, captions("again.jsonl"));
    await expect(table).toContainText("again.jsonl", { timeout: SLOW });
    await ready(page, "1 rows ready");
  });

  await test.step("rows are downloaded as a data set, which is dropped and is the same", async () => {
    const table = page.getByRole("table", { name: "Rows", exact: true });
    const before = await table.locator(".tokens").allTextContents();
    const downloading = page.waitForEvent("download");
    await button(page, "Download as data set").click();
    const parquet = await downloading;
    expect(parquet.suggestedFilename()).toMatch(/\.parquet$/);
    await expect(panel(page, "Data")).toContainText("1 row written.");
    await chooseFiles(page, [upload("again.parquet", fs.readFileSync(await parquet.path()))]);
    await expect(table).toContainText("again.parquet row 1", { timeout: SLOW });
    expect(await table.locator(".tokens").allTextContents()).toEqual(before);
  });

  await test.step("files that hold no row at all", async () => {
    await chooseFiles(page, [upload("broken.zip", text("PK\x03\x04 and then nothing"))]);
    const alert = alertIn(page, "Data");
    await expect(alert).toContainText("broken.zip", { timeout: SLOW });
    await alert.getByRole("button", { name: "Dismiss" }).click();
    await expect(alert).toHaveCount(0);
    await chooseSampleData(page);
  });
});

test("a second drop completes the first", async ({ page }) => {
  await page.goto("/");
  await loadDemo(page);
  const data = panel(page, "Data");
  const rows = page.getByRole("table", { name: "Rows", exact: true });
  const table = (image: string, answer: string): Uint8Array =>
    text(
      JSON.stringify([
        {
          image,
          conversations: [
            { from: "human", value: "<image>\nWhat is this?" },
            { from: "gpt", value: answer },
          ],
        },
      ]),
    );

  await test.step("a table, then its pictures", async () => {
    await chooseFiles(page, [upload("one.json", table("a.webp", "A dot."))]);
    await expect(alertIn(page, "Data")).toContainText("a.webp", { timeout: SLOW });
    await chooseFiles(page, [upload("a.webp", demoPicture("001.webp"))]);
    const question = data.getByRole("group", {
      name: /^You dropped a\.webp \(1 picture\)\. Is it for the rows of one/,
    });
    await expect(question).toBeFocused();
    await expect(data.getByRole("status")).toHaveCount(1);
    await expect(question.getByRole("button").first()).toHaveText("Add to one.json");
    await page.keyboard.press("Escape");
    await expect(question).toHaveCount(0);
    await chooseFiles(page, [upload("a.webp", demoPicture("001.webp"))]);
    await button(page, "Add to one.json").click();
    await ready(page, "1 rows ready");
    await expect(rows).toContainText("A dot.");
    await expect(rows.getByRole("img").first()).toBeVisible();
    await expect(alertIn(page, "Data")).toHaveCount(0);
    await expect(data).toContainText("one.json + a.webp");
  });

  await test.step("what could stand alone takes the place of the rows of before, and says so", async () => {
    await chooseFiles(page, [
      upload("one.json", table("a.webp", "A line.")),
      upload("a.webp", demoPicture("001.webp")),
    ]);
    await expect(rows).toContainText("A line.", { timeout: SLOW });
    await expect(data).toContainText("These files take the place of one.json + a.webp");
  });

  await test.step("pictures, then a table whose columns are chosen", async () => {
    await chooseFiles(page, [upload("b.webp", demoPicture("002.webp")), upload("c.webp", demoPicture("003.webp"))]);
    await button(page, "New data set").click();
    await expect(alertIn(page, "Data")).toContainText("2 pictures and no text", { timeout: SLOW });
    await expect(alertIn(page, "Data")).toContainText("The 1 row of 2 files from before is kept.");
    const csv = "photo_of_it,kind,price\nb.webp,A cup.,3\nc.webp,A plate.,4\n";
    await chooseFiles(page, [upload("shop.csv", text(csv))]);
    await expect(data.getByRole("group", { name: /Is it for the pictures of 2 files/ })).toBeVisible();
    await button(page, "Add to 2 files").click();
    const columns = page.getByRole("table", { name: "Columns", exact: true });
    await expect(columns.locator("img")).toHaveCount(2, { timeout: SLOW });
    await data.getByRole("combobox", { name: "Picture" }).selectOption("photo_of_it");
    await data.getByRole("combobox", { name: "Answer" }).selectOption("kind");
    await data.getByRole("textbox", { name: "Question of rows that have none" }).fill("What is this?");
    await button(page, "Read with these columns").click();
    await ready(page, "2 rows ready");
    await expect(rows).toContainText("A plate.");
  });
});

test("pictures over which their workers hang and die cost their rows, and the others go on", async ({
  page,
  context,
}) => {
  const [hang, die, good] = ["001.webp", "002.webp", "003.webp"].map(demoPicture);
  await spoilPictures(
    context,
    `addEventListener("message", (event) => {
      const size = event.data.argumentList?.[0]?.value?.length;
      if (size === ${hang!.length}) for (;;);
      if (size !== ${die!.length}) return;
      event.stopImmediatePropagation();
      throw new Error("a fault of the decoder");
    });`,
  );
  await page.goto("/");
  await loadDemo(page);
  const names = ["hang.webp", "good-1.webp", "die.webp", "good-2.webp", "good-3.webp"];
  const pictures = [hang, good, die, good, good];
  const rows = names.map((file_name, i) => ({ file_name, text: `Picture ${i}.` }));
  await chooseFiles(page, [
    upload("metadata.jsonl", jsonLines(rows)),
    ...names.map((name, i) => upload(name, pictures[i]!)),
  ]);
  await ready(page, "3 rows ready, 2 skipped");
  await button(page, "Show skipped rows").click();
  const skipped = page.getByRole("table", { name: "Skipped rows" }).locator("tbody tr");
  await expect(skipped).toHaveCount(2);
  await expect(skipped.nth(0)).toContainText("no sign of life for 15 s");
  await expect(skipped.nth(1)).toContainText("a fault of the decoder");
});

test("files dropped on the page", async ({ page }) => {
  await page.goto("/");
  const rows = jsonLines([{ file_name: "x.webp", text: "A dropped caption." }]);
  const files = [upload("metadata.jsonl", rows), upload("x.webp", demoPicture("006.webp"))].map((file) => ({
    name: file.name,
    base64: file.buffer.toString("base64"),
  }));
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, base64 } of list) {
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    }
    return data;
  }, files);
  // Anywhere: the heading of the page, far from the Data panel.
  const target = page.getByRole("heading", { level: 1 });
  for (const type of ["dragenter", "dragover", "drop"]) await target.dispatchEvent(type, { dataTransfer: transfer });
  await loadDemo(page);
  await ready(page, "1 rows ready");
});

test("folders that are no model", async ({ page }) => {
  await page.goto("/");
  const model = (name: string): Uint8Array => fs.readFileSync(`public/demo/model/${name}`);
  const whole = Object.fromEntries(
    fs.readdirSync("public/demo/model").map((name) => [name, model(name)] as [string, Uint8Array]),
  );
  const weights = whole["model.safetensors"]!;
  const without = (name: string): Record<string, Uint8Array> => {
    const { [name]: _, ...rest } = whole;
    return rest;
  };
  const config = JSON.parse(Buffer.from(whole["config.json"]!).toString()) as Record<string, unknown>;
  const lyingHeader = Uint8Array.from(weights);
  lyingHeader.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 0);
  const index = { metadata: {}, weight_map: { "lm_head.weight": "model-00002-of-00002.safetensors" } };

  const cases: [string, Record<string, Uint8Array>, RegExp][] = [
    ["no-config", without("config.json"), /config\.json/],
    ["no-weights", without("model.safetensors"), /safetensors/],
    ["bert", { ...whole, "config.json": text('{"model_type":"bert"}') }, /"bert", which is no model/],
    ["broken-json", { ...whole, "config.json": text('{"model_type":') }, /config\.json/],
    [
      "siglip",
      {
        ...whole,
        "config.json": text(JSON.stringify({ ...config, vision_config: { model_type: "siglip_vision_model" } })),
      },
      /config\.json/,
    ],
    ["cut-off", { ...whole, "model.safetensors": weights.subarray(0, weights.length - 5000) }, /model\.safetensors/],
    ["lying-header", { ...whole, "model.safetensors": lyingHeader }, /model\.safetensors/],
    [
      "missing-shard",
      { ...without("model.safetensors"), "model.safetensors.index.json": text(JSON.stringify(index)) },
      /model-00002-of-00002\.safetensors|tensor/,
    ],
  ];
  for (const [name, files, words] of cases) {
    await test.step(name, async () => {
      await writeAndChoose(page, name, files, "Choose model folder");
      await expect(panel(page, "Model").getByRole("combobox", { name: "Model" })).toHaveValue("folder");
      await button(page, "Load model").click();
      const alert = alertIn(page, "Model");
      await expect(alert).toContainText(words, { timeout: SLOW });
      await expect(alert.locator("code")).not.toHaveText("internal");
      await expect(statusOf(page, "Model")).toHaveText("No model is loaded.");
      await alert.getByRole("button", { name: "Dismiss" }).click();
    });
  }

  await test.step("the page still works", async () => {
    await writeAndChoose(page, "good-model", whole, "Choose model folder");
    await loadDemo(page);
    await expect(statusOf(page, "Model")).toContainText("good-model is ready");
    await panel(page, "Model").getByRole("combobox", { name: "Model" }).selectOption("embedded");
    await loadDemo(page);
    await chooseSampleData(page);
    await expect(button(page, "Start training")).toBeEnabled();
  });
});
