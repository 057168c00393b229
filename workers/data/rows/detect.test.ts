import { expect, test } from "vitest";
import { classFileRank } from "../boxes/class-names.ts";
import { archiveKind, isJunk, isTable, planSources, READ_EXTENSIONS, sniff } from "./detect.ts";
import { blobEntry, type Entry } from "./entry.ts";
import { splitOf } from "./folders.ts";

function entries(paths: string[], archive?: Entry["archive"]): Entry[] {
  return paths.map((path) => blobEntry(path, new Blob(), archive));
}

const planOf = (paths: string[]) => {
  const { sources, notes } = planSources(entries(paths));
  return {
    read: sources.map((source) => (isTable(source) ? source.entry.path : source.format)),
    aside: notes.map((note) => note.split(/: | the pictures/)[0]!.replace(" is left aside", "")),
  };
};

test.each<[string, string[], string[], string[]]>([
  [
    "metadata rules out other tables",
    ["train.parquet", "metadata.jsonl", "1.jpg"],
    ["metadata.jsonl"],
    ["train.parquet"],
  ],
  [
    "one metadata file a folder",
    ["b/metadata.csv", "a/metadata.jsonl", "a/metadata.csv"],
    ["a/metadata.jsonl", "b/metadata.csv"],
    ["a/metadata.csv"],
  ],
  [
    "held-out splits",
    ["train-0.parquet", "train-1.parquet", "test-0.parquet", "validation.jsonl"],
    ["train-0.parquet", "train-1.parquet"],
    ["validation.jsonl", "test-0.parquet"],
  ],
  [
    "held-out folders",
    ["val/metadata.jsonl", "train/metadata.jsonl"],
    ["train/metadata.jsonl"],
    ["val/metadata.jsonl"],
  ],
  ["a held-out split alone is read", ["test.jsonl"], ["test.jsonl"], []],
  [
    "one table in two formats",
    ["x.parquet", "x.csv", "x.jsonl", "y.csv"],
    ["x.jsonl", "y.csv"],
    ["2 files are left aside (x.csv, x.parquet)"],
  ],
  ["files of a repository", ["dataset_info.json", "config.json", "README.md", "a.json"], ["a.json"], []],
  ["a table beats captions", ["a.jpg", "a.txt", "b.txt", "x.jsonl"], ["x.jsonl"], ["a.txt"]],
  ["JSON beside pictures of its name", ["a.jpg", "a.json", "b.jpg", "b.json"], ["sidecar"], []],
  ["kinds that are not read", ["a.csv", "b.arrow", "c.xlsx"], ["a.csv"], ["2 files are left aside (b.arrow, c.xlsx)"]],
  ["captions", ["a.jpg", "a.txt"], ["sidecar"], []],
  [
    "texts without a picture",
    ["a.jpg", "a.txt", "b.txt", "README.txt"],
    ["sidecar"],
    ["1 text (b.txt) belongs to no picture and is not read."],
  ],
  ["statistics of a download", ["0.parquet", "0_stats.json"], ["0.parquet"], ["0_stats.json"]],
  ["texts in a folder beside", ["images/a.jpg", "captions/a.txt"], ["sidecar"], ["1 text in captions is read for"]],
  [
    "texts in folders of splits",
    ["train/images/a.jpg", "train/labels/a.txt", "val/images/a.jpg", "val/labels/a.txt"],
    ["sidecar"],
    ["1 picture with a text in val/images", "1 text in train/labels is read for"],
  ],
  [
    "JSON in a folder beside",
    ["images/a.jpg", "annotations/a.json", "annotations/b.json"],
    ["annotations/b.json"],
    ["annotations/a.json"],
  ],
  [
    "texts and JSON in folders beside",
    ["images/a.jpg", "captions/a.txt", "annotations/a.json"],
    ["sidecar"],
    ["2 texts in annotations, captions are read for"],
  ],
  ["texts of one name for two pictures", ["images/a.jpg", "photos/a.jpg", "texts/a.txt"], [], []],
  ["a text in a folder of another kind", ["images/a.jpg", "licences/a.txt"], [], []],
  ["names with two extensions", ["a.jpg", "a.jpg.txt"], ["sidecar"], []],
  [
    "captions of held-out folders",
    ["train/a.jpg", "train/a.txt", "test/b.jpg", "test/b.txt", "val/c.jpg", "val/c.txt"],
    ["sidecar"],
    ["1 picture with a text in val", "1 picture with a text in test"],
  ],
  ["captions of a held-out folder alone", ["test/a.jpg", "test/a.txt"], ["sidecar"], []],
  ["a picture's own name is no split", ["train/a.jpg", "train/a.txt", "x/test.jpg", "x/test.txt"], ["sidecar"], []],
  [
    "folders of classes",
    ["train/cats/1.jpg", "train/dogs/1.jpg", "test/cats/2.jpg"],
    ["folders"],
    [
      "1 picture in test/cats",
      "No picture has a text, so the 2 folders in which they lie are taken as classes, and a folder's name is the answer (cats",
    ],
  ],
  [
    "folders of classes with repeats",
    ["2_cat/1.jpg", "5_sks dog/1.jpg"],
    ["folders"],
    [
      "No picture has a text, so the 2 folders in which they lie are taken as classes, and a folder's name without the number in front is the answer (cat",
    ],
  ],
  ["folders that are no classes", ["images/1.jpg", "cats/1.jpg"], [], []],
  ["splits are no classes", ["train/1.jpg", "test/1.jpg", "other/1.jpg"], [], []],
  ["shards are no classes", ["00000/1.jpg", "00001/1.jpg"], [], []],
  ["classes beside texts of an unknown kind", ["cats/1.jpg", "dogs/1.jpg", "notes/x.txt"], [], []],
  [
    "classes with their licence",
    ["cats/1.jpg", "dogs/1.jpg", "LICENSE.txt", "classes.txt"],
    ["folders"],
    [
      "No picture has a text, so the 2 folders in which they lie are taken as classes, and a folder's name is the answer (cats",
    ],
  ],
  ["one folder is no class", ["cats/1.jpg", "cats/2.jpg"], [], []],
  ["folders of several levels", ["cats/1.jpg", "set/dogs/1.jpg"], [], []],
  ["texts of other names", ["a.jpg", "b.txt", "LICENSE.txt"], [], []],
])("%s", (_, paths, read, aside) => {
  expect(planOf(paths)).toEqual({ read, aside });
  expect(planOf(paths.toReversed()).read).toEqual(read);
});

