/** A page of before a deploy, whose site has other files by now: what is fetched later is gone, which is told, and the page stays. */
import { demoPicture, jsonLines, upload } from "./files.ts";
import { button, chooseFiles, expect, expectAlert, SLOW, test, waitForStatus } from "./fixtures.ts";

test("parts of the page that are gone behind a deploy", async ({ page, context }) => {
  let gone = /$^/;
  await context.route(
    (url) => gone.test(url.pathname),
    (route) => route.fulfill({ status: 404, body: "" }),
  );
  const pageAlert = page.locator("main > .error-note");

  await test.step("what only shows something costs only that", async () => {
    gone = /assets\/Example-/;
    await page.goto("/");
    await expect(pageAlert).toContainText(/A part of the page could not be fetched.*untouched.*newer version/, {
      timeout: SLOW,
    });
    await expect(button(page, "Load model")).toBeVisible();
  });

  await test.step("what reads files, or decodes their pictures", async () => {
    gone = /assets\/dataset\.worker/;
    await page.reload();
    await chooseFiles(page, [
      upload("metadata.jsonl", jsonLines([{ file_name: "a.webp", text: "A." }])),
      upload("a.webp", demoPicture("001.webp")),
    ]);
    await button(page, "Load model").click();
    await expectAlert(page, "Data", {
      happened: /data reader could not be started: its program is not where this page looks for it/,
      safe: /untouched/,
      remedy: /Reload the page: there is probably a newer version/,
    });
  });

  await test.step("the training engine’s larger part", async () => {
    gone = /assets\/engine-/;
    await page.reload();
    await button(page, "Load model").click();
    await expectAlert(page, "Model", {
      happened: /training engine could not be fetched/,
      safe: /untouched/,
      remedy: /Reload the page: there is probably a newer version/,
    });
    // Chromium remembers that a module was not there: only a reload asks again.
    gone = /$^/;
    await page.reload();
    await button(page, "Load model").click();
    await waitForStatus(page, "Model", "ready");
  });

  await test.step("the engine’s worker itself: the page explains itself", async () => {
    gone = /assets\/engine\.worker/;
    await page.goto("about:blank");
    await page.goto("/");
    await expect(pageAlert).toContainText(/could not be started: its program.*probably a newer version/, {
      timeout: SLOW,
    });
  });
});

test.describe("in German", () => {
  test.use({ locale: "de-DE" });
  test("a language that is gone behind a deploy: the page speaks English", async ({ page, context }) => {
    await context.route(/assets\/de-/, (route) => route.fulfill({ status: 404, body: "" }));
    await page.goto("/");
    await expect(button(page, "Load model")).toBeVisible();
    await expect(page.locator("main > .error-note")).toContainText("A part of the page could not be fetched");
  });
});
