import { describe, expect, test } from "vitest";
import { convertedConfigs, ownConfigs, rowsOnCard } from "./parts.ts";
import { globPattern, splitsByName } from "./patterns.ts";

describe("splits by names of files and folders", () => {
  test.each<[string, string[], Record<string, string[]>]>([
    [
      "as push_to_hub writes them, whatever lies beside",
      [
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "data/test_mini-00000-of-00001-ab12.parquet",
        "x/test.parquet",
      ],
      {
        train: ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        test_mini: ["data/test_mini-00000-of-00001-ab12.parquet"],
      },
    ],
    [
      "words in names of files",
      ["my_train_file_00.parquet", "val.parquet", "other.parquet", "pretraining.parquet"],
      { train: ["my_train_file_00.parquet"], validation: ["val.parquet"] },
    ],
    [
      "words in names of folders",
      ["a/training/0.parquet", "a/dev-set/0.parquet", "a/eval/0.parquet"],
      { train: ["a/training/0.parquet"], validation: ["a/dev-set/0.parquet"], test: ["a/eval/0.parquet"] },
    ],
    ["folders before files", ["test/train.parquet", "x/val.parquet"], { test: ["test/train.parquet"] }],
    ["no word at all", ["0000.parquet", "contest.parquet"], { train: ["0000.parquet", "contest.parquet"] }],
    ["nothing", [], {}],
  ])("%s", (_, paths, splits) => {
    expect(Object.fromEntries(splitsByName(paths))).toEqual(splits);
  });
});

test.each<[string, string[], string[]]>([
  ["data/train-*", ["data/train-00000-of-00001.parquet"], ["data/sub/train-1.parquet", "xdata/train-1"]],
  ["./en/**", ["en/a.parquet", "en/b/c.parquet"], ["fr/en/a.parquet"]],
  ["**/test?.parquet", ["test1.parquet", "a/b/testX.parquet"], ["test.parquet", "a/test/1.parquet"]],
  ["a[0-9].p(q)", ["a7.p(q)"], ["ab.p(q)", "a7.pq"]],
  ["a[!0-9]+", ["ab+"], ["a7+", "abb"]],
])("the glob %s", (glob, fits, others) => {
  expect(fits.filter((path) => !globPattern(glob).test(path))).toEqual([]);
  expect(others.filter((path) => globPattern(glob).test(path))).toEqual([]);
});

const files = (...names: string[]) => names.map((name) => ({ name, size: 1 }));
const shown = (configs: ReturnType<typeof ownConfigs>) =>
  configs.map(({ name, isDefault, splits }) => [
    isDefault ? `${name} (default)` : name,
    Object.fromEntries([...splits].map(([split, found]) => [split, found.map((file) => file.name)])),
  ]);

describe("configurations", () => {
  const all = files(
    "en/b.parquet",
    "en/a.parquet",
    "fr/test.parquet",
    "fr/train.parquet",
    "README.md",
    ".cache/x.parquet",
    "__old/x.parquet",
  );

  test.each<[string, unknown, unknown]>([
    [
      "patterns for each split, as push_to_hub writes them",
      [
        {
          config_name: "en",
          default: true,
          data_files: [
            { split: "train", path: "en/*" },
            { split: "none", path: ["x/*"] },
          ],
        },
      ],
      [["en (default)", { train: ["en/a.parquet", "en/b.parquet"] }]],
    ],
    [
      "one pattern, a list, a mapping",
      [
        { config_name: "one", data_files: "en/a.parquet" },
        { config_name: "two", data_files: ["en/a.parquet", "fr/train.parquet"] },
        { config_name: "three", data_files: { test: "fr/test.parquet" } },
      ],
      [
        ["one", { train: ["en/a.parquet"] }],
        ["two", { train: ["en/a.parquet", "fr/train.parquet"] }],
        ["three", { test: ["fr/test.parquet"] }],
      ],
    ],
    [
      "a folder alone, and one in front of patterns",
      [
        { config_name: "fr", data_dir: "fr" },
        { config_name: "en", data_dir: "./en/", data_files: "b*" },
        { config_name: "json", data_files: "x.jsonl" },
      ],
      [
        ["fr", { test: ["fr/test.parquet"], train: ["fr/train.parquet"] }],
        ["en", { train: ["en/b.parquet"] }],
        ["json", {}],
      ],
    ],
  ])("of a card: %s", (_, configs, expected) => {
    expect(shown(ownConfigs(all, { configs }))).toEqual(expected);
  });

  test("without a card: a folder each where push_to_hub wrote them, else one", () => {
    const sharded = files(
      "en/train-00000-of-00001.parquet",
      "fr/train-00000-of-00001.parquet",
      "fr/test-00000-of-00001.parquet",
    );
    expect(shown(ownConfigs(sharded, {}))).toEqual([
      ["en", { train: ["en/train-00000-of-00001.parquet"] }],
      ["fr", { train: ["fr/train-00000-of-00001.parquet"], test: ["fr/test-00000-of-00001.parquet"] }],
    ]);
    expect(shown(ownConfigs(all, {}))).toEqual([
      ["default", { test: ["fr/test.parquet"], train: ["fr/train.parquet"] }],
    ]);
  });

  test("of the hub's conversion", () => {
    const found = convertedConfigs(
      files("default/train/0001.parquet", "default/train/0000.parquet", "big/partial-train/0000.parquet", "README.md"),
    );
    expect(shown(found)).toEqual([
      ["big", { train: ["big/partial-train/0000.parquet"] }],
      ["default", { train: ["default/train/0000.parquet", "default/train/0001.parquet"] }],
    ]);
    expect(found.map(({ partial }) => [...partial])).toEqual([["train"], []]);
  });
});

test("rows as a card counts them", () => {
  const one = { splits: [{ name: "train", num_examples: 259_155 }] };
  expect(rowsOnCard({ dataset_info: one }, "default", "train")).toBe(259_155);
  expect(rowsOnCard({ dataset_info: one }, "default", "test")).toBeUndefined();
  expect(rowsOnCard({ dataset_info: [{ config_name: "en", ...one }] }, "en", "train")).toBe(259_155);
  expect(rowsOnCard({ dataset_info: [{ config_name: "en", ...one }] }, "fr", "train")).toBeUndefined();
  for (const broken of [3, "x", [[]], { splits: [{ name: "train", num_examples: "many" }] }])
    expect(rowsOnCard({ dataset_info: broken }, "default", "train")).toBeUndefined();
});
