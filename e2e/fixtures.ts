/**
 * What every browser test shares: a page whose network ends at this machine, and the panels' controls by the names that people
 * and screen readers know them by.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type BrowserContext, test as base, expect, type Locator, type Page } from "@playwright/test";
import { unzipSync } from "fflate";
import type { Upload } from "./files.ts";

export { expect };

/** Loading, compiling and preparing on a software GPU. */
export const SLOW = 180_000;

/** For `test.use`: the browser was never here, where others keep the self-test's verdict of an earlier visit. */
export const firstVisit = { storageState: { cookies: [], origins: [] } };

/** How Chromium tells of what a content policy or Trusted Types refuse. */
const POLICY = /Content Security Policy|violates the following|Trusted(HTML|Script|Type)|Trusted Types/i;

/** What went wrong on a page that no panel tells: uncaught errors, broken content policy, requests to other machines. */
export interface Watch {
  /** Uncaught errors of the page. */
  errors: string[];
  /** Console warnings and errors, of the page and its workers. */
  console: string[];
  /** Requests to other hosts; they are cut off. */
  foreign: string[];
}

/**
 * Cuts the network off but for the site itself, and notes what happens in any page of the context. Where service workers are blocked, its
 * pages have none, as in a browser that keeps nothing.
 */
export async function watch(context: BrowserContext, serviceWorkers: "allow" | "block" = "block"): Promise<Watch> {
  const seen: Watch = { errors: [], console: [], foreign: [] };
  if (serviceWorkers === "block")
    await context.addInitScript(() => {
      Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
    });
  await context.route(
    (url) => /^(https?|wss?):$/.test(url.protocol) && !["localhost", "127.0.0.1"].includes(url.hostname),
    (route) => {
      seen.foreign.push(route.request().url());
      return route.abort("internetdisconnected");
    },
  );
  context.on("weberror", (error) => seen.errors.push(String(error.error())));
  context.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) seen.console.push(message.text());
  });
  return seen;
}

export const test = base.extend<{ seen: Watch }>({
  seen: [
    async ({ context, serviceWorkers }, use) => {
      const seen = await watch(context, serviceWorkers);
      await use(seen);
      expect(seen.errors, "uncaught errors").toEqual([]);
      expect(seen.foreign, "requests to other machines").toEqual([]);
      expect(
        seen.console.filter((words) => POLICY.test(words)),
        "what the content policy refused",
      ).toEqual([]);
    },
    { auto: true },
  ],
});

export type PanelName = "Model" | "Data" | "Training" | "Chat" | "Apply" | "Runs";

export const panel = (page: Page, name: PanelName): Locator => page.getByRole("region", { name });
export const statusOf = (page: Page, name: PanelName): Locator => panel(page, name).getByRole("status");
export const alertIn = (page: Page, name: PanelName): Locator => panel(page, name).getByRole("alert");
export const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });

/** Waits until a panel's status line has these words; an alert in the panel ends the waiting, with its words. */
export async function waitForStatus(page: Page, name: PanelName, words: string | RegExp): Promise<void> {
  const found = statusOf(page, name).filter({ hasText: words });
  const alert = alertIn(page, name);
  await expect(found.or(alert).first()).toBeVisible({ timeout: SLOW });
  if (await alert.isVisible()) throw new Error(`${name}: ${await alert.textContent()}`);
}

export async function chooseFiles(page: Page, files: Upload[]): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await button(page, "Choose files").click();
  await (await choosing).setFiles(files);
}

/** Presses the button `label` and chooses a folder, by its whole path or from the repository's own. */
export async function chooseFolder(page: Page, label: string, folder: string): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await button(page, label).click();
  await (await choosing).setFiles(path.resolve(folder));
}

/** An alert says what happened, what is safe, and one thing to do. */
export async function expectAlert(
  page: Page,
  name: PanelName,
  words: { happened: RegExp; safe: RegExp; remedy: RegExp },
): Promise<void> {
  const alert = alertIn(page, name);
  await expect(alert).toContainText(words.happened, { timeout: SLOW });
  await expect(alert).toContainText(words.safe);
  await expect(alert).toContainText(words.remedy);
  await expect(alert).not.toContainText("internal");
}

/** Leaves and comes back, as on another day: unlike a reload, it begins without a model. */
export async function visitAgain(page: Page): Promise<void> {
  await page.goto("about:blank");
  await page.goto("/");
}

/** Chooses a model by its name on the hub. */
export async function chooseHubModel(page: Page, name: string): Promise<void> {
  const model = panel(page, "Model");
  await model.getByRole("combobox", { name: "Model" }).selectOption("other");
  await model.getByLabel("Name on the hub").fill(name);
}

/** Loads the demo model. After a reload the page has the model of before again by itself: then this only waits for it. */
export async function loadDemo(page: Page): Promise<void> {
  const comesBack = await page.evaluate(() => {
    const visits = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const session = JSON.parse(localStorage.getItem("tabtune-session") ?? "{}") as { model?: unknown };
    return visits[0]?.type === "reload" && session.model !== undefined;
  });
  if (!comesBack) await button(page, "Load model").click({ timeout: SLOW });
  await waitForStatus(page, "Model", "ready");
}

export async function chooseSampleData(page: Page): Promise<void> {
  await button(page, "Use sample data").click();
  await waitForStatus(page, "Data", "128 rows ready");
}

