/** `handover` as a shell would call it: the folder's files, the order of its rows, what is refused, and what a failure leaves behind. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { epochOrder } from "../data/batches/sampler.ts";
import { main } from "../headless.ts";
import { randperm } from "../random/mt19937.ts";
import { parseRecipe, toHuggingFace } from "../recipe.ts";
import { COMMIT, type FakeHub, startFakeHub } from "../testing/fake-hub.ts";
import { parquetOf } from "../testing/hub-data.ts";
import { keepVerdict } from "../testing/verdict.ts";

const golden = fileURLToPath(new URL("../testing/goldens/llava-mha/", import.meta.url));
let folder: string;
let out: string;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-handover-"));
  vi.stubEnv("XDG_CACHE_HOME", path.join(folder, "cache"));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  out = path.join(folder, task.id);
});

const small = { max_steps: 7, per_device_train_batch_size: 2, gradient_accumulation_steps: 2, lora_r: 4 };

/** Exit code, stdout, and the lines of stderr. */
async function handover(recipe: object, ...more: string[]): Promise<{ code: number; said: string[]; text: string }> {
  const recipeFile = path.join(folder, "recipe.json");
  fs.writeFileSync(recipeFile, JSON.stringify({ ...small, ...recipe }));
  const said: string[] = [];
  let text = "";
  const errors = vi.spyOn(process.stderr, "write").mockImplementation((line) => said.push(String(line)) > 0);
  const output = vi.spyOn(process.stdout, "write").mockImplementation((line) => {
    text += String(line);
    return true;
  });
  const given = (name: string, value: string) => (more.includes(name) ? [] : [name, value]);
  const code = await main([
    ...["handover", "--recipe", recipeFile],
    ...given("--model", `${golden}model`),
    ...given("--data", `${golden}data`),
    ...given("--out", out),
    ...more,
  ]);
  errors.mockRestore();
  output.mockRestore();
  return { code, said, text };
}

const read = (name: string): Buffer => fs.readFileSync(path.join(out, name));
const readJson = (name: string) => JSON.parse(read(name).toString("utf8"));
const rowsIn = async (name: string) => {
  const bytes = read(name);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  // Bytes of pictures are no texts.
  return parquetReadObjects({ file, utf8: false });
};
const orderIn = async () => (await rowsIn("data/order.parquet")).map(({ row }) => row);
/** Nothing of a hand-over that failed, whole or in part, is beside the recipe. */
const left = () => fs.readdirSync(folder).filter((name) => name.startsWith(path.basename(out)));

test("the folder has everything that the server needs, and the run's very recipe", async () => {
  const { code, said } = await handover({});
  expect([code, said]).toEqual([0, expect.any(Array)]);
  const names = fs.readdirSync(out, { recursive: true }).map(String).sort();
  for (const name of [
    "train.py",
    "rows.py",
    "recipe.json",
    "handover.json",
    "requirements.txt",
    "README.md",
    "slurm.sh",
  ])
    expect(names).toContain(name);
  for (const name of ["one-gpu", "several-gpus", "fsdp-qlora", "zero3"])
    expect(names).toContain(`accelerate/${name}.yaml`);
  expect(names).toContain("adapter/adapter_model.safetensors");
  expect(names).toContain("processor/chat_template.jinja");
  expect(names).not.toContain("optimizer.safetensors");
  expect(readJson("recipe.json")).toEqual(toHuggingFace(parseRecipe(small)));
  expect(readJson("notebook.ipynb").cells.length).toBeGreaterThan(3);
  expect(readJson("handover.json")).toMatchObject({
    ...{ rows: 12, held_out: 0, steps: 7, start: { step: 0, window: 0 } },
    model: { inside: true, class: "LlavaForConditionalGeneration", skip_modules: expect.arrayContaining(["lm_head"]) },
  });
  expect(readJson("adapter/adapter_config.json")).toMatchObject({ r: 4, lora_alpha: 16 });
});

