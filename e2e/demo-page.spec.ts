/** A demo page of one's own: made of a run, served from a sub-folder, it answers as the trainer's chat did, also without a network. */
import path from "node:path";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { type FakeAccount, startFakeAccount } from "../workers/testing/fake-account.ts";
import { COMMIT, startFakeHub } from "../workers/testing/fake-hub.ts";
import { demoModelFiles } from "./files.ts";
import {
  alertIn,
  ask,
  button,
  chooseHubModel,
  downloaded,
  expect,
  loadDemo,
  panel,
  prepare,
  SLOW,
  setRecipe,
  shortRecipe,
  test,
  waitForStatus,
} from "./fixtures.ts";
import { kept } from "./kept.ts";
import { serveFiles } from "./serve-files.ts";

test.use({ serviceWorkers: "allow" });

const QUESTION = "What is in the picture?";
const PICTURE = path.resolve("public/demo/data/heldout/001.webp");
const FOLDER = "/ann/demo/";
const TOKEN = "hf_ofTheVisitor";

/** A run of two steps that has learned something, and its adapter's answer. */
async function trained(page: Page, load: (page: Page) => Promise<void> = loadDemo): Promise<string> {
  await prepare(page, load);
  await setRecipe(page, { ...shortRecipe(2, 1), "Learning rate": 0.01 });
  await button(page, "Start training").click();
  await waitForStatus(page, "Training", "Done. Step 2 of 2");
  return ask(page, QUESTION, PICTURE);
}

const runs = (page: Page) => panel(page, "Runs");
const listed = (page: Page) => runs(page).getByRole("list", { name: "Files of the demo page" });

async function fillIn(page: Page): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await button(page, "Add a picture to ask about").click();
  await (await choosing).setFiles(PICTURE);
  await expect(button(page, "Make the page")).toHaveAttribute("aria-disabled", "true");
  await runs(page).getByRole("textbox", { name: "Question 1" }).fill(QUESTION);
  await runs(page).getByRole("textbox", { name: "Title" }).fill("Ann’s shapes");
  await runs(page).getByRole("textbox", { name: "Licence notes" }).fill("My adapter: CC BY 4.0.");
}

async function downloadPage(page: Page): Promise<Record<string, Uint8Array>> {
  return unzipSync(await downloaded(page, () => button(page, "Download as zip").click()));
}

const answerOf = (demo: Page) => demo.locator(".turn.assistant p");
async function askDemo(demo: Page): Promise<string> {
  await button(demo, "Load the model").click({ timeout: SLOW });
  await demo.getByRole("button", { name: QUESTION }).click({ timeout: SLOW });
  await expect(button(demo, "New conversation")).toBeVisible({ timeout: SLOW });
  return (await answerOf(demo).textContent()) ?? "";
}

let hub: FakeAccount;
test.beforeAll(async () => {
  hub = await startFakeAccount("ann");
});
test.afterAll(() => hub.close());