test("each tar is its own source, in its own order; held-out shards are left aside", () => {
  const shard = (path: string) =>
    entries([`${path}/b.jpg`, `${path}/b.txt`, `${path}/a.jpg`, `${path}/a.txt`], { path, kind: "tar" });
  const plan = planSources([...shard("train-1.tar"), ...shard("test-0.tar"), ...shard("train-0.tar")]);
  expect(plan.sources.map((source) => !isTable(source) && [source.path, source.entries[0]?.path])).toEqual([
    ["train-0.tar", "train-0.tar/b.jpg"],
    ["train-1.tar", "train-1.tar/b.jpg"],
  ]);
  expect(plan.notes).toEqual([
    expect.stringMatching(/^2 pictures with a text in test-0\.tar are left aside: held-out splits .* drop it without/),
  ]);
  const many = planOf(["train.json", ...Array.from({ length: 9 }, (_, i) => `test-${i}.json`)]);
  expect(many.aside).toEqual([
    "9 files are left aside (test-0.json, test-1.json, test-2.json, test-3.json, test-4.json and 4 more)",
  ]);
});

test.each<[string, ReturnType<typeof splitOf>]>([
  ["train-00000-of-00020.parquet", "train"],
  ["data/TRAIN/x.jsonl", "train"],
  ["train/test.jsonl", "test"],
  ["llava_val.json", "validation"],
  ["trainer.json", undefined],
  ["contest.json", undefined],
])("split of %s is %s", (path, split) => {
  expect(splitOf(path)).toBe(split);
});

test.each<[string, ReturnType<typeof archiveKind>]>([
  ["a.ZIP", "zip"],
  ["a.tar", "tar"],
  ["a.tar.gz", "tar.gz"],
  ["a.TGZ", "tar.gz"],
  ["a.jsonl.zst", "unsupported"],
  ["a.jpg", undefined],
])("archive %s is %s", (path, kind) => {
  expect(archiveKind(path)).toBe(kind);
});

test("junk", () => {
  expect(["__MACOSX/a.jpg", "d/.DS_Store", "d/Thumbs.db", "a.jpg"].map(isJunk)).toEqual([true, true, true, false]);
});

test.each<[string, string]>([
  ["PK\u0003\u0004rest", "zip"],
  ["PAR1", "parquet"],
  [`${"x".repeat(257)}ustar`, "tar"],
  ["\n [", "json"],
  ["hello", ""],
])("sniff", (head, expected) => {
  expect(sniff(new TextEncoder().encode(head))).toBe(expected);
});

test("a dialog offers every kind of file that is read", () => {
  for (const extension of READ_EXTENSIONS) {
    const beside = /^(txt|caption|cap|json|xml)$/.test(extension) ? "a.png" : "a.txt";
    const kind = archiveKind(`a.${extension}`);
    const read = kind ? kind !== "unsupported" : planSources(entries([`a.${extension}`, beside])).sources.length > 0;
    // No rows, but the names of their classes.
    const names = classFileRank(`a.${extension}`) !== undefined;
    expect([extension, read || names]).toEqual([extension, true]);
  }
  for (const name of ["tsv", "ndjson", "caption", "cap", "tgz", "avif"]) expect(READ_EXTENSIONS).toContain(name);
});
