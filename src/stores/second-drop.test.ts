import { expect, test } from "vitest";
import type { DroppedFile, FilesSource } from "../../workers/protocol/dataset.ts";
import { labelOf } from "../parts/files.ts";
import { answered, mayBeCompleted, oneOfEach, secondDrop } from "./second-drop.ts";

const files = (...paths: string[]): DroppedFile[] => paths.map((path) => ({ path, blob: new Blob([path]) }));
const source = (...paths: string[]): FilesSource => ({
  kind: "files",
  label: labelOf(files(...paths)),
  files: files(...paths),
});
const asked = (before: FilesSource, wanting: boolean, ...paths: string[]) => {
  const { question, likely } = secondDrop(before, files(...paths), wanting) ?? {};
  return [question, likely];
};

test("pictures after a table, and a table after pictures, are probably the other half", () => {
  expect(asked(source("data.jsonl"), true, "photos/a.jpg", "photos/b.JPG")).toEqual([
    "You dropped photos (2 pictures). Are they for the rows of data.jsonl, or a new data set?",
    true,
  ]);
  expect(asked(source("photos/a.jpg", "photos/b.jpg"), true, "data.jsonl")).toEqual([
    "You dropped data.jsonl (1 table). Is it for the pictures of photos, or a new data set?",
    true,
  ]);
  expect(asked(source("a.jpg"), true, "a.txt", "notes.pdf")).toEqual([
    "You dropped 2 files (1 text, 1 other file). Are they for the pictures of a.jpg, or a new data set?",
    true,
  ]);
});

test("what can stand alone is probably a new data set, but where the files before it want something", () => {
  const whole = source("set/data.csv", "set/a.jpg");
  expect(asked(whole, false, "other/data.csv", "other/b.jpg")).toEqual([
    "You dropped other (1 picture, 1 table). Are they part of set, or a new data set?",
    false,
  ]);
  expect(asked(whole, false, "more.zip")).toEqual([
    "You dropped more.zip (1 archive). Is it part of set, or a new data set?",
    false,
  ]);
  expect(asked(whole, true, "more.zip")[1]).toBe(true);
  expect(asked(whole, false, "other.csv")[1]).toBe(false);
  expect(asked(whole, true, "other.csv")[1]).toBe(true);
  // The same table again, corrected.
  expect(asked(whole, false, "set/data.csv")[1]).toBe(true);
  expect(asked(source("data.csv"), false, "other.csv")[1]).toBe(false);
});

test("nothing is asked of files that no data set is made of", () => {
  expect(secondDrop(source("data.csv"), files("form.pdf", "config.json", ".DS_Store", "README.txt"), true)).toBe(
    undefined,
  );
});

test("a long label is cut in the question", () => {
  const { question } = secondDrop(source(`${"metadata-".repeat(12)}.jsonl`), files("a.png"), true)!;
  expect(question).toContain("metadata-metadata-metadata-metadata-meta…");
  expect(question.length).toBeLessThan(150);
});

test("failed drops that a second may complete: those without rows, and pictures that no row names", () => {
  expect(mayBeCompleted(files("a.jpg"), "no-rows")).toBe(true);
  expect(mayBeCompleted(files("data.csv"), "no-rows")).toBe(true);
  expect(mayBeCompleted(files("photos.zip"), "no-rows")).toBe(true);
  expect(mayBeCompleted(files("form.pdf"), "no-rows")).toBe(false);
  expect(mayBeCompleted(files("a.jpg", "data.csv"), "bad-dataset")).toBe(true);
  expect(mayBeCompleted(files("broken.zip"), "bad-dataset")).toBe(false);
  expect(mayBeCompleted(files("data.csv", "a.jpg"), "worker-died")).toBe(false);
});

test("of a path that comes twice the last file is read, and it is told whether it is the same", async () => {
  const file = (path: string, text: string): DroppedFile => ({ path, blob: new Blob([text]) });
  const long = "x".repeat(2 ** 21 + 5);
  const once = [file("a.jpg", "A"), file("b.jpg", "B"), file("c.jpg", long), file("d.csv", "old")];
  const again = [file("a.jpg", "A"), file("d.csv", "new"), file("c.jpg", `${long.slice(1)}y`), file("e.jpg", "E")];
  const { files: both, notes } = await oneOfEach([...once, ...again]);
  const texts = await Promise.all(both.map(async ({ path, blob }) => [path, (await blob.text()).slice(-3)]));
  expect(texts).toEqual([
    ["a.jpg", "A"],
    ["b.jpg", "B"],
    ["c.jpg", "xxy"],
    ["d.csv", "new"],
    ["e.jpg", "E"],
  ]);
  expect(notes).toEqual([
    "1 file was dropped twice and is the same (a.jpg): taken once.",
    "2 files were dropped again with other content (d.csv, c.jpg): those that were dropped last are read.",
  ]);
  expect((await oneOfEach(once)).notes).toEqual([]);
});

test("a file that has gone since it was dropped is named", async () => {
  const gone = { path: "a.jpg", blob: new Blob(["A"]) };
  gone.blob.slice = () => {
    throw new DOMException("gone", "NotFoundError");
  };
  await expect(oneOfEach([gone, ...files("b.jpg"), { ...gone, blob: new Blob(["B"]) }])).rejects.toMatchObject({
    code: "bad-dataset",
    message: expect.stringContaining("a.jpg can no longer be read"),
  });
});

test("the answer is one set of files, or the new files alone; what was told of earlier ones stays told", async () => {
  const before = { ...source("data.jsonl"), told: ["Told."] };
  const second = secondDrop(before, files("photos/a.jpg", "photos/b.jpg"), true)!;
  expect(await answered(second, true)).toMatchObject({
    label: "data.jsonl + photos",
    files: [{ path: "data.jsonl" }, { path: "photos/a.jpg" }, { path: "photos/b.jpg" }],
    told: ["Told."],
  });
  const again = secondDrop(before, files("data.jsonl"), true)!;
  expect((await answered(again, true)).label).toBe("data.jsonl");
  expect(await answered(second, false)).toMatchObject({ label: "photos", files: second.dropped, told: [] });
});
