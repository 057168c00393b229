/** The page itself: what it says where it cannot work, its names, its looks, its keys, how smooth it stays, and a second tab. */
import type { Locator, Page } from "@playwright/test";
import { spoil } from "./fault-points.ts";
import { demoPicture, jsonLines, upload } from "./files.ts";
import {
  alertIn,
  button,
  chooseFiles,
  expect,
  expectAlert,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const regions = ["Model", "Data", "Training", "Chat", "Runs", "Apply"] as const;

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const isThere = (): Promise<boolean> => target.evaluate((element) => element === document.activeElement);
  // A button that took the place of another has its focus.
  for (let presses = 0; presses < 60; presses++) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${target} cannot be reached by Tab`);
}

test("a browser whose language Intl does not know", async ({ page, seen }) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US@posix" });
  });
  await page.goto("/");
  for (const region of regions) await expect(panel(page, region)).toBeVisible();
  expect(seen.errors).toEqual([]);
});

test.describe("where it cannot train, the page explains itself", () => {
  const cases = [
    {
      name: "no WebGPU",
      code: `Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined });\n`,
      happened: "This browser has no WebGPU.",
    },
    {
      name: "no adapter",
      code: "GPU.prototype.requestAdapter = async () => null;\n",
      happened: "the browser offers no GPU adapter",
    },
  ];
  for (const { name, code, happened } of cases) {
    test(name, async ({ page, context, seen }) => {
      await spoil(context, "engine", code);
      await page.goto("/");
      const alert = page.getByRole("alert");
      await expect(alert).toHaveCount(1);
      await expect(alert).toContainText(happened);
      await expect(alert).toContainText("Update Chrome");
      await expect(page.getByRole("list", { name: "Answers of the example" }).getByRole("listitem")).toHaveCount(4);
      await expect(button(page, "Load model")).toBeDisabled();
      for (const region of regions) await expect(panel(page, region)).toBeVisible();
      await expectGoodLooks(page);
      expect(seen.console).toEqual([]);
    });
  }

  test("an address without TLS", async ({ page, context, baseURL, seen }) => {
    // Not this machine by name, so no secure context; the files come from the same server.
    await context.route("http://tabtune.test/**", async (route) => {
      const url = route.request().url().replace("http://tabtune.test", baseURL!);
      await route.fulfill({ response: await route.fetch({ url }) });
    });
    await page.goto("http://tabtune.test/");
    const alert = page.getByRole("alert");
    await expect(alert).toHaveCount(1);
    await expect(alert).toContainText("https");
    await expect(button(page, "Load model")).toBeDisabled();
    expect(seen.errors).toEqual([]);
  });
});

test("by keyboard from an empty page to a run; names, looks and smoothness on the way", async ({ page, seen }) => {
  test.setTimeout(400_000);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "TabTune" })).toBeVisible();
  for (const region of regions) await expect(panel(page, region)).toBeVisible();
  await expectGoodLooks(page);

  await test.step("load and choose data", async () => {
    await tabTo(page, panel(page, "Model").getByRole("combobox", { name: "Model" }));
    await tabTo(page, button(page, "Choose model folder"));
    await expect(button(page, "Load model")).toBeEnabled({ timeout: SLOW });
    await tabTo(page, button(page, "Load model"));
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Model", "ready");
    await tabTo(page, button(page, "Choose files"));
    await tabTo(page, button(page, "Choose folder"));
    await tabTo(page, button(page, "Use sample data"));
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Data", "rows ready");
    await expect(page.getByRole("table", { name: "Rows", exact: true })).toBeVisible();
  });

  const training = panel(page, "Training");
  await test.step("fields and start", async () => {
    const preset = training.getByRole("combobox", { name: "Preset" });
    for (const option of ["Practical", "Seed report"]) {
      await expect(preset.getByRole("option", { name: option, exact: true })).toHaveCount(1);
    }
    await tabTo(page, preset);
    for (const [name, value] of Object.entries({ Steps: "60", "Batch size": "2", "Learning rate": "0.001" })) {
      await tabTo(page, training.getByRole("spinbutton", { name, exact: true }));
      await page.keyboard.press("Control+A");
      await page.keyboard.type(value);
    }
    for (const name of ["LoRA rank", "LoRA alpha"]) {
      await tabTo(page, training.getByRole("spinbutton", { name, exact: true }));
    }
    await tabTo(page, button(page, "Start training"));
    await page.keyboard.press("Enter");
    await waitForStep(page, 1);
    await expect(statusOf(page, "Training")).toHaveText(/^Step \d+ of 60$/);
  });

  await test.step("the page stays smooth while it trains", async () => {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const busy = async (): Promise<number> => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
    };
    const milliseconds = 10_000;
    const before = await busy();
    const { longest, gap } = await page.evaluate(async (duration) => {
      let longest = 0;
      const observer = new PerformanceObserver((list) => {
        for (const task of list.getEntries()) longest = Math.max(longest, task.duration);
      });
      observer.observe({ type: "longtask" });
      const end = performance.now() + duration;
      let gap = 0;
      for (let last = performance.now(); last < end; ) {
        const now = await new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
        gap = Math.max(gap, now - last);
        last = now;
      }
      observer.disconnect();
      return { longest, gap };
    }, milliseconds);
    const share = (100 * ((await busy()) - before)) / milliseconds;
    const figures = `longest task ${longest.toFixed(0)} ms (0: none of 50), longest frame gap ${gap.toFixed(0)} ms, main thread ${share.toFixed(0)} % busy`;
    test.info().annotations.push({ type: "smoothness", description: figures });
    // The software GPU fights the page for two cores: frames come late there, through no task of ours.
    expect(longest, figures).toBeLessThan(200);
    expect(share, figures).toBeLessThan(50);
  });

  await test.step("pause, resume, stop", async () => {
    await tabTo(page, button(page, "Pause"));
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Training", "Paused");
    await tabTo(page, button(page, "Resume"));
    await page.keyboard.press("Enter");
    await expect(statusOf(page, "Training")).toHaveText(/^Step/, { timeout: SLOW });
    await tabTo(page, button(page, "Stop and save"));
    await page.keyboard.press("Enter");
    await waitForStatus(page, "Training", "Stopped and saved");
    await expect(page.getByRole("figure", { name: "Loss" })).toBeVisible();
    await tabTo(page, training.getByText("Figures as a table"));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("table", { name: "Loss table" })).toBeVisible();
    await tabTo(page, button(page, "Resume run"));
    await tabTo(page, button(page, "Download adapter"));
  });

  await test.step("chat", async () => {
    const chat = panel(page, "Chat");
    await expect(chat.getByRole("log", { name: "Conversation" })).toBeVisible();
    await expect(button(page, "Attach picture")).toBeVisible();
    await expect(chat.getByRole("button", { name: "Stop", exact: true })).toBeVisible();
    await expect(chat.getByRole("switch", { name: "Use adapter" })).toBeChecked();
    await chat.getByRole("textbox", { name: "Message" }).focus();
    await page.keyboard.type("What do you see?");
    await page.keyboard.press("Enter");
    await expect(chat.locator(".turn.assistant small")).toContainText("tokens", { timeout: SLOW });
  });

  await test.step("looks with everything on show", async () => {
    const rows = [
      { file_name: "a.webp", text: "A caption without a single space: ".concat("pneumonoultramicroscopic".repeat(6)) },
      { file_name: `${"a-very-long-file-name-".repeat(8)}.webp`, text: "Missing." },
    ];
    await chooseFiles(page, [
      upload(`${"metadata-".repeat(12)}.jsonl`, jsonLines(rows)),
      upload("a.webp", demoPicture("001.webp")),
    ]);
    await waitForStatus(page, "Data", "1 rows ready, 1 skipped");
    await button(page, "Show skipped rows").click();
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    await setRecipe(page, { "LoRA rank": -1 });
    await expect(alertIn(page, "Training")).toBeVisible();
    await expectGoodLooks(page);
  });

  expect(seen.console, "console warnings and errors").toEqual([]);
});

test("a second tab may watch a run and take it over, not train it too", async ({ page, context }) => {
  test.setTimeout(400_000);
  await prepare(page);
  await setRecipe(page, shortRecipe(60, 2));
  await button(page, "Start training").click();
  await waitForStep(page, 2);

  const other = await context.newPage();
  await other.goto("/");
  const runs = panel(other, "Runs");
  await expect(runs).toContainText("running in another tab", { timeout: SLOW });
  await expect(button(other, "Resume run")).toHaveCount(0);
  await expect(button(other, "Delete")).toBeDisabled();
  const stepThere = async (): Promise<number> => Number(/step (\d+) of 60/.exec((await runs.textContent()) ?? "")?.[1]);
  const seenAt = await stepThere();
  await expect.poll(stepThere, { message: "the watched step moves", timeout: SLOW }).toBeGreaterThan(seenAt);

  await other.close();

  // This one's list goes out of date: it hears nothing of other tabs.
  const deaf = await context.newPage();
  await deaf.addInitScript(() => {
    window.BroadcastChannel = class extends EventTarget {
      postMessage(): void {}
    } as unknown as typeof BroadcastChannel;
  });
  await button(page, "Stop and save").click();
  await waitForStatus(page, "Training", "Stopped and saved");
  await deaf.goto("/");
  await loadDemo(deaf);
  await button(page, "Resume run").click();
  await waitForStatus(page, "Training", /^Step/);
  await button(deaf, "Resume run").click();
  await expectAlert(deaf, "Training", {
    happened: /going on in another tab/,
    safe: /not disturbed/,
    remedy: /close it and press Resume run here/,
  });
  await expect(panel(deaf, "Runs")).toContainText("running in another tab");

  await page.close();
  await button(deaf, "Resume run").click({ timeout: SLOW });
  await waitForStatus(deaf, "Training", /^Step [1-9]/);
  await button(deaf, "Stop and save").click();
  await waitForStatus(deaf, "Training", "Stopped and saved");
});