test("rows come along with their pictures, in the order of the data", async () => {
  await handover({});
  const lines = fs.readFileSync(`${golden}data/metadata.jsonl`, "utf8").trim().split("\n");
  const rows = await rowsIn("data/train-00000.parquet");
  expect(rows.length).toBe(lines.length);
  rows.forEach((row, n) => {
    const { images, messages } = JSON.parse(lines[n]!);
    const bytes = row.images.map((image: { bytes: Uint8Array }) => Buffer.from(image.bytes));
    expect(bytes).toEqual(images.map((name: string) => fs.readFileSync(`${golden}data/${name}`)));
    expect(row.messages.length).toBe(messages.length);
  });
});

test("the order is torch's where the recipe says huggingface, epoch after epoch", async () => {
  await handover({ data_order: "huggingface", seed: 9 });
  expect(await orderIn()).toEqual([...randperm(12, 9), ...randperm(12, 10), ...randperm(12, 11).slice(0, 4)]);
});

test("the order is this engine's where rows are shuffled", async () => {
  await handover({});
  const options = { rows: 12, order: "shuffled", seed: 42, shardSizes: [12] } as const;
  expect(await orderIn()).toEqual([
    ...[...epochOrder(options, 0), ...epochOrder(options, 1)],
    ...epochOrder(options, 2).slice(0, 4),
  ]);
});

test("rows that are held out lie in a file of their own, and are not trained on", async () => {
  const { said } = await handover({ eval_strategy: "steps", eval_split: 0.5, eval_answers: 0 });
  const facts = readJson("handover.json");
  expect(facts.held_out).toBeGreaterThan(0);
  expect((await rowsIn("data/train-00000.parquet")).length).toBe(facts.rows);
  expect((await rowsIn("data/validation-00000.parquet")).length).toBe(facts.held_out);
  expect(facts.rows + facts.held_out).toBe(12);
  expect(said.join("")).toContain("held out");
});

test.each<[string, object, RegExp]>([
  ["dropout", { lora_dropout: 0.1 }, /lora_dropout 0.1: PEFT draws other masks/],
  ["answers", { eval_strategy: "steps", eval_split: 0.3 }, /eval_answers 6: no held-out rows are answered/],
])("told: %s", async (_, recipe, words) => {
  const { code, said } = await handover(recipe);
  expect(code).toBe(0);
  expect(said.join("")).toMatch(words);
  expect(read("README.md").toString()).toMatch(words);
});

test("the versions are those that the numbers of this repository were made with", () => {
  const pins = (file: string) =>
    fs
      .readFileSync(new URL(file, import.meta.url), "utf8")
      .split("\n")
      .filter((line) => /^[\w-]+==/.test(line));
  const ours = pins("../handover/python/requirements.txt");
  expect(ours.length).toBeGreaterThan(8);
  expect(pins("../../reference/requirements.txt")).toEqual(expect.arrayContaining(ours));
});

test.each<[string, object, string[], { code: string; message?: RegExp }]>([
  [
    "a metric of answers",
    { eval_strategy: "steps", load_best_model_at_end: true, metric_for_best_model: "exact_match" },
    [],
    { code: "bad-recipe", message: /exact_match/ },
  ],
  [
    "an order that is too long",
    { max_steps: 10_000_000, per_device_train_batch_size: 1024 },
    [],
    { code: "bad-recipe" },
  ],
  [
    "a model that is no name",
    {},
    ["--model", "no/such/model/here"],
    { code: "missing-file", message: /neither a folder/ },
  ],
  ["data that is not there", {}, ["--data", "/no/such/data"], { code: "missing-file" }],
  ["two beginnings", {}, ["--adapter", "a", "--run", "b"], { code: "bad-argument" }],
  ["a run that is not there", {}, ["--run", "/no/such/run"], { code: "bad-checkpoint" }],
  ["no number of processes", {}, ["--ranks", "1,x"], { code: "bad-argument", message: /--ranks is "x"/ }],
])("refused, with nothing left behind: %s", async (_, recipe, more, error) => {
  const { code, said } = await handover(recipe, ...more);
  expect(code).toBe(1);
  const told = JSON.parse(said.at(-1)!);
  expect(told.code).toBe(error.code);
  if (error.message) expect(told.message).toMatch(error.message);
  expect(told.remedy).not.toBe("");
  expect(left()).toEqual([]);
});

