/**
 * Disks that fill up, workers that die, checkpoints that rot: each has its sentence, loses nothing that was
 * safe, and a run that goes on afterwards gives the losses of one that nothing happened to.
 */
import type { Page } from "@playwright/test";
import { killableEngine, quotaOf, spoil, withSmallGpu } from "./fault-points.ts";
import { demoPicture, jsonLines, upload } from "./files.ts";
import {
  alertIn,
  button,
  chooseFiles,
  chooseSampleData,
  expect,
  expectAlert,
  firstVisit,
  holdNothingOut,
  type LossRow,
  loadDemo,
  lossTable,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStep,
} from "./fixtures.ts";
import { STEPS, startRun, undisturbed } from "./undisturbed.ts";

const EVERY = 2;

const start = (page: Page): Promise<void> => startRun(page, EVERY);

let losses: LossRow[];

test.beforeAll(async ({ browser }) => {
  ({ losses } = await undisturbed(browser));
});

test.describe("with a browser that keeps nothing yet", () => {
  // Chromium would go by the room that it found when it kept the verdict.
  test.use(firstVisit);

  test("a full disk", async ({ page }) => {
    test.setTimeout(400_000);
    await page.goto("/");
    const quota = await quotaOf(page);
    await quota(1);

    await test.step("a model loads all the same, only without its cache", async () => {
      await loadDemo(page);
      await expect(panel(page, "Model")).toContainText("could not be kept for the next visit: there is no room");
    });

    await test.step("data that finds no room is told", async () => {
      await button(page, "Use sample data").click();
      await expectAlert(page, "Data", { happened: /no room/, safe: /kept/, remedy: /free disk space/ });
      await expect(statusOf(page, "Data")).toHaveText("No data yet.");
    });

    await test.step("with room for it and one checkpoint, the same button works", async () => {
      // Set before the run: Chromium goes by the room that it found for up to half a minute.
      await quota(9e6);
      await chooseSampleData(page);
      await expect(alertIn(page, "Data")).toHaveCount(0);
      await holdNothingOut(page);
    });

    await test.step("a checkpoint that finds no room pauses the run", async () => {
      await setRecipe(page, shortRecipe(STEPS, EVERY));
      await button(page, "Start training").click();
      await expectAlert(page, "Training", { happened: /full/, safe: /nothing of it is lost/, remedy: /press Resume/ });
      await expect(statusOf(page, "Training")).toContainText("Paused");
      // Still no room: the same again, and nothing is lost.
      await button(page, "Resume").click();
      await expectAlert(page, "Training", { happened: /full/, safe: /nothing of it is lost/, remedy: /press Resume/ });
    });

    await test.step("with room, it goes on where it stood", async () => {
      await quota();
      await button(page, "Resume").click();
      await waitForEnd(page, STEPS);
      await expect(alertIn(page, "Training")).toHaveCount(0);
      expect(await lossTable(page)).toEqual(losses);
    });
  });
});

test("an engine that dies", async ({ page }) => {
  await page.clock.install();
  const kill = await killableEngine(page);
  await start(page);
  await waitForStep(page, 3);
  await kill();
  await page.clock.runFor(75_000);
  await expectAlert(page, "Training", {
    happened: /engine has not answered/,
    safe: /last checkpoint is saved/,
    remedy: /Load the model again, then press Resume run/,
  });
  await expect(statusOf(page, "Model")).toHaveText("No model is loaded.");

  await loadDemo(page);
  await button(page, "Resume run").click();
  await waitForEnd(page, STEPS);
  expect(await lossTable(page)).toEqual(losses);
});

test("a file that the data reader hangs on", async ({ page, context }) => {
  await spoil(
    context,
    "dataset",
    `const slice = Blob.prototype.slice;
     Blob.prototype.slice = function (...args) {
       if (this.name === "hang.jsonl") for (;;);
       return slice.apply(this, args);
     };\n`,
  );
  await page.clock.install();
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, [
    upload("hang.jsonl", jsonLines([{ file_name: "a.webp", text: "A." }])),
    upload("a.webp", demoPicture("001.webp")),
  ]);
  await page.clock.runFor(30_000);
  await expectAlert(page, "Data", { happened: /no sign of life/, safe: /not touched/, remedy: /other files/ });
  await chooseSampleData(page);
  await expect(alertIn(page, "Data")).toHaveCount(0);
});

