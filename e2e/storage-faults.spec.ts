/** Storage that goes away under a page that is open: cleared by the browser, upgraded by a newer version of the page in another tab. */
import { button, chooseSampleData, expect, expectAlert, panel, test, waitForStep } from "./fixtures.ts";
import { expectSame, finish, startRun, undisturbed } from "./undisturbed.ts";

test("storage that is cleared under a run, and one that a newer version takes over in another tab", async ({
  page,
  context,
  browser,
}) => {
  test.setTimeout(400_000);
  const reference = await undisturbed(browser);
  await startRun(page, 2);

  await test.step("cleared: the run is written anew before it ends", async () => {
    await waitForStep(page, 3);
    const session = await context.newCDPSession(page);
    const { origin } = new URL(page.url());
    await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await expectAlert(page, "Training", {
      happened: /The browser cleared this site's storage/,
      safe: /not lost: it was written anew, as it is after step \d/,
      remedy: /Choose the same data again, then press Resume run/,
    });
    await expect(panel(page, "Runs")).toContainText(/interrupted, step [3-8] of 8/);
  });

  await test.step("and goes on with the same data, to the same end", async () => {
    await chooseSampleData(page);
    await button(page, "Resume run").click();
    expectSame(await finish(page), reference);
  });

  await test.step("upgraded in another tab: that one does not wait, and this one says so", async () => {
    await button(page, "Start training").click();
    await waitForStep(page, 1);
    const other = await context.newPage();
    await other.goto("/demo/data/");
    const opened = other.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const request = indexedDB.open("tabtune", 1000);
          for (const type of ["success", "blocked", "error"]) request.addEventListener(type, () => resolve(type));
        }),
    );
    expect(await opened).toBe("success");
    await expectAlert(page, "Training", {
      happened: /Another tab.* upgraded/,
      safe: /checkpoints are kept/,
      remedy: /Reload this tab/,
    });
    await other.close();
  });
});
