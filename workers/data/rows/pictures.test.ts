import { expect, test } from "vitest";
import { blobEntry } from "./entry.ts";
import { defaultLimits } from "./limits.ts";
import { pictureIndex } from "./picture-index.ts";
import { imageRef } from "./pictures.ts";
import { RowProblem } from "./problem.ts";
import { recordToConversations } from "./record.ts";

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
  ["a name in another folder", "class1/001.jpg", "", ["class2/001.jpg", "class3/002.jpg"], undefined],
  ["a name in another folder, the only one", "cats/1.jpg", "", ["dogs/1.jpg"], undefined],
  ["a name in another folder of an archive", "cats/1.jpg", "", ["set.zip/dogs/1.jpg"], undefined],
  ["a name in a folder below the wanted one", "images/1.jpg", "", ["images/dogs/1.jpg"], undefined],
  ["the wanted folder is there without it", "masks/1.jpg", "", ["masks/2.jpg", "images/1.jpg"], undefined],
  ["the wanted folder is there without it, and a file in none", "cats/1.jpg", "", ["cats/2.jpg", "1.jpg"], undefined],
  ["a name without its folder", "cats/1.jpg", "", ["1.jpg"], "1.jpg"],
  ["a name without its folder, and another of it", "cats/1.jpg", "", ["1.jpg", "dogs/1.jpg"], undefined],
  ["a name beside the table", "images/1.jpg", "set", ["set/1.jpg"], "set/1.jpg"],
  ["a bare name in some folder", "1.jpg", "", ["dogs/1.jpg"], "dogs/1.jpg"],
  ["another extension", "d/1.jpg", "", ["d/1.png", "e/1.gif"], "d/1.png"],
  ["another extension, twice", "d/1.jpg", "", ["d/1.png", "d/1.gif"], undefined],
  ["another extension in another folder", "d/1.jpg", "", ["e/1.png"], undefined],
  ["no extension", "d/1.5", "", ["d/1.5.png", "d/1.png"], "d/1.5.png"],
  ["dots that are no extension", "22.05", "", ["22.png"], undefined],
  ["a text is no picture", "d/1.jpg", "", ["d/1.txt"], undefined],
  ["percent-encoding", "my%20dog%20%281%29.jpg", "", ["my dog (1).jpg"], "my dog (1).jpg"],
  ["percent-encoding of other letters", "%E7%BA%A2.jpg", "", ["\u7ea2.jpg"], "\u7ea2.jpg"],
  ["a name with percent signs", "100%25.jpg", "", ["100%.jpg", "100%25.jpg"], "100%25.jpg"],
  ["a percent sign that encodes nothing", "100%.jpg", "", ["100%.jpg"], "100%.jpg"],
  ["white space around", " a.jpg\t", "", ["a.jpg"], "a.jpg"],
  ["a web address that was downloaded", "https://x.org/i/a.jpg?s=2", "", ["i/a.jpg", "j/a.jpg"], "i/a.jpg"],
  ["a web address", "https://example.org/a.jpg", "", ["b.jpg"], undefined],
  ["names of Object.prototype", "__proto__", "", ["a.jpg"], undefined],
])("%s", (_, wanted, folder, paths, expected) => {
  const find = () => imageRef(wanted, folder, index(...paths), defaultLimits).path;
  if (expected === undefined) {
    expect(find).toThrow(RowProblem);
    expect(find).toThrow(expect.objectContaining({ reason: "missing-picture" }));
  } else expect(find()).toBe(expected);
});

