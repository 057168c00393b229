/** The page in another language, and data in scripts that run from right to left. */
import { demoPicture, jsonLines, upload } from "./files.ts";
import { button, chooseFiles, expect, loadDemo, panel, SLOW, statusOf, test, waitForStatus } from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

test.describe("a German browser", () => {
  test.use({ locale: "de-DE" });

  test("the page speaks German, and English when it is chosen in the settings", async ({ page, seen }) => {
    await page.goto("/");
    const html = page.locator("html");
    const region = (name: string) => page.getByRole("region", { name, exact: true });
    await expect(html).toHaveAttribute("lang", "de");
    await expect(region("Daten").getByRole("heading", { name: "Was kann ich ablegen?" })).toBeVisible();
    await button(page, "Modell laden").click({ timeout: SLOW });
    await expect(region("Modell").getByRole("status")).toContainText("ist bereit: 4,4 Mio. Parameter", {
      timeout: SLOW,
    });
    await button(page, "Beispieldaten nehmen").click();
    await expect(region("Daten").getByRole("status")).toHaveText("128 Zeilen bereit", { timeout: SLOW });
    await expect(page.getByRole("table", { name: "Zeilen", exact: true }).getByRole("row")).toHaveCount(9);
    await button(page, "Zeilen suchen und ändern").click();
    await button(page, "Zeile 1 auslassen").click();
    await expect(region("Daten").getByRole("status")).toHaveText("127 Zeilen bereit");
    await expect(region("Daten")).toContainText("1 Zeile ausgelassen: Die Dateien bleiben, wie sie sind.");
    await region("Speicher").scrollIntoViewIfNeeded();
    await expect(region("Speicher").getByRole("table", { name: "Aufbewahrt" }).getByRole("row")).toHaveCount(3);
    await expectGoodLooks(page);

    // A worker's sentence is English, and read out as such; what it is about is told in German before.
    const choosing = page.waitForEvent("filechooser");
    await button(page, "Dateien wählen").click();
    await (await choosing).setFiles([upload("notes.json", Buffer.from("{"))]);
    const trouble = region("Daten").getByRole("alert");
    await expect(trouble).toContainText("Es bleibt keine Zeile zum Trainieren.");
    await expect(trouble.locator("p[lang=en]").first()).toContainText("notes.json");

    await page.getByRole("link", { name: "Einstellungen" }).click();
    await page.getByRole("combobox", { name: "Sprache" }).selectOption("English");
    await expect(html).toHaveAttribute("lang", "en");
    // What is loaded and changed stays.
    await expect(statusOf(page, "Model")).toContainText("is ready: 4.4 M parameters");
    await expect(statusOf(page, "Data")).toHaveText("127 rows ready");
    await expect(page.getByRole("heading", { name: "Modell", exact: true })).toHaveCount(0);
    await page.reload();
    await expect(button(page, "Load model")).toBeVisible();
    await expect(html).toHaveAttribute("lang", "en");
    expect(seen.console).toEqual([]);
  });
});

test("texts that run from right to left do so where rows are looked at and corrected", async ({ page }) => {
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, [
    upload(
      "table.jsonl",
      jsonLines([
        { image: "a.webp", question: "מה יש בתמונה?", answer: "כריש אחד, ופתית שלג!" },
        { image: "a.webp", question: "What is it?", answer: "A shark." },
      ]),
    ),
    upload("a.webp", demoPicture("001.webp")),
  ]);
  await waitForStatus(page, "Data", "2 rows ready");
  const data = panel(page, "Data");
  const marks = data.getByRole("table", { name: "Rows", exact: true }).locator("mark[dir]");
  await expect(marks.first()).toHaveCSS("direction", "rtl");
  await expect(marks.last()).toHaveCSS("direction", "ltr");

  await data.locator("summary", { hasText: "Which column is what?" }).click();
  const cells = data.getByRole("table", { name: "Columns", exact: true });
  await expect(cells.getByText("כריש")).toHaveCSS("direction", "rtl");
  await expect(cells.getByText("A shark.")).toHaveCSS("direction", "ltr");
  const first = data.getByRole("list", { name: "First rows" });
  await expect(first.getByRole("definition").filter({ hasText: "כריש" })).toHaveCSS("direction", "rtl");

  await button(page, "Search and change rows").click();
  await button(page, "Edit row 1").click();
  await expect(data.getByRole("textbox", { name: "Answer 2" })).toHaveCSS("direction", "rtl");
  await data.getByRole("searchbox", { name: "Search rows" }).fill("כריש");
  await expect(data.getByText("1 found.", { exact: true })).toBeVisible();
});
