import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseDataSet } from "../../hub/repo-name.ts";
import { COMMIT, CONVERTED, type FakeHub, type FakeRepo, startFakeHub } from "../../testing/fake-hub.ts";
import { lookUpDataSet } from "./look-up.ts";

const empty = (...names: string[]) => new Map(names.map((name) => [name, new Uint8Array(3)]));

let repo: FakeRepo;
let hub: FakeHub;
beforeEach(async () => {
  repo = { kind: "datasets", name: "someone/pictures", formerly: "someone/photos", files: new Map() };
  hub = await startFakeHub(repo, { name: "someone/model", files: empty("data/train.parquet") });
});
afterEach(() => hub.close());

const lookUp = (text: string, token = "") =>
  lookUpDataSet(parseDataSet(text), hub.endpoint, { what: "data set", fetchFile: fetch, token, retryDelaysMs: [1] });

test("one request tells commit, files and rows, and no byte of a file moves", async () => {
  repo.files = empty(
    "README.md",
    "data/train-00000-of-00002.parquet",
    "data/train-00001-of-00002.parquet",
    "data/test-00000-of-00001.parquet",
  );
  repo.cardData = { license: "cc", dataset_info: { splits: [{ name: "train", num_examples: 250 }] } };
  expect(await lookUp("someone/pictures")).toMatchObject({
    repo: "someone/pictures",
    commit: COMMIT,
    config: "default",
    split: "train",
    label: "someone/pictures",
    licence: "cc",
    files: [
      { name: "data/train-00000-of-00002.parquet", size: 3, sha256: expect.any(String) },
      { name: "data/train-00001-of-00002.parquet" },
    ],
    bytes: 6,
    rows: 250,
    notes: ["Its split train is read, and not test."],
  });
  expect([hub.listed, hub.asked]).toEqual([["/api/datasets/someone/pictures/revision/main"], []]);
  expect(await lookUp("someone/pictures:default/test")).toMatchObject({
    split: "test",
    label: "someone/pictures:default/test",
    bytes: 3,
  });
});

test("a renamed one is found, and that is said", async () => {
  repo.files = empty("a.parquet");
  expect(await lookUp("someone/photos")).toMatchObject({
    repo: "someone/pictures",
    label: "someone/pictures",
    notes: ["someone/photos is called someone/pictures at the hub."],
  });
});

describe("which part", () => {
  const configs = [
    { config_name: "en", data_files: "en/*" },
    {
      config_name: "fr",
      data_files: [
        { split: "dev", path: "fr/dev*" },
        { split: "test", path: "fr/test*" },
      ],
    },
    { config_name: "text", data_files: "text.jsonl" },
  ];
  beforeEach(() => {
    repo.files = empty("en/0.parquet", "fr/dev.parquet", "fr/test.parquet", "spare.parquet", "text.jsonl");
    repo.cardData = { configs };
  });

  test("must be said where nothing tells", async () => {
    await expect(lookUp("someone/pictures")).rejects.toMatchObject({
      code: "bad-argument",
      message: "someone/pictures has several configurations, and none is its default: en, fr.",
      remedy: "Write one of them behind the name, such as someone/pictures:en.",
    });
    await expect(lookUp("someone/pictures:fr")).rejects.toMatchObject({
      message: 'someone/pictures has no split "train", and several others: dev, test.',
      remedy: expect.stringContaining("someone/pictures:fr/dev"),
    });
  });

  test("that is not there is told with those that are", async () => {
    await expect(lookUp("someone/pictures:de")).rejects.toThrow('has no configuration "de"; it has: en, fr.');
    await expect(lookUp("someone/pictures:fr/train")).rejects.toThrow('has no split "train"; it has: dev, test.');
  });

  test("goes without saying where the card says it, and all that is left aside is told", async () => {
    repo.cardData = { configs: [configs[0], { ...configs[1], default: true }, configs[2]] };
    expect(await lookUp("someone/pictures@main:fr/dev")).toMatchObject({ files: [{ name: "fr/dev.parquet" }] });
    repo.cardData = { configs: [{ ...configs[0], default: true }, configs[1], configs[2]] };
    const { label, notes } = await lookUp("someone/pictures");
    expect(label).toBe("someone/pictures:en/train");
    expect(notes).toEqual([
      "Its configuration en is read, and not fr, text.",
      "1 Parquet file of it is in no split and not read.",
    ]);
  });
});

describe("without Parquet files", () => {
  test("the hub's conversion is read", async () => {
    repo.files = empty("data.zip");
    repo.converted = empty("default/train/0000.parquet", "default/partial-validation/0000.parquet");
    repo.cardData = { dataset_info: { splits: [{ name: "validation", num_examples: 9 }] } };
    const found = await lookUp("someone/pictures");
    expect(found).toMatchObject({ commit: CONVERTED, files: [{ name: "default/train/0000.parquet" }] });
    expect(found.notes[0]).toBe(
      "someone/pictures has no Parquet files of its own: those that the hub has made of it (refs/convert/parquet) are read.",
    );
    const part = await lookUp("someone/pictures:default/validation");
    // The card counts the rows of all of it.
    expect(part.rows).toBeUndefined();
    expect(part.notes).toContain("The hub has converted only the first part of its split validation.");
    expect(await lookUp("someone/pictures@refs/convert/parquet")).toMatchObject({ commit: CONVERTED, split: "train" });
  });

  test("and without a conversion, what is there is told", async () => {
    repo.files = empty("a.jpg", "b.jpg", "c.JPG", "train.json");
    await expect(lookUp("someone/pictures")).rejects.toMatchObject({
      code: "no-rows",
      message:
        "someone/pictures has no Parquet files: it has 3 .jpg files, 1 .json file, and the hub has not converted it.",
      remedy: expect.stringContaining("drop its files"),
    });
  });
});

describe("refusals are sentences", () => {
  test.each([
    [
      "someone/nothing",
      {
        code: "missing-file",
        message: "someone/nothing could not be downloaded: the hub has no such data set or file.",
      },
    ],
    // A model of that name is none.
    ["someone/model", { code: "missing-file" }],
    [
      "someone/pictures@v9",
      { code: "missing-file", message: expect.stringContaining("the data set has no such revision") },
    ],
  ])("%s", async (name, expected) => {
    await expect(lookUp(name)).rejects.toMatchObject(expected);
  });

  test("private and gated", async () => {
    repo.token = "secret";
    repo.files = empty("a.parquet");
    await expect(lookUp("someone/pictures")).rejects.toMatchObject({
      code: "no-access",
      message: expect.stringContaining("the data set is private"),
    });
    repo.gated = true;
    await expect(lookUp("someone/pictures")).rejects.toThrow("the data set is gated");
    await expect(lookUp("someone/pictures", "wrong")).rejects.toThrow("your account may not read this data set");
    expect((await lookUp("someone/pictures", "secret")).notes).toEqual([]);
  });

  test("a gated one whose listing is open is told before anything moves", async () => {
    repo.gated = true;
    repo.files = empty("a.parquet");
    expect((await lookUp("someone/pictures")).notes).toEqual([expect.stringMatching(/^It is gated: .* access token/)]);
    expect((await lookUp("someone/pictures", "mine")).notes).toEqual([]);
  });

  test("no network", async () => {
    await hub.close();
    await expect(lookUp("someone/pictures")).rejects.toMatchObject({
      code: "network",
      remedy: expect.stringContaining("read the data set again"),
    });
    hub = await startFakeHub(repo);
  });
});