test("says how files were found that are not where the rows say", () => {
  const some = index("p/a.jpg", "p/b c.jpg", "p/d.png", "images/e.jpg", "p/f.jpg");
  for (const wanted of ["p/a.jpg", "p/b%20c.jpg", "p/d.jpg", "q/e.jpg", "q/e.jpg", "/q/p/f.jpg", "/r/p/a.jpg"])
    some.find(wanted, "");
  expect(some.notes()).toEqual([
    "1 picture was found with the percent-encoding of its path undone (p/b c.jpg for p/b%20c.jpg).",
    "2 pictures were not under the paths that the rows name and found by the end of them (first: p/f.jpg for /q/p/f.jpg).",
    "1 picture was found under another extension than the rows name (p/d.png for p/d.jpg).",
    "1 picture was not under the path that the rows name and found by its name (images/e.jpg for q/e.jpg).",
  ]);
  expect(some.used()).toBe(5);
});

test.each<[string, string[], string, string[], boolean]>([
  ["a name that another row writes with another folder", ["1.jpg"], "cats/1.jpg", ["cats/1.jpg", "dogs/1.jpg"], false],
  ["an extension that another row writes out", ["1.png"], "1.jpg", ["1.jpg", "1.png"], false],
  [
    "one picture under a long and a short path",
    ["images/1.jpg"],
    "/a/coco/1.jpg",
    ["/a/coco/1.jpg", "coco/1.jpg"],
    true,
  ],
])("no guess against another row: %s", (_, files, wanted, claimed, there) => {
  const some = index(...files);
  expect(some.guesses(wanted, "")).toBe(true);
  for (const path of claimed) some.claim(path, "");
  const find = () => some.find(wanted, "");
  if (there) expect(find().path).toBe(files[0]);
  else expect(find).toThrow(/is meant by another row/);
});

test("data: URIs", async () => {
  const read = (uri: string) => imageRef(uri, "", index(), defaultLimits);
  expect(await read("data:image/png;base64,AQID").bytes()).toEqual(new Uint8Array([1, 2, 3]));
  await expect(read("data:image/png;base64,%%%").bytes()).rejects.toMatchObject({ code: "bad-image" });
  expect(() => read("data:image/svg+xml,<svg>")).toThrow(expect.objectContaining({ reason: "broken-picture" }));
});

const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 60 }, (_, i) => (i * 37 + 190) % 256)]);
const base64 = btoa(String.fromCharCode(...jpeg));
const urlSafe = base64.replaceAll("+", "-").replaceAll("/", "_");

test.each<[string, unknown]>([
  ["base64", base64],
  ["wrapped into lines", base64.replace(/.{20}/g, "$&\n")],
  ["url-safe, without padding", urlSafe.replace(/=+$/, "")],
  ["Python's repr of bytes", `b'${base64}'`],
  ["a data: URI", `data:image/jpeg;base64,${base64}`],
  ["a url-safe data: URI", `data:image/jpeg;base64,${urlSafe}`],
  ["a struct of base64, whatever its path", { bytes: base64, path: "1.png" }],
  ["a struct of a data: URI", { bytes: `data:image/png;base64,${base64}`, path: null }],
  ["a struct of numbers", { bytes: [...jpeg], path: "1.png" }],
  ["numbers", [...jpeg]],
  ["a list of one", [base64]],
])("a picture in the record: %s", async (_, image) => {
  const { pictures } = recordToConversations({ image, question: "Q", answer: "A" }).conversations[0]!;
  expect(pictures.length).toBe(1);
  expect(await imageRef(pictures[0]!, "", index("1.png"), defaultLimits).bytes()).toEqual(jpeg);
});

test.each<[string, unknown, string | undefined]>([
  ["a path beside bytes that are none", { bytes: null, path: "1.png" }, "1.png"],
  ["a path of base64 letters", "photos/abcdefghijklmnopqrstuvwxyz/abcdefghijklmnopqrstuvwxyz", undefined],
  ["a long text that is no picture", "QUJD".repeat(2000), undefined],
])("no picture in the record: %s", (_, image, path) => {
  const { pictures } = recordToConversations({ image, question: "Q", answer: "A" }).conversations[0]!;
  const read = () => imageRef(pictures[0]!, "", index("1.png"), defaultLimits);
  if (path) expect(read().path).toBe(path);
  else expect(read).toThrow(RowProblem);
});
