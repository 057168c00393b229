import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeHub, type FakeRepo, startFakeHub } from "../testing/fake-hub.ts";
import { parquetOf } from "../testing/hub-data.ts";
import { errorOf, shell } from "../testing/shell.ts";

const model = "public/demo/model";
const picture = new Uint8Array(fs.readFileSync("public/demo/data/images/001.webp"));

let folder: string;
let repo: FakeRepo;
let hub: FakeHub;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "hub-data-"));
  const files = new Map([
    ["data/train-00000-of-00002.parquet", await parquetOf(120, { picture: () => picture })],
    ["data/train-00001-of-00002.parquet", await parquetOf(30, { from: 120, picture: () => picture })],
  ]);
  const cardData = { dataset_info: { splits: [{ name: "train", num_examples: 150 }] } };
  repo = { kind: "datasets", name: "someone/pictures", files, cardData };
  hub = await startFakeHub(repo);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("TABTUNE_CACHE", path.join(folder, "cache"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});
const told = (err: string[]): string[] => err.filter((line) => line.startsWith("note: "));

test("rows of a hub are those of its files dropped, and the second command fetches nothing", async () => {
  const drop = path.join(folder, "drop/data");
  fs.mkdirSync(drop, { recursive: true });
  for (const [name, bytes] of repo.files) fs.writeFileSync(path.join(folder, "drop", name), bytes);
  const dropped = await shell("rows", "--data", path.join(folder, "drop"));
  expect(dropped.out).toHaveLength(150);
  const read = await shell("rows", "--data", "hub:someone/pictures");
  expect(read.out).toEqual(dropped.out);
  const { sent } = hub;
  expect(sent).toBeGreaterThan(0);
  const report = path.join(folder, "report.json");
  const first = await shell(
    "rows",
    "--data",
    "hub:someone/pictures@main:default/train",
    "--rows",
    "110",
    "--report",
    report,
  );
  expect(first.out).toEqual(dropped.out.slice(0, 110));
  expect(hub.sent).toBe(sent);
  expect(told(first.err)).toEqual([
    expect.stringMatching(
      /^note: someone\/pictures at 0123456: 2 Parquet files, .*, 150 rows as its card counts them; the first 110 rows take about /,
    ),
    "note: The first 110 of 150 rows are read, as was asked.",
  ]);
  expect(JSON.parse(fs.readFileSync(report, "utf8")).notes).toEqual(told(first.err).map((line) => line.slice(6)));
  expect((await shell("rows", "--data", path.join(folder, "drop"), "--rows", "3")).out).toEqual(
    dropped.out.slice(0, 3),
  );
});

test("a private one is read with the token, by commands with a model too", async () => {
  repo.token = "secret";
  const given = [
    "--model",
    model,
    "--recipe",
    path.join(folder, "recipe.json"),
    "--data",
    "hub:someone/pictures",
    "--rows",
    "2",
  ];
  fs.writeFileSync(
    path.join(folder, "recipe.json"),
    JSON.stringify({ max_steps: 1, per_device_train_batch_size: 1, lora_r: 4 }),
  );
  const refused = await shell("tokenize", ...given);
  expect(refused.code).toBe(1);
  expect(errorOf(refused)).toMatchObject({
    code: "no-access",
    remedy: "Check the name, or enter an access token of your Hugging Face account in HF_TOKEN.",
  });
  vi.stubEnv("HF_TOKEN", "secret");
  expect((await shell("tokenize", ...given)).out.map((line) => JSON.parse(line).row)).toEqual([0, 1]);
  const [line] = (await shell("evaluate", ...given)).out;
  expect(JSON.parse(line!)).toMatchObject({ rows: 2, loss: expect.any(Number) });
});

test.each([
  [["hub:someone"], { code: "bad-argument", message: expect.stringContaining("is not the name of a data set") }],
  [["hub:someone/nothing"], { code: "missing-file" }],
  [
    ["hub:someone/pictures:default/test"],
    { code: "bad-argument", message: expect.stringContaining('no split "test"') },
  ],
  [["hub:someone/pictures", "--rows", "0"], { code: "bad-argument", message: '--rows is "0".' }],
])("%s is refused", async (args, expected) => {
  const said = await shell("rows", "--data", ...args);
  expect(said.out).toEqual([]);
  expect(errorOf(said)).toMatchObject(expected);
});
