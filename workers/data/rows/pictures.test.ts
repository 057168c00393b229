import { expect, test } from "vitest";
import { blobEntry } from "./entry.ts";
import { defaultLimits } from "./limits.ts";
import { imageRef, pictureIndex } from "./pictures.ts";
import { RowProblem } from "./problem.ts";

const index = (...paths: string[]) => pictureIndex(paths.map((path) => blobEntry(path, new Blob(["x"]))));

test.each<[string, string, string, string[], string | undefined]>([
  ["as written, from the table's folder", "a.jpg", "d", ["a.jpg", "d/a.jpg"], "d/a.jpg"],
  ["as written, from the root", "x/a.jpg", "d", ["x/a.jpg", "y/a.jpg"], "x/a.jpg"],
  ["./ in front", "./a.jpg", "", ["a.jpg"], "a.jpg"],
  ["../ out of the table's folder", "../i/a.jpg", "d", ["i/a.jpg", "d/i/b.jpg"], "i/a.jpg"],
  ["backslashes", "i\\a.jpg", "", ["i/a.jpg", "j/a.jpg"], "i/a.jpg"],
  ["exact before case", "A.jpg", "", ["a.jpg", "A.jpg"], "A.jpg"],
  ["without regard to case", "I/A.JPG", "", ["i/a.jpg", "j/a.jpg"], "i/a.jpg"],
  ["one of two that differ in case only", "A.JPG", "", ["a.jpg", "a.Jpg"], undefined],
  ["composed and decomposed umlauts", "u\u0308.jpg", "", ["\u00fc.jpg"], "\u00fc.jpg"],
  ["the file's path ends so", "i/a.jpg", "", ["set.zip/i/a.jpg", "set.zip/j/a.jpg"], "set.zip/i/a.jpg"],
  ["an absolute path of another machine", "/home/me/set/i/a.jpg", "", ["i/a.jpg", "j/a.jpg"], "i/a.jpg"],
  ["file: address", "file:///home/me/i/a.jpg", "", ["i/a.jpg", "j/a.jpg"], "i/a.jpg"],
  ["the bare name", "coco/train/a.jpg", "", ["pics/a.jpg", "pics/b.jpg"], "pics/a.jpg"],
  ["the bare name twice", "coco/a.jpg", "", ["pics/a.jpg", "more/a.jpg"], undefined],
  ["the end of a name is not a path", "a.jpg", "", ["ba.jpg"], undefined],
  ["nothing", "a.jpg", "", [], undefined],
  ["a web address", "https://example.org/a.jpg", "", ["a.jpg"], undefined],
  ["names of Object.prototype", "__proto__", "", ["a.jpg"], undefined],
])("%s", (_, wanted, folder, paths, expected) => {
  const find = () => imageRef(wanted, folder, index(...paths), defaultLimits).path;
  if (expected === undefined) {
    expect(find).toThrow(RowProblem);
    expect(find).toThrow(expect.objectContaining({ reason: "missing-picture" }));
  } else expect(find()).toBe(expected);
});

test("counts what was found by name", () => {
  const some = index("p/a.jpg", "p/b.jpg");
  some.find("p/a.jpg", "");
  some.find("q/b.jpg", "");
  expect(some.foundByName()).toBe(1);
});

test("data: URIs", async () => {
  const read = (uri: string) => imageRef(uri, "", index(), defaultLimits);
  expect(await read("data:image/png;base64,AQID").bytes()).toEqual(new Uint8Array([1, 2, 3]));
  await expect(read("data:image/png;base64,%%%").bytes()).rejects.toMatchObject({ code: "bad-image" });
  expect(() => read("data:image/svg+xml,<svg>")).toThrow(expect.objectContaining({ reason: "broken-picture" }));
});