test("a demo page answers as the trainer did, from a sub-folder and without a network", async ({
  page,
  context,
  seen,
}) => {
  test.setTimeout(600_000);
  const expected = await trained(page);
  expect(expected).not.toBe("");
  await fillIn(page);
  await button(page, "Make the page").click();
  await expect(listed(page)).toContainText("adapter/adapter_model.safetensors", { timeout: SLOW });
  const shown = await listed(page).locator("code").allTextContents();
  const files = await downloadPage(page);
  expect(Object.keys(files).sort(), "what is listed is what is there").toEqual(shown.sort());
  const text = (name: string): string => new TextDecoder().decode(files[name]);
  expect(text("README.md")).toMatch(/^---\ntitle: "Ann’s shapes"\nsdk: static\n/);
  expect(JSON.parse(text("demo.json"))).toMatchObject({
    title: "Ann’s shapes",
    examples: [{ question: QUESTION, pictures: ["examples/1-1.webp"] }],
    licences: ["My adapter: CC BY 4.0.", expect.stringContaining("MIT")],
  });

  const site = await serveFiles((at) =>
    at.startsWith(FOLDER) ? files[at.slice(FOLDER.length) || "index.html"] : undefined,
  );
  const demo = await context.newPage();
  await test.step("it answers in the words of the trainer’s chat", async () => {
    await demo.goto(`${site.url}${FOLDER}`);
    await expect(demo.getByRole("heading", { level: 1, name: "Ann’s shapes" })).toBeVisible();
    await expect(demo.getByText("My adapter: CC BY 4.0.")).toBeVisible();
    await expect(demo.getByRole("button", { name: /train/i })).toHaveCount(0);
    const { violations } = await new AxeBuilder({ page: demo }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await askDemo(demo)).toBe(expected);
    expect(site.asked.filter((asked) => !asked.startsWith(FOLDER))).toEqual([]);
  });

  await test.step("a second question goes on, on a screen as small as a phone’s", async () => {
    await demo.setViewportSize({ width: 360, height: 640 });
    await demo.getByRole("textbox", { name: "Your question" }).fill("And what colour is it?");
    await button(demo, "Ask").click();
    await expect(answerOf(demo)).toHaveCount(2);
    await expect(button(demo, "New conversation")).toBeVisible({ timeout: SLOW });
    expect(await demo.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });

  await test.step("and without a network, after that one visit", async () => {
    await expect(demo.getByText("This page works without a network now.")).toBeVisible({ timeout: SLOW });
    site.down = true;
    await context.setOffline(true);
    await demo.reload();
    expect(await askDemo(demo)).toBe(expected);
    await context.setOffline(false);
  });
  expect(seen.errors).toEqual([]);
  site.close();
});

/** The demo model as a hub gives it, to everybody or to who has a token. */
async function fromHub(page: Page, endpoint: string, token?: string): Promise<void> {
  await chooseHubModel(page, "someone/demo");
  await panel(page, "Model").getByText("Hub settings").click();
  await page.getByLabel("Hub address").fill(endpoint);
  if (token) await page.getByLabel("Access token").fill(token);
  await button(page, "Load model").click();
  await page.getByRole("button", { name: /^Download \d/ }).click();
  await waitForStatus(page, "Model", "someone/demo is ready");
}

test("of a model from the hub the page names it, and each visitor's browser fetches and keeps it", {
  tag: "@long",
}, async ({ page, context, seen }) => {
  test.setTimeout(600_000);
  const models = await startFakeHub({ name: "someone/demo", files: demoModelFiles() });
  const expected = await trained(page, () => fromHub(page, models.endpoint));
  await fillIn(page);
  await button(page, "Make the page").click();
  await expect(listed(page)).toContainText("adapter/adapter_model.safetensors", { timeout: SLOW });
  const files = await downloadPage(page);
  expect(Object.keys(files).filter((name) => name.startsWith("model/"))).toEqual([]);
  expect(JSON.parse(new TextDecoder().decode(files["demo.json"]))).toMatchObject({
    base: { name: "someone/demo", revision: COMMIT, endpoint: models.endpoint },
  });

  const site = await serveFiles((at) => files[at.slice(1) || "index.html"]);
  const demo = await context.newPage();
  await demo.goto(site.url);
  models.sent = 0;
  await expect(demo.getByText(/\d+(\.\d+)? MB/).first()).toBeVisible({ timeout: SLOW });
  // Configuration and header alone.
  expect(models.sent, "bytes before somebody presses").toBeLessThan(1.5e6);
  expect(await askDemo(demo)).toBe(expected);
  expect(models.sent).toBeGreaterThan(5e6);
  models.sent = 0;
  await demo.reload();
  expect(await askDemo(demo)).toBe(expected);
  expect(models.sent, "bytes of the second visit").toBeLessThan(1.5e6);
  expect(seen.errors).toEqual([]);
  site.close();
  await models.close();
});

test("who may read a gated model gives a token of their own, which is kept nowhere", { tag: "@long" }, async ({
  page,
  browser,
}) => {
  test.setTimeout(600_000);
  const models = await startFakeHub({ name: "someone/demo", files: demoModelFiles(), token: TOKEN, gated: true });
  const expected = await trained(page, () => fromHub(page, models.endpoint, TOKEN));
  await fillIn(page);
  await button(page, "Make the page").click();
  await expect(listed(page)).toContainText("adapter/adapter_model.safetensors", { timeout: SLOW });
  await expect(runs(page)).toContainText("the page asks each visitor for an access token of their own");
  const files = await downloadPage(page);
  const written = Object.values(files).map((bytes) => Buffer.from(bytes).toString("latin1"));
  expect(written.filter((text) => text.includes(TOKEN))).toEqual([]);

  const site = await serveFiles((at) => files[at.slice(1) || "index.html"]);
  const context = await browser.newContext({ serviceWorkers: "allow" });
  const demo = await context.newPage();
  const addresses: string[] = [];
  const bearers = new Set<string>();
  context.on("request", (request) => {
    addresses.push(request.url());
    if (request.headers().authorization) bearers.add(new URL(request.url()).origin);
  });
  const token = demo.getByLabel("Access token");
  const region = demo.getByRole("region", { name: "The hub asks who you are" });
  const give = button(demo, "Go on with this token");

  await test.step("the hub asks, and the page says what it wants and where it goes", async () => {
    await demo.goto(site.url);
    await expect(region).toContainText("It gives someone/demo only to accounts that may read it", { timeout: SLOW });
    await expect(region.getByRole("link")).toHaveAttribute("href", `${models.endpoint}/someone/demo`);
    await expect(region).toContainText(`It is sent to ${models.endpoint} only`);
    await expect(button(demo, "Load the model")).toHaveCount(0);
    await expect(give).toHaveAttribute("aria-disabled", "true");
    await token.fill("hf_…");
    await expect(give).toHaveAttribute("aria-disabled", "true");
    const { violations } = await new AxeBuilder({ page: demo }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
  await test.step("an account that was not let in", async () => {
    await token.fill("hf_another");
    await token.press("Enter");
    await expect(region.getByRole("alert")).toContainText("does not give someone/demo for this token", {
      timeout: SLOW,
    });
  });
  await test.step("one that was", async () => {
    await token.fill(TOKEN);
    await give.click();
    await expect(demo.getByText(/\d+(\.\d+)? MB/).first()).toBeVisible({ timeout: SLOW });
    await expect(region).toHaveCount(0);
  });
  await test.step("whose token ends before the weights are here", async () => {
    models.fault = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    await button(demo, "Load the model").click();
    await expect(region.getByRole("alert")).toContainText("is not valid", { timeout: SLOW });
    models.fault = undefined;
    await token.fill(TOKEN);
    await give.click();
    await demo.getByRole("button", { name: QUESTION }).click({ timeout: SLOW });
    await expect(button(demo, "New conversation")).toBeVisible({ timeout: SLOW });
    expect(await answerOf(demo).textContent()).toBe(expected);
  });
  await test.step("the token went to the hub and nowhere else", async () => {
    const all = await kept(demo);
    expect(all, "what is searched has what is kept").toContain("someone/demo");
    expect([all, demo.url(), ...addresses].filter((text) => text.includes(TOKEN))).toEqual([]);
    expect([...bearers]).toEqual([models.endpoint]);
  });
  await test.step("a second visit needs none: the model is here", async () => {
    await demo.reload();
    expect(await askDemo(demo)).toBe(expected);
  });
  await context.close();
  await test.step("a German visitor is asked in German", async () => {
    const german = await browser.newContext({ locale: "de-DE" });
    const seite = await german.newPage();
    await seite.goto(site.url);
    await expect(seite.getByRole("region", { name: "Der Hub fragt, wer Sie sind" })).toContainText(
      "Es geht nur an http",
      { timeout: SLOW },
    );
    await expect(seite.getByLabel("Zugriffstoken")).toBeVisible();
    await german.close();
  });
  site.close();
  await models.close();
});

test("a demo page goes to the hub as a Space, whole or not at all", { tag: "@long" }, async ({ page }) => {
  test.setTimeout(400_000);
  await trained(page);
  const space = runs(page).getByRole("textbox", { name: "Name of the Space" });
  const push = button(page, "Push as a Space");
  const alert = alertIn(page, "Runs");
  const fill = async (): Promise<void> => {
    await runs(page).getByRole("textbox", { name: "Title" }).fill("Ann’s shapes");
    await button(page, "Make the page").click();
    await expect(listed(page)).toBeVisible({ timeout: SLOW });
  };
  await panel(page, "Model").getByText("Hub settings").click();
  await page.getByLabel("Hub address").fill(`${hub.endpoint}/`);
  await page.getByLabel("OAuth client id").fill("an-app");

  await test.step("nobody is signed in", async () => {
    await fill();
    await expect(push).toHaveAttribute("aria-disabled", "true");
    await space.fill("ann/shapes");
    await push.click();
    await expect(alert).toContainText("needs to know who you are");
  });
  await button(page, "Sign in to the hub").click();
  await expect(runs(page)).toContainText("Signed in as ann", { timeout: SLOW });
  await loadDemo(page);
  await fill();
  await space.fill("ann/shapes");

  await test.step("a push that fails leaves nothing there", async () => {
    hub.refusesCommits = 400;
    await push.click();
    await expect(alert).toContainText("ann/shapes could not be pushed");
    expect([...hub.made.keys()]).toEqual([]);
    hub.refusesCommits = 0;
  });
  await test.step("it is there, with all that was listed", async () => {
    const shown = await listed(page).locator("code").allTextContents();
    await push.click();
    await expect(runs(page).getByRole("link", { name: `${hub.endpoint}/spaces/ann/shapes` })).toBeVisible();
    expect(hub.made.get("spaces/ann/shapes")).toBe("public");
    expect([...hub.pushed.keys()].sort()).toEqual(shown.map((name) => `spaces/ann/shapes/${name}`).sort());
  });
  await test.step("a name that is taken is left as it is", async () => {
    const before = new Map(hub.pushed);
    await push.click();
    await expect(alert).toContainText("There is a Space ann/shapes already");
    expect(hub.pushed).toEqual(before);
    expect(hub.made.has("spaces/ann/shapes")).toBe(true);
  });
});
