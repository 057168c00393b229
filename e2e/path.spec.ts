/** The path: the demo in one press, places with addresses, and one primary button at a time. */
import type { Locator, Page } from "@playwright/test";
import { button, expect, loadDemo, panel, SLOW, statusOf, test, waitForStatus } from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

const path = (page: Page): Locator => page.getByRole("navigation", { name: "Path" });
const place = (page: Page, name: string): Locator => path(page).getByRole("link", { name: new RegExp(`^${name} `) });

/** Names of the buttons that look like the one to press. */
const primaries = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const look = (element: Element): string => getComputedStyle(element).backgroundColor;
    const probe = document.createElement("i");
    probe.style.backgroundColor = "var(--accent)";
    document.body.append(probe);
    const accent = look(probe);
    probe.remove();
    const buttons = [...document.querySelectorAll("button")].filter((button) => button.checkVisibility());
    return buttons.filter((button) => look(button) === accent).map((button) => button.textContent ?? "");
  });

test("the demo: three presses from an empty page to an answer", async ({ page, seen }) => {
  test.setTimeout(600_000);
  await page.goto("/");
  await expect(button(page, "Try the demo")).toBeEnabled({ timeout: SLOW });
  expect(await primaries(page)).toEqual(["Try the demo"]);
  await test.step("a recorded run is seen before anything is loaded, and what this machine can do", async () => {
    const slider = page.getByRole("slider", { name: "Step of the example" });
    await slider.focus();
    await page.keyboard.press("Home");
    await expect(slider).toHaveAttribute("aria-valuetext", /^Before it learned: 0 of \d+ right$/);
    const answers = page.getByRole("list", { name: "Answers of the example" });
    await expect(answers.getByRole("listitem")).toHaveCount(4);
    await expect(answers).toContainText("There are two.");
    await page.keyboard.press("End");
    await expect(slider).toHaveAttribute("aria-valuetext", /^After step 50: [1-9]\d* of \d+ right$/);
    await expect(answers).toContainText("I count two, captain!");
    const drawn = (image: HTMLImageElement): boolean => image.complete && image.naturalWidth > 0;
    for (const image of await answers.getByRole("img").all()) expect(await image.evaluate(drawn)).toBe(true);
    await expect(page.getByText(/^This page found no graphics card that it can use/)).toBeVisible();
    const fetched = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    expect(fetched.filter((name) => /demo\/model|\.wasm/.test(name))).toEqual([]);
  });
  await expectGoodLooks(page);
  await page.setViewportSize({ width: 1280, height: 720 });
  const started = Date.now();
  await button(page, "Try the demo").click();
  await expect(page.getByText(/^[1-3] of 3: /)).toBeVisible();
  await waitForStatus(page, "Training", /^Step [1-9]/);
  const first = Date.now();
  // What one looks at while it trains is in sight, without scrolling.
  for (const seenThere of [
    statusOf(page, "Training"),
    button(page, "Pause"),
    button(page, "Stop and save"),
    page.getByRole("figure", { name: "Loss" }).locator("canvas"),
  ]) {
    await expect(seenThere).toBeInViewport({ ratio: 1 });
  }
  await expect(page).toHaveURL(/#train$/);
  await expect(place(page, "Train")).toHaveAccessibleName(/of 50 steps.*working/);
  expect(await primaries(page)).toEqual([]);
  await expect(statusOf(page, "Training")).toContainText("Done", { timeout: 400_000 });
  await expect(page).toHaveURL(/#result$/);
  await test.step("what came of it, in sight, with what can be made of it", async () => {
    const runs = panel(page, "Runs");
    const finding = runs.locator(".finding");
    await expect(finding).toHaveText(/^Answers \d+ of \d+ held-out questions right, \d+ before\.$/);
    await expect(finding).toBeInViewport({ ratio: 1 });
    const [now, of, before] = ((await finding.textContent()) ?? "").match(/\d+/g)!.map(Number);
    expect(now!).toBeGreaterThan(before!);
    await expect(runs.getByText("It learned", { exact: true })).toBeVisible();
    await expect(runs.getByText(/^Loss on rows it has not seen fell from/)).toBeVisible();
    await expect(runs.getByRole("list", { name: "Answers of held-out rows" }).getByRole("listitem")).toHaveCount(of!);
    await expect(runs.getByRole("button", { name: "Download adapter" })).toHaveCount(1);
    for (const way of [
      "Push to the hub",
      "Download GGUF",
      "Save for Ollama",
      "Save merged model",
      "More steps",
      "Train on from it",
    ])
      await expect(runs.getByRole("button", { name: way })).toBeVisible();
    await expectGoodLooks(page);
    await page.setViewportSize({ width: 1280, height: 720 });
  });
  await button(page, "Sample picture 1").click();
  await panel(page, "Chat").getByRole("button", { name: "Describe the picture." }).click();
  const answer = panel(page, "Chat").locator(".turn.assistant");
  await expect(answer.locator("small")).toContainText("tokens", { timeout: SLOW });
  // The voice is learned.
  await expect(answer).toContainText("Ahoy!");
  const seconds = (from: number): string => ((Date.now() - from) / 1000).toFixed(0);
  test.info().annotations.push({
    type: "demo",
    description: `first step after ${((first - started) / 1000).toFixed(0)} s, answered after ${seconds(started)} s`,
  });
  expect(seen.console).toEqual([]);
});

test("every place is an address: links, Back and a reload lead to it", async ({ page }) => {
  await page.goto("/");
  await expect(place(page, "Model")).toHaveAttribute("aria-current", "location");
  await place(page, "Train").click();
  await expect(page).toHaveURL(/#train$/);
  await expect(panel(page, "Training").getByRole("heading", { name: "Training" })).toBeInViewport();
  await place(page, "Data").click();
  await expect(page).toHaveURL(/#data$/);
  await expect(panel(page, "Data").getByRole("heading", { name: "Data" })).toBeInViewport();
  await page.goBack();
  await expect(page).toHaveURL(/#train$/);
  await expect(panel(page, "Training").getByRole("heading", { name: "Training" })).toBeInViewport();
  await page.reload();
  await expect(panel(page, "Training").getByRole("heading", { name: "Training" })).toBeInViewport();
  await expect(place(page, "Train")).toHaveAttribute("aria-current", "location");
});

test("the place in the address is come to, also where the page grows in the very moment", async ({ page }) => {
  await page.addInitScript(() => {
    const original = window.requestAnimationFrame.bind(window);
    let hasGrown = false;
    // Panels above it fill themselves between two frames.
    window.requestAnimationFrame = (then) =>
      original((time) => {
        const place = document.getElementById("train");
        if (place && !hasGrown) {
          hasGrown = true;
          const filling = document.createElement("div");
          filling.style.height = "3000px";
          place.before(filling);
        }
        then(time);
      });
  });
  await page.goto("/#train");
  await expect(panel(page, "Training").getByRole("heading", { name: "Training", exact: true })).toBeInViewport();
  await expect(page).toHaveURL(/#train$/);
});

test("the next step is named, and is the one primary button", async ({ page }) => {
  test.setTimeout(400_000);
  await page.goto("/");
  await button(page, "Use my pictures").click();
  await expect(button(page, "Choose files")).toBeFocused();
  await loadDemo(page);
  await expect(path(page).getByText("Next:")).toContainText("Choose your pictures, or the sample data");
  expect(await primaries(page)).toEqual([]);
  await button(page, "Use sample data").click();
  await waitForStatus(page, "Data", "128 rows ready");
  await expect(path(page).getByText("Next:")).toContainText("Start training");
  await expect(button(page, "Start training")).toBeEnabled();
  expect(await primaries(page)).toEqual(["Start training"]);
  await expect(place(page, "Data")).toHaveAccessibleName(/128 rows, the sample data.*ready/);
});
