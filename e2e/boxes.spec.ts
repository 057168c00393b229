/** Pictures with boxes: dropped as a detector's data set, read as the model writes boxes, and drawn where its things are. */
import { demoPicture, text, upload } from "./files.ts";
import { button, chooseFiles, expect, loadDemo, panel, SLOW, statusOf, test } from "./fixtures.ts";

/** A scene of 96 pixels with boxes of YOLO. */
const files = [
  upload("001.webp", demoPicture("001.webp")),
  upload("001.txt", text("0 0.25 0.25 0.5 0.5\n1 0.75 0.75 0.3 0.3\n")),
  upload("002.webp", demoPicture("002.webp")),
  upload("002.txt", text("")),
  upload("data.yaml", text("names: [cup, plate]\n")),
];

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
});
