import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeDirectory } from "./fs-directory.ts";

const root = await mkdtemp(path.join(tmpdir(), "tabtune-directory-"));
afterAll(() => rm(root, { recursive: true }));

test("missing folders are made, those that exist are kept", async () => {
  const deep = path.join(root, "a/b/c");
  await makeDirectory(deep);
  await makeDirectory(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test("a place that takes no folder is named in a sentence, and soon", async () => {
  await writeFile(path.join(root, "file"), "");
  await expect(makeDirectory(path.join(root, "file/below"))).rejects.toMatchObject({ code: "storage-full" });
  await expect(makeDirectory("/proc/tabtune/run")).rejects.toMatchObject({
    message: "The folder /proc/tabtune/run cannot be made.",
  });
});
