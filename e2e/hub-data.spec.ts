/** A data set of the hub: asked about, read by ranges after a yes, kept, trained on, deleted. */
import fs from "node:fs";
import { type FakeHub, startFakeHub } from "../workers/testing/fake-hub.ts";
import { parquetOf } from "../workers/testing/hub-data.ts";
import {
  alertIn,
  button,
  expect,
  loadDemo,
  panel,
  setRecipe,
  shortRecipe,
  statusOf,
  test,
  waitForEnd,
  waitForStatus,
} from "./fixtures.ts";

const picture = new Uint8Array(fs.readFileSync("public/demo/data/images/001.webp"));
const seed = "HuggingFaceH4/llava-instruct-mix-vsft";

let hub: FakeHub;
test.beforeAll(async () => {
  const files = new Map([
    ["data/train-00000-of-00002.parquet", await parquetOf(120, { picture: () => picture })],
    ["data/train-00001-of-00002.parquet", await parquetOf(30, { from: 120, picture: () => picture })],
    ["data/test-00000-of-00001.parquet", await parquetOf(10, { from: 150, picture: () => picture })],
  ]);
  const cardData = { license: "cc0-1.0", dataset_info: { splits: [{ name: "train", num_examples: 150 }] } };
  const own = { kind: "datasets", name: "someone/pictures", files, cardData, token: "secret" } as const;
  const published = { dataset_info: { splits: [{ name: "train", num_examples: 259_155 }] } };
  hub = await startFakeHub(own, { kind: "datasets", name: seed, files, cardData: published });
});
test.afterAll(() => hub.close());

test("a data set of the hub", async ({ page }) => {
  await page.goto("/");
  await loadDemo(page);
  const data = panel(page, "Data");
  const offer = page.getByRole("region", { name: "From the hub" });

  await test.step("a name that is none, and a hub that wants to know who asks", async () => {
    await data.getByLabel("Data set of the hub").fill("pictures");
    await button(page, "Look it up").click();
    await expect(alertIn(page, "Data")).toContainText("is not the name of a data set on the hub");
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Hub address").fill(hub.endpoint);
    await data.getByLabel("Data set of the hub").fill("someone/pictures");
    await button(page, "Look it up").click();
    await expect(alertIn(page, "Data")).toContainText("the data set is private");
  });

  await test.step("it tells what it costs, and no content moves before a yes", async () => {
    await page.getByLabel("Access token").fill("secret");
    await button(page, "Look it up").click();
    await expect(offer).toContainText("someone/pictures at 0123456: 150 rows in 2 Parquet files");
    await expect(offer).toContainText("Its split train is read, and not test.");
    await data.getByLabel("Rows of it").fill("no");
    await expect(data).toContainText('Must be a number, or "all".');
    await data.getByLabel("Rows of it").fill("3");
    await expect(offer.getByRole("button", { name: /^Read 3 rows \(about \d+ kB\)$/ })).toBeVisible();
    expect(hub.sent).toBe(0);
  });

  await test.step("the first rows are read and trained on", async () => {
    await offer.getByRole("button", { name: /^Read 3 rows/ }).click();
    await waitForStatus(page, "Data", "3 rows ready");
    const notes = page.getByRole("list", { name: "Notes on the data" });
    await expect(notes).toContainText("someone/pictures at 0123456: 2 Parquet files");
    await expect(notes).toContainText("The first 3 of 150 rows are read, as was asked.");
    await setRecipe(page, shortRecipe(1, 1));
    await button(page, "Start training").click();
    await waitForEnd(page, 1);
  });

  await test.step("after a reload nothing is fetched twice", async () => {
    const { sent } = hub;
    expect(sent).toBeGreaterThan(0);
    await page.reload();
    await loadDemo(page);
    await expect(statusOf(page, "Data")).toContainText("3 rows ready");
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Access token").fill("secret");
    await data.getByLabel("Data set of the hub").fill("someone/pictures");
    await data.getByLabel("Rows of it").fill("5");
    await button(page, "Look it up").click();
    await expect(offer).toContainText("are in this browser already");
    await offer.getByRole("button", { name: /^Read 5 rows/ }).click();
    await waitForStatus(page, "Data", "5 rows ready");
    expect(hub.sent).toBe(sent);
  });

  await test.step("what was fetched is in the list of what this browser keeps, and can be deleted", async () => {
    const storage = page.getByRole("region", { name: "Storage" });
    await storage.scrollIntoViewIfNeeded();
    const row = storage.getByRole("row", { name: /someone\/pictures as fetched from the hub/ });
    await expect(row).toContainText("at most 4 GB of such data are kept");
    page.once("dialog", (dialog) => dialog.accept());
    await row.getByRole("button", { name: /^Delete/ }).click();
    await expect(row).toHaveCount(0);
  });

  await test.step("the seed report's data set is one click beside its recipe", async () => {
    await panel(page, "Training").getByRole("combobox", { name: "Preset" }).selectOption("Seed report");
    await button(page, "Use its data set").click();
    await expect(offer).toContainText(`${seed} at 0123456: 259155 rows`);
    await expect(offer.getByRole("button", { name: /^Read 4000 rows/ })).toBeVisible();
    await button(page, "No, thank you").click();
    await expect(offer).toHaveCount(0);
  });
});
