/**
 * What happens to a tab in the middle of a run: it is asked to close, hidden, frozen, short of memory, on a slow processor, told another
 * time, crashes and is closed. The run comes out as one that nothing happened to, to the last bit.
 */
import type { Page } from "@playwright/test";
import { faultPoints } from "./fault-points.ts";
import { expect, panel, SLOW, stepOf, test, waitForStep } from "./fixtures.ts";
import { expectSame, finish, goOn, startRun, undisturbed } from "./undisturbed.ts";

/** A run that saves only when something makes it. */
const NEVER = 1000;

/**
 * Headless Chromium never hides or freezes a page by itself (`Page.setWebLifecycleState` does nothing there), so the page is told the
 * events that a browser sends it.
 */
const tell = (page: Page, event: "visibilitychange" | "freeze"): Promise<void> =>
  page.evaluate((type) => {
    const hidden = type === "visibilitychange";
    if (hidden) Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event(type));
    if (hidden) Reflect.deleteProperty(document, "visibilityState");
  }, event);

/** Whole checkpoints in the browser's storage, oldest first. */
const saved = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve) => request.addEventListener("success", () => resolve(request.result)));
    const database = await done(indexedDB.open("tabtune"));
    const keys = (await done(database.transaction("values").objectStore("values").getAllKeys())) as string[];
    database.close();
    return keys.filter((key) => key.endsWith("/manifest") && key.startsWith("run/"));
  });

test("a tab that is hidden, frozen, slow, short of memory, crashes and is closed", { tag: "@long" }, async ({
  page,
  context,
  browser,
}) => {
  test.setTimeout(400_000);
  const reference = await undisturbed(browser);
  const points = await faultPoints(context);
  await page.clock.install();
  await startRun(page, NEVER);
  await waitForStep(page, 1);

  await test.step("asks before it is closed, and goes on when the answer is no", async () => {
    const asked = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    expect(await saved(page)).toEqual([]);
  });

  await test.step("the computer slept, its clock jumped: the engine is not taken for dead, the time left is sane", async () => {
    await page.clock.fastForward("08:00:00");
    await page.clock.setSystemTime(new Date("2001-01-01T00:00:00Z"));
    await waitForStep(page, 4);
    const left = panel(page, "Training")
      .locator("dd, .figure")
      .filter({ hasText: /\d+ (s|min)$/ });
    await expect(left.first()).toBeVisible();
  });

  await test.step("memory is short, processor and disk are slow: the page answers, and it is saved when it is hidden", async () => {
    const session = await page.context().newCDPSession(page);
    await session.send("Memory.simulatePressureNotification", { level: "critical" });
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    points.slowBy(400);
    await tell(page, "visibilitychange");
    await expect.poll(() => points.writes.some((write) => write.includes("/chunk/")), { timeout: SLOW }).toBe(true);
    // Again while the first is being written.
    await tell(page, "visibilitychange");
    const details = panel(page, "Training").locator("details", { hasText: "All settings" });
    await details.locator("summary").first().click({ timeout: 2000 });
    await expect(details).not.toHaveAttribute("open", "", { timeout: 2000 });
    await expect.poll(async () => (await saved(page)).length, { timeout: SLOW }).toBe(2);
    points.slowBy(0);
    const generations = points.writes.flatMap(
      (write) => /^put .*gen\/(\d+)\/(\w+)/.exec(write)?.slice(1).join(" ") ?? [],
    );
    expect(generations, "one checkpoint is whole before the next begins").toEqual([
      "000000001 chunk",
      "000000001 manifest",
      "000000002 chunk",
      "000000002 manifest",
    ]);
  });

  let step = await stepOf(page);
  await test.step("it crashes: another tab goes on, whose lock it is now", async () => {
    const session = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent("crash");
    session.send("Page.crash").catch(() => undefined); // nobody is there to answer
    await crashed;
    page = await context.newPage();
    await page.goto("/");
    const from = await goOn(page);
    expect(from).toBeGreaterThan(1);
    expect(from).toBeLessThanOrEqual(step);
    step = from;
  });

  await test.step("it is frozen and then closed without a word: the frozen step is there", async () => {
    await waitForStep(page, step + 1);
    const before = (await saved(page)).at(-1);
    // It stands still behind what it saves then: else the run may be over before the tab is.
    const held = points.holdAt(/^delete run\//);
    await tell(page, "freeze");
    await held;
    expect((await saved(page)).at(-1)).not.toBe(before);
    await page.close();
    page = await context.newPage();
    await page.goto("/");
    expect(await goOn(page)).toBeGreaterThan(step);
  });

  expectSame(await finish(page), reference);
});