/** Where it is not what is tested, measuring would only take its time. */
export async function holdNothingOut(page: Page): Promise<void> {
  const heldOut = panel(page, "Training").getByRole("combobox", { name: "Held-out rows" });
  await expect(heldOut).toHaveValue('"steps"');
  await heldOut.selectOption("none: all are trained on");
}

/** From an empty page to one that can train on all rows. */
export async function prepare(page: Page, load: (page: Page) => Promise<void> = loadDemo): Promise<void> {
  await page.goto("/");
  await load(page);
  await chooseSampleData(page);
  await holdNothingOut(page);
}

/** Number fields by their labels, in the list of all settings, which is opened. */
export async function setRecipe(page: Page, fields: Record<string, number>): Promise<void> {
  const training = panel(page, "Training");
  const more = training.locator("details", { hasText: "All settings" });
  if ((await more.getAttribute("open")) === null) await more.locator("summary").click();
  for (const [name, value] of Object.entries(fields)) {
    const field = training.getByRole("spinbutton", { name, exact: true });
    await field.fill(String(value));
    await expect(field).toHaveValue(String(value));
  }
}

/** A run of a few seconds a step. */
export const shortRecipe = (steps: number, every: number): Record<string, number> => ({
  Steps: steps,
  "Batch size": 2,
  "Save every … steps": every,
});

/** The step that the status line tells; -1 when it tells none. */
export async function stepOf(page: Page): Promise<number> {
  const text = (await statusOf(page, "Training").textContent()) ?? "";
  return Number(/Step (\d+) of/.exec(text)?.[1] ?? -1);
}

export async function waitForStep(page: Page, step: number): Promise<void> {
  const alert = alertIn(page, "Training");
  await expect
    .poll(
      async () => {
        if (await alert.isVisible()) throw new Error(`Training: ${await alert.textContent()}`);
        return stepOf(page);
      },
      { timeout: SLOW, intervals: [100] },
    )
    .toBeGreaterThanOrEqual(step);
}

export async function waitForEnd(page: Page, steps: number): Promise<void> {
  await waitForStatus(page, "Training", `Done. Step ${steps} of ${steps}`);
}

export interface LossRow {
  step: number;
  loss: number;
}

/** The table twin of the loss chart, in full precision. */
export async function lossTable(page: Page): Promise<LossRow[]> {
  const rows = page.locator('table[aria-label="Loss table"] tbody tr');
  return rows.evaluateAll((all) =>
    all.map((row) => ({
      step: Number(row.querySelector("td")?.textContent),
      loss: Number(row.querySelector<HTMLElement>("[data-loss]")?.dataset.loss),
    })),
  );
}

export interface AdapterFiles {
  weights: Uint8Array;
  config: Record<string, unknown>;
  card: string;
}

/** The file that `press` has the page hand to the browser's downloads. */
export async function downloaded(page: Page, press: () => Promise<void>): Promise<Buffer> {
  const arriving = page.waitForEvent("download", { timeout: SLOW });
  await press();
  return readFile(await (await arriving).path());
}

/** Presses "Download adapter" of the newest run. Returns the zip. */
export const downloadZip = (page: Page): Promise<Uint8Array> =>
  downloaded(page, () => button(page, "Download adapter").first().click());

/** The same, opened. */
export async function downloadAdapter(page: Page): Promise<AdapterFiles> {
  const files = unzipSync(await downloadZip(page));
  expect(Object.keys(files).sort()).toEqual(["README.md", "adapter_config.json", "adapter_model.safetensors"]);
  const text = (name: string): string => new TextDecoder().decode(files[name]);
  return {
    weights: files["adapter_model.safetensors"]!,
    config: JSON.parse(text("adapter_config.json")) as Record<string, unknown>,
    card: text("README.md"),
  };
}

export interface TensorHeader {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The header of a safetensors file, after checking that its tensors fill the file without a gap. */
export function safetensorsHeader(file: Uint8Array): Record<string, TensorHeader> {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<string, TensorHeader>;
  delete header.__metadata__;
  const ends = Object.values(header)
    .map((tensor) => tensor.data_offsets)
    .sort(([a], [b]) => a - b);
  let at = 0;
  for (const [from, to] of ends) {
    expect(from).toBe(at);
    at = to;
  }
  expect(8 + length + at).toBe(file.length);
  return header;
}

/** Every value of an F32 safetensors file. */
export function safetensorsValues(file: Uint8Array): Float32Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return new Float32Array(file.slice(8 + length).buffer);
}

/** Asks in the chat and waits for the whole answer. */
export async function ask(page: Page, question: string, picture?: string): Promise<string> {
  const chat = panel(page, "Chat");
  if (picture) {
    const choosing = page.waitForEvent("filechooser");
    await chat.getByRole("button", { name: "Attach picture" }).click();
    await (await choosing).setFiles(picture);
  }
  await chat.getByRole("textbox", { name: "Message" }).fill(question);
  await chat.getByRole("button", { name: "Send" }).click();
  await expect(chat.locator(".turn.assistant small").last()).toContainText("tokens", { timeout: SLOW });
  await expect(chat.getByRole("button", { name: "Send" })).toBeEnabled();
  return (await chat.locator(".turn.assistant p").last().textContent()) ?? "";
}
