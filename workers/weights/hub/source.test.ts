import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { filesFromDirectory } from "./fs-files.ts";
import { filesFromBlobs } from "./source.ts";

const scratch = await mkdtemp(join(tmpdir(), "tabtune-hub-"));
afterAll(() => rm(scratch, { recursive: true }));
const blob = (text = "") => new Blob([text]);

describe("a dropped folder", () => {
  test.each([
    ["one root", ["llava/config.json", "llava/sub/x"], "llava", ["config.json", "sub/x"]],
    ["no root", ["config.json", "sub/x"], "the chosen folder", ["config.json", "sub/x"]],
    ["several shared folders", ["a/b/c.json", "a/b/d/e"], "b", ["c.json", "d/e"]],
    ["names that only begin alike", ["ab/x", "a/y"], "the chosen folder", ["a/y", "ab/x"]],
    ["hidden files", ["m/x", ".DS_Store", "m/.git/y", ".cache/z"], "m", ["x"]],
    ["a leading slash", ["/m/x", "/m/y"], "m", ["x", "y"]],
    ["nothing", [], "the chosen folder", []],
  ])("%s", (_, paths, label, names) => {
    const files = filesFromBlobs(paths.map((path) => ({ path, blob: blob() })));
    expect([files.label, files.names()]).toEqual([label, names]);
  });

  test("reads ranges, text and JSON", async () => {
    const files = filesFromBlobs([
      { path: "m/config.json", blob: blob('{"ä":1}') },
      { path: "m/bad.json", blob: blob("{") },
    ]);
    expect(await (await files.open("config.json")).read(0, 2)).toEqual(new TextEncoder().encode('{"'));
    expect(await files.readJson("config.json")).toEqual({ ä: 1 });
    await expect(files.readJson("bad.json")).rejects.toMatchObject({
      code: "not-a-checkpoint",
      message: "bad.json in m is not valid JSON.",
    });
    await expect(files.readText("tokenizer.json")).rejects.toMatchObject({
      code: "missing-file",
      message: "tokenizer.json is missing in m.",
    });
  });

  test("a Git LFS pointer is named", async () => {
    const files = filesFromBlobs([
      { path: "m/tokenizer.json", blob: blob(`version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n`) },
    ]);
    await expect(files.readJson("tokenizer.json")).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringMatching(/^tokenizer.json in m is a Git LFS pointer/),
    });
  });

  test("a file that changed since is named", async () => {
    const gone = Object.assign(blob("xx"), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) }),
    });
    const files = filesFromBlobs([{ path: "m/x", blob: gone as Blob }]);
    await expect(files.readText("x")).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringMatching(/^x can no longer/),
    });
  });
});

describe("a directory", () => {
  test("lists files through links, leaves hidden ones and dead links out", async () => {
    const directory = join(scratch, "snapshot");
    await mkdir(join(directory, "sub"), { recursive: true });
    await mkdir(join(directory, ".cache"));
    await writeFile(join(scratch, "blob"), "hello");
    await symlink(join(scratch, "blob"), join(directory, "model.safetensors"));
    await symlink(join(scratch, "nothing"), join(directory, "dead.json"));
    await writeFile(join(directory, "sub", "x"), "");
    await writeFile(join(directory, ".cache", "y"), "");
    const files = await filesFromDirectory(directory);
    expect([files.label, files.names()]).toEqual(["snapshot", ["model.safetensors", "sub/x"]]);
    const reader = await files.open("model.safetensors");
    expect([reader.size, await reader.read(1, 4)]).toEqual([5, new TextEncoder().encode("ell")]);
  });

  test("one that is not there is named", async () => {
    await expect(filesFromDirectory(join(scratch, "nowhere"))).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringContaining("nowhere"),
    });
  });
});
