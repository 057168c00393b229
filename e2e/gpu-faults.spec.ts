/** What a GPU does in the middle of a run: it is lost, refuses a kernel, gives no number. Nothing that was saved is lost, and nothing is silent. */
import { fragileGpu } from "./fault-points.ts";
import { alertIn, button, expect, expectAlert, lossTable, panel, statusOf, test, waitForStep } from "./fixtures.ts";
import { expectSame, finish, startRun, undisturbed } from "./undisturbed.ts";

test("a device that is lost in the middle of a step, a kernel that is refused, a loss that is no number", async ({
  page,
  context,
  browser,
}) => {
  test.setTimeout(400_000);
  const reference = await undisturbed(browser);
  const gpu = await fragileGpu(context, page);
  await startRun(page, 2);

  await test.step("a loss of the device is not seen as zeros: it is opened again, and the run goes on from its checkpoint", async () => {
    await waitForStep(page, 3);
    await gpu.lose();
    await expect(panel(page, "Training")).toContainText("The GPU was lost; it was opened again", { timeout: 60_000 });
  });

  await test.step("a kernel that is refused ends the run, by its name", async () => {
    await waitForStep(page, 5);
    await gpu.misuse();
    await expectAlert(page, "Training", {
      happened: /The GPU refused the kernel "[\w -]+":/,
      safe: /last checkpoint is saved/,
      remedy: /resume from the last checkpoint/,
    });
    await expect(statusOf(page, "Training")).toContainText("Failed");
    expect((await lossTable(page)).every(({ loss }) => loss > 0)).toBe(true);
  });

  await test.step("it goes on on a new device, until a loss is no number", async () => {
    await button(page, "Resume run").click();
    await expect(alertIn(page, "Training")).toHaveCount(0);
    await waitForStep(page, 5);
    await gpu.poison();
    await expectAlert(page, "Training", {
      happened: /Step [678] gave a loss of NaN/,
      safe: /The adapter is as it was after step \d/,
      remedy: /Lower the learning rate, or look for broken rows/,
    });
    expect((await lossTable(page)).every(({ loss }) => loss > 0)).toBe(true);
  });

  await test.step("and goes on from its checkpoint once more", async () => {
    await button(page, "Resume run").click();
    expectSame(await finish(page), reference);
  });
});
