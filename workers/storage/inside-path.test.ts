import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { isInside } from "./inside-path.ts";
import { zipped } from "./zip.ts";

test.each([
  "model.safetensors",
  "model/model-00001-of-00002.safetensors",
  ".gitattributes",
  "data/train-0.parquet",
  "Ünïcode 写真.png",
  "console.log",
])("%s is a file in a folder", (path) => {
  expect(isInside(path)).toBe(true);
});

const LEADS_OUT = [
  ["a folder up", "../x"],
  ["a folder up, further in", "a/../../x"],
  ["the folder itself", "."],
  ["no name", ""],
  ["an absolute path", "/etc/passwd"],
  ["a drive", "C:x"],
  ["a share", "\\\\host\\x"],
  ["a folder up on Windows", "..\\x"],
  ["an empty part", "a//b"],
  ["a folder", "a/"],
  ["NUL", "a\u0000.txt"],
  ["a line break", "a\nb"],
  ["a device", "nul"],
  ["a device with an ending", "COM1.safetensors"],
  ["a stream", "a.txt:b"],
  ["a dot at the end", "a."],
  ["a space at the end", "a "],
  ["an endless name", "x".repeat(2000)],
] as const;

test.each(LEADS_OUT)("%s is none", (_, path) => {
  expect(isInside(path)).toBe(false);
});

test("a zip has no such entry: it is refused as a whole", async () => {
  for (const [, path] of LEADS_OUT) {
    const refused = expect.objectContaining({ code: "bad-argument" });
    await expect(zipped([{ path, data: "x" }], "")).rejects.toEqual(refused);
  }
  const whole = await zipped([{ path: "a/b.txt", data: "x" }], "");
  expect(Object.keys(unzipSync(new Uint8Array(await whole.arrayBuffer())))).toEqual(["a/b.txt"]);
});