test("a recipe that is too large for the GPU", async ({ page, context }) => {
  await withSmallGpu(context);
  await prepare(page);
  const training = panel(page, "Training");
  await setRecipe(page, { "Batch size": 8, "LoRA rank": 16 });
  await expectAlert(page, "Training", {
    happened: /does not fit/,
    safe: /Nothing was started/,
    remedy: /Set Batch size to \d\./,
  });
  await expect(button(page, "Start training")).toBeDisabled();

  const advice = await alertIn(page, "Training").textContent();
  await setRecipe(page, { "Batch size": Number(/Batch size to (\d)/.exec(advice!)![1]), Steps: 1 });
  await expect(alertIn(page, "Training")).toHaveCount(0);
  await expect(training.getByText("fits", { exact: true })).toBeVisible();
  await button(page, "Start training").click();
  await waitForEnd(page, 1);
});

/** Flips a bit of the last value whose key ends so; returns how many there are. */
async function rot(page: Page, ending: string): Promise<number> {
  return page.evaluate(async (suffix) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve) => request.addEventListener("success", () => resolve(request.result)));
    const database = await done(indexedDB.open("tabtune"));
    const table = database.transaction("values", "readwrite").objectStore("values");
    const keys = ((await done(table.getAllKeys())) as string[]).filter((key) => key.endsWith(suffix)).sort();
    const bytes: Uint8Array<ArrayBuffer> = await done(table.get(keys.at(-1)!));
    const middle = bytes.length >> 1;
    await done(table.put(bytes.with(middle, bytes[middle]! ^ 1), keys.at(-1)!));
    database.close();
    return keys.length;
  }, ending);
}

test("a checkpoint that rotted", { tag: "@long" }, async ({ page }) => {
  await start(page);
  await waitForStep(page, 5);
  await page.reload();
  await expect(panel(page, "Runs")).toContainText(`interrupted, step 4 of ${STEPS}`, { timeout: SLOW });
  expect(await rot(page, "chunk/000000000")).toBe(2);
  await loadDemo(page);
  await button(page, "Resume run").click();
  await waitForStep(page, 3);
  await expect(panel(page, "Training")).toContainText(
    "The newest checkpoint (step 4) was damaged: chunk 1 of 1 is damaged. The run goes on from step 2.",
  );
  await waitForEnd(page, STEPS);
  expect(await lossTable(page)).toEqual(losses);
});

test("rows that cannot be trained on", async ({ page }) => {
  await page.goto("/");
  await loadDemo(page);
  const user = (words: string) => ({ role: "user", content: words });
  const assistant = (words: string) => ({ role: "assistant", content: words });
  const rows = [
    { file_name: "a.webp", messages: [user("<image>\nWhat is it?"), assistant("A thing.")] },
    { file_name: "a.webp", messages: [user("<image><image>\nWhat are they?"), assistant("Two things.")] },
    { file_name: "a.webp", text: "   " },
    {
      file_name: "a.webp",
      messages: [user(`<image>\n${"Tell me all. ".repeat(9)}`), assistant("Long story. ".repeat(400))],
    },
  ];
  await chooseFiles(page, [upload("metadata.jsonl", jsonLines(rows)), upload("a.webp", demoPicture("001.webp"))]);
  await expect(statusOf(page, "Data")).toHaveText("2 rows ready, 2 skipped", { timeout: SLOW });
  await button(page, "Show skipped rows").click();
  const skipped = page.getByRole("table", { name: "Skipped rows" }).locator("tbody tr");
  await expect(skipped.nth(0)).toContainText("2");
  await expect(skipped.nth(1)).toContainText("text");

  await test.step("rows that are longer than the recipe allows", async () => {
    // The second row's question alone is longer.
    await setRecipe(page, { "Longest row in tokens": 60, Steps: 1, "Batch size": 1 });
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
    await expect(panel(page, "Training")).toContainText("1 of 2 rows do not fit into 60 tokens and are left out.");
    await setRecipe(page, { "Longest row in tokens": 40 });
    await button(page, "Start training").click();
    await expectAlert(page, "Training", {
      happened: /None of the 2 rows fits into 40 tokens with its picture and an answer/,
      safe: /data stay/,
      remedy: /Raise max_length/,
    });
  });
});
