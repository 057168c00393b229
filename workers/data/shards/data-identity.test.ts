import { expect, test } from "vitest";
import type { InputFile } from "../rows/read-rows.ts";
import type { RecordOptions } from "../rows/record.ts";
import { filesIdentity, preparedIdentity } from "./data-identity.ts";

const preparationId = "a tokenizer and a picture size";
const MiB = 2 ** 20;

const file = (bytes: Uint8Array, lastModified?: number, path = "train.json"): InputFile => ({
  path,
  blob: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  ...(lastModified === undefined ? {} : { lastModified }),
});
const idOf = (...files: InputFile[]): Promise<string> => filesIdentity(files);

/** `size` bytes, with one of them changed. */
function bytes(size: number, changed?: number): Uint8Array {
  const out = new Uint8Array(size).fill(32);
  if (changed !== undefined) out[changed] = 33;
  return out;
}

test.each([
  ["in the middle", 200_000, 100_000],
  ["in the second piece", 9 * MiB, 8 * MiB + 500_000],
  ["in a large file of unknown age", 33 * MiB, 20 * MiB + 12_345],
  ["at the very end of one", 33 * MiB, 33 * MiB - 1],
])("one byte that differs gives another id: %s", async (_, size, at) => {
  const before = await idOf(file(bytes(size)));
  expect(await idOf(file(bytes(size, at)))).not.toBe(before);
  expect(await idOf(file(bytes(size)))).toBe(before);
});

test("each file is named before it is looked at", async () => {
  const named: string[] = [];
  const files = ["b.txt", "a.txt"].map((path) => ({ path, blob: new Blob([path]) }));
  await filesIdentity(files, {}, undefined, (path) => named.push(path));
  expect(named).toEqual(["a.txt", "b.txt"]);
});

test("a large file is known by its time of change, and by samples from end to end", async () => {
  const size = 40 * MiB + 7;
  const before = await idOf(file(bytes(size), 1000));
  expect(await idOf(file(bytes(size), 1000))).toBe(before);
  expect(await idOf(file(bytes(size), 2000))).not.toBe(before);
  expect(await idOf(file(bytes(size, size - 1), 1000))).not.toBe(before);
  const dropped = {
    path: "train.json",
    blob: new File([bytes(size) as Uint8Array<ArrayBuffer>], "x", { lastModified: 1000 }),
  };
  expect(await idOf(dropped)).toBe(before);
});

test("a small file is known by its content, whenever it was written", async () => {
  expect(await idOf(file(bytes(100), 1000))).toBe(await idOf(file(bytes(100), 2000)));
});

test("the order of files does not matter, their names and what prepares them do", async () => {
  const [a, b] = [file(bytes(10), undefined, "a"), file(bytes(11), undefined, "b")];
  const before = await idOf(a, b);
  expect(await idOf(b, a)).toBe(before);
  expect(await idOf({ ...a, path: "c" }, b)).not.toBe(before);
  expect(await idOf(a)).not.toBe(before);
  expect(await preparedIdentity(before, "another")).not.toBe(await preparedIdentity(before, preparationId));
});

test("the same files read in another way are another data set; what was not said does not matter", async () => {
  const a = file(bytes(10), undefined, "a");
  const before = await idOf(a);
  const read = (reading: RecordOptions) => filesIdentity([a], reading);
  expect(await read({ mapping: {} })).toBe(before);
  const mapped = await read({ mapping: { images: "x", answer: "y" } });
  expect(mapped).not.toBe(before);
  expect(await read({ mapping: { answer: "y", images: "x" } })).toBe(mapped);
  expect(await read({ mapping: { images: "x", answer: "y" }, instruction: "Say it." })).not.toBe(mapped);
});