test("data without a row is refused, and nothing is left behind", async () => {
  const empty = path.join(folder, "empty.jsonl");
  fs.writeFileSync(empty, "\n");
  const { code, said } = await handover({}, "--data", empty);
  expect(code).toBe(1);
  expect(JSON.parse(said.at(-1)!).code).toBe("no-rows");
  expect(left()).toEqual([]);
});

test("a dry run tells how the rows lie on processes, and writes nothing", async () => {
  const { code, text } = await handover({}, "--dry-run", "--ranks", "1,8,64");
  expect(code).toBe(0);
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      ranks: 1,
      steps: 7,
      rows_per_step: 4,
      rows_per_rank: [4, 4],
      micro_batches: 2,
      micro_batch: 2,
      empty_places: 0,
      reduced_bytes: 0,
    },
    { ranks: 8, rows_per_rank: [0, 1], micro_batches: 1, micro_batch: 1, empty_places: 4 },
    { ranks: 64, rows_per_rank: [0, 1], empty_places: 60 },
  ]);
  expect(lines[2].reduced_bytes).toBeGreaterThan(lines[1].reduced_bytes);
  expect(left()).toEqual([]);
});

test("a folder that is not empty stays as it is", async () => {
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(out, "notes.txt"), "mine");
  const { code, said } = await handover({});
  expect([code, JSON.parse(said.at(-1)!).code]).toEqual([1, "bad-argument"]);
  expect(fs.readdirSync(out)).toEqual(["notes.txt"]);
});

test("a disk that is full in the middle leaves nothing half-written", async () => {
  // Whatever is written there finds no space.
  const data = path.join(`${out}.${process.pid}.part`, "data");
  fs.mkdirSync(data, { recursive: true });
  fs.symlinkSync("/dev/full", path.join(data, "train-00000.parquet"));
  const { code, said } = await handover({});
  expect([code, JSON.parse(said.at(-1)!).code]).toEqual([1, "storage-full"]);
  expect(left()).toEqual([]);
});

test("a run that was stopped goes on with its step, its place in the data and its moments; one that has ended does not", async () => {
  await keepVerdict(`${golden}model`);
  const recipe = { ...small, load_in_4bit: false, save_steps: 1, max_steps: 4 };
  const file = path.join(folder, "run.json");
  fs.writeFileSync(file, JSON.stringify(recipe));
  const run = path.join(folder, "run");
  const files = ["--model", `${golden}model`, "--data", `${golden}data`, "--recipe", file];
  const quiet = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  expect(await main(["train", ...files, "--out", run, "--steps", "2", "--dump"])).toBe(0);
  quiet.mockRestore();
  const { code, said } = await handover(recipe, "--run", run);
  expect([code, said.at(-1)]).toEqual([0, said.at(-1)]);
  expect(readJson("handover.json")).toMatchObject({ steps: 4, start: { step: 2, window: 2 } });
  expect(
    read("adapter/adapter_model.safetensors").equals(fs.readFileSync(path.join(run, "adapter_model.safetensors"))),
  ).toBe(true);
  expect(read("optimizer.safetensors").equals(fs.readFileSync(path.join(run, "optimizer.safetensors")))).toBe(true);
  fs.rmSync(out, { recursive: true });
  const other = await handover({ ...recipe, learning_rate: 1 }, "--run", run);
  expect([other.code, left()]).toEqual([1, []]);
  const ended = await handover({ ...recipe, max_steps: 2 }, "--run", run);
  expect([ended.code, left()]).toEqual([1, []]);
});

