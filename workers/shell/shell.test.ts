/** The page's files are kept whole by version, answered for without a network, and never those of another version. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FileFacts, Version } from "../protocol/shell.ts";
import { Shell } from "./shell.ts";

const ROOT = "https://example.org/tabtune/";

/** As much of a browser's cache as the shell uses. */
class FakeCache {
  readonly entries = new Map<string, Response>();
  full = false;
  async match(key: string, { ignoreSearch = false } = {}): Promise<Response | undefined> {
    const plain = (url: string): string => (ignoreSearch ? url.split("?")[0]! : url);
    const found = [...this.entries].find(([url]) => plain(url) === plain(key));
    return found?.[1].clone();
  }
  async put(key: string, response: Response): Promise<void> {
    if (this.full) throw new DOMException("Quota exceeded.", "QuotaExceededError");
    this.entries.set(key, response);
  }
  async keys(): Promise<{ url: string }[]> {
    return [...this.entries.keys()].map((url) => ({ url }));
  }
  async delete({ url }: { url: string }): Promise<boolean> {
    return this.entries.delete(url);
  }
}

type Files = Record<string, string>;
const facts = (files: Files): Record<string, FileFacts> =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      [createHash("sha256").update(text).digest("hex").slice(0, 16), text.length],
    ]),
  );
const versionOf = (name: string, shell: Files, onFetch: Files = {}): Version => ({
  name,
  shell: facts(shell),
  onFetch: facts(onFetch),
});

/** A site whose files may change, or go. */
function site(files: Files) {
  const fetched: string[] = [];
  const server = { files, down: false, fetched };
  const fetch = async (input: RequestInfo | URL): Promise<Response> => {
    if (server.down) throw new TypeError("Failed to fetch");
    const url = typeof input === "string" ? input : (input as Request).url;
    const path = url.slice(ROOT.length) || "index.html";
    fetched.push(path);
    const text = server.files[path];
    return text === undefined ? new Response("", { status: 404 }) : new Response(text);
  };
  return { server, fetch: fetch as typeof globalThis.fetch };
}

const asked = (path: string, more: Partial<Request> = {}): Request =>
  ({ method: "GET", url: `${ROOT}${path}`, mode: "cors", headers: new Headers(), ...more }) as Request;

/** A shell of a version, and what it answers. */
function shellOf(version: Version, cache: FakeCache, fetch: typeof globalThis.fetch) {
  const caches = { open: async () => cache as unknown as Cache };
  const shell = new Shell(version, ROOT, caches, fetch);
  const answer = async (path: string, more: Partial<Request> = {}): Promise<string | undefined> => {
    const behind: Promise<void>[] = [];
    const response = await shell.answer(asked(path, more), (work) => behind.push(work));
    await Promise.all(behind);
    return response?.text();
  };
  return { shell, answer };
}

const one = { "index.html": "page one", "assets/a-1.js": "a one", "assets/same.js": "same" };
const two = { "index.html": "page two", "assets/a-2.js": "a two", "assets/same.js": "same" };
const demo = { "demo/model.bin": "weights" };

