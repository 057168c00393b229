import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { filesFromDirectory } from "./fs-files.ts";
import { filesFromUrls } from "./http.ts";
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
      code: "not-a-llava-checkpoint",
      message: "bad.json in m is not valid JSON.",
    });
    await expect(files.readText("tokenizer.json")).rejects.toMatchObject({
      code: "missing-file",
      message: "tokenizer.json is missing in m.",
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

describe("files behind addresses", () => {
  const body = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
  type Answer = (range: string | null) => Response;
  /** A fetch that gives these answers in turn and writes down what was asked. */
  const server = (...answers: Answer[]) => {
    const asked: string[] = [];
    const fetchFile = (async (url: string, options?: { headers?: { Range?: string } }) => {
      const range = options?.headers?.Range ?? null;
      asked.push(`${url} ${range}`);
      const answer = answers[Math.min(asked.length, answers.length) - 1]!;
      return answer(range);
    }) as typeof fetch;
    return { asked, fetchFile };
  };
  // The pauses between attempts take no time here.
  beforeEach(() => {
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void) => queueMicrotask(done)) as never);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const networkFails: Answer = () => {
    throw new TypeError("Failed to fetch");
  };
  const whole: Answer = () => new Response(body);

  test("a small file is fetched once, with progress, and read in ranges", async () => {
    const { asked, fetchFile } = server(whole);
    const progress: string[] = [];
    const files = filesFromUrls(
      "/demo/model/",
      [{ name: "a b/model.safetensors", bytes: 1000 }],
      fetchFile,
      (name, bytes, total) => progress.push(`${name} ${bytes}/${total}`),
    );
    const reader = await files.open("a b/model.safetensors");
    expect(await reader.read(10, 13)).toEqual(Uint8Array.of(10, 11, 12));
    expect(asked).toEqual(["/demo/model/a%20b/model.safetensors null"]);
    expect(progress.at(-1)).toBe("a b/model.safetensors 1000/1000");
  });

  test("a network failure is tried again", async () => {
    const { asked, fetchFile } = server(networkFails, () => new Response("busy", { status: 503 }), whole);
    const reader = await filesFromUrls("/", [{ name: "x", bytes: 1000 }], fetchFile).open("x");
    expect([reader.size, asked.length]).toEqual([1000, 3]);
  });

  test.each<[string, Answer, string, number]>([
    ["a missing file", () => new Response("no", { status: 404 }), "status 404", 1],
    ["a page instead of the file", () => new Response("<!doctype html>"), "it has 15 instead of 1000 bytes", 1],
    ["a longer file", () => new Response(new Uint8Array(2000)), "more than the expected 1000 bytes", 1],
    ["a network that stays away", networkFails, "Failed to fetch", 3],
  ])("%s is named", async (_, answer, message, tries) => {
    const { asked, fetchFile } = server(answer);
    await expect(filesFromUrls("/", [{ name: "x", bytes: 1000 }], fetchFile).open("x")).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringMatching(new RegExp(`^x could not be downloaded: .*${message}`)),
    });
    expect(asked.length).toBe(tries);
  });

  const size = 100_000_000;
  const part =
    (changes: { status?: number; range?: string; etag?: string; bytes?: number } = {}): Answer =>
    (range) => {
      const [from, to] = range!.slice("bytes=".length).split("-").map(Number) as [number, number];
      return new Response(new Uint8Array(changes.bytes ?? to - from + 1).fill(5), {
        status: changes.status ?? 206,
        headers: { "Content-Range": changes.range ?? `bytes ${from}-${to}/${size}`, ETag: changes.etag ?? "1" },
      });
    };
  const open = (...answers: Answer[]) => {
    const { asked, fetchFile } = server(...answers);
    return { asked, reader: filesFromUrls("/", [{ name: "x", bytes: size }], fetchFile).open("x") };
  };

  test("a large file is read by range only", async () => {
    const { asked, reader } = open(part());
    expect(await (await reader).read(7, 9)).toEqual(Uint8Array.of(5, 5));
    expect(await (await reader).read(9, 9)).toEqual(new Uint8Array());
    expect(asked).toEqual(["/x bytes=7-8"]);
  });

  test.each<[string, Answer, string]>([
    ["the whole file", part({ status: 200 }), "did not send bytes 10 to 20"],
    ["another range", part({ range: `bytes 0-9/${size}` }), "did not send bytes 10 to 20"],
    ["a file of another size", part({ range: "bytes 10-19/77" }), "did not send bytes 10 to 20"],
    ["a changed file", part({ etag: "2" }), "it changed on the server"],
    ["too few bytes", part({ bytes: 9 }), "it has 9 instead of 10 bytes"],
    ["416", part({ status: 416 }), "status 416"],
  ])("%s in answer to a range is refused", async (_, answer, message) => {
    const { reader } = open(part(), answer);
    await (await reader).read(0, 10);
    await expect((await reader).read(10, 20)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });
});
