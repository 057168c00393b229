/** Storage that goes away under a page that is open: cleared by the browser, upgraded by a newer version of the page in another tab. */
import {
  alertIn,
  button,
  chooseSampleData,
  expect,
  expectAlert,
  lossTable,
  panel,
  prepare,
  setRecipe,
  shortRecipe,
  test,
  waitForStep,
} from "./fixtures.ts";

test("storage that is cleared under a run, and one that a newer version takes over in another tab", async ({
  page,
  context,
}) => {
  test.setTimeout(400_000);
  // It does not end by itself: the last of the faults ends it.
  await prepare(page);
  await setRecipe(page, shortRecipe(40, 2));
  await button(page, "Start training").click();

  await test.step("cleared: the run is written anew before it ends", async () => {
    await waitForStep(page, 3);
    const session = await context.newCDPSession(page);
    const { origin } = new URL(page.url());
    await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await expectAlert(page, "Training", {
      happened: /The browser cleared this site's storage/,
      safe: /not lost: it was written anew, as it is after step \d+/,
      remedy: /Choose the same data again, then press Resume run/,
    });
    await expect(panel(page, "Runs")).toContainText(/interrupted, step \d+ of 40/);
  });

  // That it ends as one that nothing happened to is tested where there is no browser: workers/engine/resume.test.ts.
  await test.step("and goes on with the same data", async () => {
    const written = Number(/after step (\d+)/.exec((await alertIn(page, "Training").textContent())!)![1]);
    await chooseSampleData(page);
    await button(page, "Resume run").click();
    await waitForStep(page, written + 1);
    const steps = (await lossTable(page)).map(({ step }) => step);
    expect(steps).toEqual(steps.map((_, i) => i + 1));
  });

  await test.step("upgraded in another tab: that one does not wait, and this one says so", async () => {
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
