import { expect, test } from "vitest";
import { refuseLfsPointer } from "./lfs-pointer.ts";
import { readerOfBytes } from "./range-reader.ts";

const reader = (text: string) => readerOfBytes(new TextEncoder().encode(text));
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d7a".repeat(16)}\nsize 4990120\n`;

test("a pointer is named, with the size of its file", async () => {
  await expect(refuseLfsPointer(reader(pointer), "tokenizer.json")).rejects.toMatchObject({
    code: "missing-file",
    message: `tokenizer.json is a Git LFS pointer of ${pointer.length} bytes, not the file itself, which has 4990120 bytes.`,
    remedy: expect.stringContaining("git lfs pull"),
  });
});

test.each([
  ["an empty file", ""],
  ["a small file", "{}"],
  ["a file that speaks of pointers", `# ${pointer}`],
  ["a file that is too long for one", pointer.padEnd(1024)],
])("%s is none", async (_, text) => {
  await refuseLfsPointer(reader(text), "x");
});