test("a model by its name is fetched by the server, at the very commit; here its weights stay where they are", async () => {
  const names = fs.readdirSync(`${golden}model`);
  const files = new Map(names.map((name) => [name, new Uint8Array(fs.readFileSync(`${golden}model/${name}`))]));
  const hub = await startFakeHub({ name: "someone/model", files });
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("TABTUNE_CACHE", path.join(folder, "hub-cache"));
  const { code, said } = await handover({}, "--model", "someone/model");
  const nothing = await handover({}, "--model", "someone/other", "--out", `${out}-2`);
  await hub.close();
  vi.stubEnv("HF_ENDPOINT", "");
  vi.stubEnv("TABTUNE_CACHE", undefined);
  expect([code, said.join("")]).toEqual([0, expect.stringContaining("someone/model is looked up at")]);
  expect(readJson("handover.json").model).toMatchObject({ name: "someone/model", revision: COMMIT, inside: false });
  expect(fs.existsSync(path.join(out, "model"))).toBe(false);
  expect(read("README.md").toString()).toContain(`\`someone/model\`, commit \`${COMMIT}\``);
  expect(read("README.md").toString()).not.toContain("--model");
  expect([nothing.code, JSON.parse(nothing.said.at(-1)!).code]).toEqual([1, "missing-file"]);
  expect(fs.existsSync(`${out}-2`)).toBe(false);
});

describe("pictures that stay in a data set of the hub", () => {
  let hub: FakeHub;
  beforeAll(async () => {
    const names = fs.readdirSync(`${golden}data/images`).sort();
    const picture = (n: number) => fs.readFileSync(`${golden}data/images/${names[n % names.length]}`);
    const files = new Map([
      ["data/train-00000-of-00002.parquet", await parquetOf(5, { picture })],
      ["data/train-00001-of-00002.parquet", await parquetOf(7, { from: 5, picture })],
    ]);
    hub = await startFakeHub({ name: "someone/pictures", kind: "datasets", files });
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  });
  afterAll(async () => {
    await hub.close();
    vi.stubEnv("HF_ENDPOINT", "");
  });
  const data = ["--data", "hub:someone/pictures"];

  test("texts come along, of each picture its place, and what is downloaded is told", async () => {
    const { code, said } = await handover(
      { eval_strategy: "steps", eval_split: 0.3, eval_answers: 0 },
      ...data,
      "--pictures-by-name",
    );
    expect([code, said]).toEqual([0, expect.any(Array)]);
    const { data: named, rows: trained, held_out } = readJson("handover.json");
    expect(held_out).toBeGreaterThan(0);
    expect(named.pictures).toEqual({
      ...{ endpoint: hub.endpoint, repo: "someone/pictures", commit: COMMIT },
      files: ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
      train: "data/pictures-of-train.parquet",
      validation: "data/pictures-of-validation.parquet",
    });
    const rows = await rowsIn("data/train-00000.parquet");
    const places = await rowsIn("data/pictures-of-train.parquet");
    expect([rows.length, places.length]).toEqual([trained, trained]);
    for (const [n, row] of rows.entries()) {
      expect(row.images).toEqual([]);
      const question = Number(/question (\d+)/.exec(row.messages[0].content.at(-1).text)![1]);
      const second = question >= 5;
      expect(places[n]).toMatchObject({ row: n, file: second ? 1 : 0, group: 0, at: question - (second ? 5 : 0) });
      expect(JSON.parse(places[n]!.keys)).toEqual(["images", 0, "bytes"]);
    }
    const words =
      /train.py downloads 2 files of someone\/pictures at commit 0123456\w+ \(\d+ bytes\) once on each machine/;
    expect(said.join("")).toMatch(words);
    expect(read("README.md").toString()).toMatch(words);
  });

  test("without the option they come along", async () => {
    await handover({}, ...data);
    expect(readJson("handover.json").data).toEqual({ train: "data/train-*.parquet" });
    expect((await rowsIn("data/train-00000.parquet"))[0]!.images[0].bytes.length).toBeGreaterThan(100);
  });

  test("files of this disk have no name to go by", async () => {
    const { code, said } = await handover({}, "--pictures-by-name");
    expect(code).toBe(1);
    expect(JSON.parse(said.at(-1)!)).toMatchObject({
      code: "bad-argument",
      message: expect.stringContaining("these files have no name there"),
    });
    expect(left()).toEqual([]);
  });
});