describe("a version", () => {
  test("is kept whole, and answers without a network", async () => {
    const { server, fetch } = site({ ...one, ...demo });
    const { shell, answer } = shellOf(versionOf("1", one, demo), new FakeCache(), fetch);
    await shell.install();
    expect(server.fetched.sort()).toEqual(Object.keys(one).sort());
    server.down = true;
    expect(await answer("")).toBe("page one");
    expect(await answer("index.html")).toBe("page one");
    expect(await answer("?code=1&state=2", { mode: "navigate" }), "back from a sign-in").toBe("page one");
    expect(await answer("assets/a-1.js")).toBe("a one");
    await expect(answer("demo/model.bin"), "never fetched").rejects.toThrow("Failed to fetch");
    expect(await shell.kept()).toEqual({ version: "1", files: 3, bytes: 17 });
  });

  test("keeps other files once they were fetched, or asked to be kept", async () => {
    const { server, fetch } = site({ ...one, ...demo });
    const fetchedBefore = shellOf(versionOf("1", one, demo), new FakeCache(), fetch);
    expect(await fetchedBefore.answer("demo/model.bin")).toBe("weights");
    const askedFor = shellOf(versionOf("1", one, demo), new FakeCache(), fetch);
    await askedFor.shell.keep(["demo/"]);
    server.down = true;
    expect(await fetchedBefore.answer("demo/model.bin")).toBe("weights");
    expect(await askedFor.answer("demo/model.bin")).toBe("weights");
  });

  test("answers for nothing but the page's own files", async () => {
    const { fetch } = site(one);
    const { shell, answer } = shellOf(versionOf("1", one), new FakeCache(), fetch);
    await shell.install();
    expect(await answer("somewhere/else")).toBeUndefined();
    expect(await answer("assets/a-1.js?v=3")).toBeUndefined();
    expect(await answer("assets/a-1.js", { method: "HEAD" })).toBeUndefined();
    expect(await answer("assets/a-1.js", { headers: new Headers({ range: "bytes=0-3" }) })).toBeUndefined();
    const url = "https://huggingface.co/tabtune/assets/a-1.js";
    expect(await answer("", { url })).toBeUndefined();
    expect(await answer("", { url: "https://example.org/other/index.html" })).toBeUndefined();
  });

  test("whose files are not all there does not stand", async () => {
    const { fetch } = site({ ...two, "assets/a-2.js": "a three" });
    const half = shellOf(versionOf("2", two), new FakeCache(), fetch);
    await expect(half.shell.install()).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("assets/a-2.js"),
    });
    const gone = shellOf(versionOf("1", one), new FakeCache(), fetch);
    await expect(gone.shell.install()).rejects.toThrow("the server answers 404");
  });

  test("says when the browser has no room", async () => {
    const { fetch } = site({ ...one, ...demo });
    const cache = new FakeCache();
    cache.full = true;
    const { shell, answer } = shellOf(versionOf("1", one, demo), cache, fetch);
    await expect(shell.install()).rejects.toMatchObject({ code: "storage-full" });
    await expect(answer("demo/model.bin")).rejects.toMatchObject({ code: "storage-full" });
  });

  test("keeps no page of a newer version that is fetched in its place", async () => {
    const { server, fetch } = site(one);
    const { answer } = shellOf(versionOf("1", one), new FakeCache(), fetch);
    server.files = two;
    expect(await answer("")).toBe("page two");
    server.files = one;
    expect(await answer("")).toBe("page one");
  });
});

describe("a newer version", () => {
  test("fetches what changed only, and leaves the earlier one's files until they are swept", async () => {
    const { server, fetch } = site(one);
    const cache = new FakeCache();
    const earlier = shellOf(versionOf("1", one), cache, fetch);
    await earlier.shell.install();
    server.files = two;
    server.fetched.length = 0;
    const newer = shellOf(versionOf("2", two), cache, fetch);
    await newer.shell.install();
    expect(server.fetched.sort()).toEqual(["assets/a-2.js", "index.html"]);
    server.down = true;
    expect(await earlier.answer(""), "the earlier one still answers with its own").toBe("page one");
    expect(await newer.answer("")).toBe("page two");
    expect(await newer.answer("assets/a-1.js"), "asked for by a tab of the earlier one").toBe("a one");
    await newer.shell.sweep();
    expect(cache.entries.size).toBe(3);
    await expect(newer.answer("assets/a-1.js")).rejects.toThrow("Failed to fetch");
    expect(await newer.answer("assets/same.js")).toBe("same");
  });

  test("that cannot be kept leaves the earlier one whole", async () => {
    const { server, fetch } = site(one);
    const cache = new FakeCache();
    const earlier = shellOf(versionOf("1", one), cache, fetch);
    await earlier.shell.install();
    server.files = { ...two, "assets/a-2.js": "half written" };
    await expect(shellOf(versionOf("2", two), cache, fetch).shell.install()).rejects.toThrow();
    server.down = true;
    for (const [path, text] of Object.entries(one)) expect(await earlier.answer(path)).toBe(text);
  });
});
