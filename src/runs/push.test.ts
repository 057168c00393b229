import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { type PushRequest, pushAdapter } from "./push.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const zip = new Blob([
  zipSync({
    "adapter_config.json": text("{}"),
    "README.md": text("# card"),
    "adapter_model.safetensors": text("weights"),
  }) as BlobPart,
]);

/** A hub that takes everything as ordinary files; `statuses` by the last part of a path. */
function hub(statuses: Record<string, number> = {}) {
  const asked: { path: string; body: string; token: string | null }[] = [];
  const fetchFile = (async (address: string | URL, options?: RequestInit) => {
    const { pathname } = new URL(address);
    const body = options?.body instanceof Blob ? await options.body.text() : String(options?.body ?? "");
    asked.push({ path: pathname, body, token: new Headers(options?.headers).get("Authorization") });
    const status = Object.entries(statuses).find(([part]) => pathname.includes(part))?.[1] ?? 200;
    if (status !== 200) return Response.json({ error: "no" }, { status });
    if (pathname.includes("/preupload/")) {
      const { files } = JSON.parse(body) as { files: { path: string }[] };
      return Response.json({ files: files.map(({ path }) => ({ path, uploadMode: "regular", shouldIgnore: false })) });
    }
    return Response.json({ url: "https://hub.example/me/result", id: "1", commitOid: "abc", commitUrl: "u" });
  }) as typeof fetch;
  return { asked, fetchFile };
}
const request = (fetchFile: typeof fetch): PushRequest => ({
  repo: "me/result",
  token: "hf_secret",
  endpoint: "https://hub.example",
  visibility: "private",
  zip,
  title: "Adapter of step 5",
  fetchFile,
});

test("a private repository is made and gets the three files in one commit", async () => {
  const { asked, fetchFile } = hub();
  expect(await pushAdapter(request(fetchFile))).toBe("https://hub.example/me/result");
  expect(asked.every(({ token }) => token === "Bearer hf_secret")).toBe(true);
  expect(asked[0]!.path).toBe("/api/repos/create");
  expect(JSON.parse(asked[0]!.body)).toMatchObject({
    name: "result",
    organization: "me",
    visibility: "private",
    type: "model",
  });
  const commit = asked.at(-1)!;
  expect(commit.path).toBe("/api/models/me/result/commit/main");
  const lines = commit.body
    .split("\n")
    .map((line) => JSON.parse(line) as { key: string; value: Record<string, string> });
  expect(lines[0]).toMatchObject({ key: "header", value: { summary: "Adapter of step 5" } });
  const files = new Map(lines.slice(1).map(({ value }) => [value.path, atob(value.content!)]));
  expect(files).toEqual(
    new Map([
      ["adapter_config.json", "{}"],
      ["README.md", "# card"],
      ["adapter_model.safetensors", "weights"],
    ]),
  );
});

test("an address with a slash at its end is the same hub", async () => {
  const { asked, fetchFile } = hub();
  await pushAdapter({ ...request(fetchFile), endpoint: "https://hub.example/ " });
  expect(asked[0]!.path).toBe("/api/repos/create");
});

test("a repository that is there already gets a new commit", async () => {
  const { asked, fetchFile } = hub({ "/repos/create": 409 });
  await pushAdapter(request(fetchFile));
  expect(asked.at(-1)!.path).toContain("/commit/");
});

test.each([
  [{ "/repos/create": 403 }, "no-access", "does not let you write to me/result"],
  [{ "/repos/create": 401 }, "no-access", "does not know this token"],
  [{ "/commit/": 500 }, "network", "me/result could not be pushed"],
])("%j is told", async (statuses, code, words) => {
  const { fetchFile } = hub(statuses as unknown as Record<string, number>);
  await expect(pushAdapter(request(fetchFile))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words),
  });
});

test.each([
  [{ token: "" }, "needs to know who you are"],
  [{ token: "password" }, "needs to know who you are"],
  [{ repo: "result" }, "is no name for the hub"],
  [{ endpoint: "hub.example" }, "is not the address of a hub"],
])("%j asks nobody", async (changes, words) => {
  const { asked, fetchFile } = hub();
  await expect(pushAdapter({ ...request(fetchFile), ...changes })).rejects.toThrow(words);
  expect(asked).toEqual([]);
});
