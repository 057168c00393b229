/** What a demo page is made of: every file known by its hash, and nothing that cannot be shown. */
import { createHash } from "node:crypto";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { parseDemo } from "../../workers/vlm/demo-file.ts";
import { type DemoRequest, demoFiles, MOST_PICTURE_BYTES, zipOf } from "./demo-files.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const SITE: Record<string, string> = {
  "demo-page/files.json": '["index.html","assets/demo-a1.js","sw.js"]',
  "demo-page/index.html": "<html>",
  "demo-page/assets/demo-a1.js": "chat()",
  "demo-page/sw.js": "keep(PAGE_VERSION)",
  "demo/files.json": '{"model":[{"name":"config.json","bytes":2}],"data":[]}',
  "demo/model/config.json": "{}",
};
const picture = (bytes: number): File => new File([new Uint8Array(bytes)], "A Mug.JPG", { type: "image/jpeg" });

const request = (changes: Partial<DemoRequest> = {}): DemoRequest => ({
  title: 'Ann’s "shapes"',
  base: { name: "owner/model", revision: "abc123", endpoint: "https://huggingface.co" },
  modelId: "id",
  loading: { load_in_4bit: true },
  adapterZip: new Blob([
    zipSync({
      "adapter_model.safetensors": text("weights"),
      "adapter_config.json": text("{}"),
      "README.md": text("# card"),
    }) as BlobPart,
  ]),
  examples: [{ question: " What is it? ", pictures: [picture(10)] }],
  licences: ["MIT", "  "],
  ownFile: async (path) => new Blob([SITE[path]!]),
  ...changes,
});

const demoOf = async (files: Map<string, Blob>) => parseDemo(JSON.parse(await files.get("demo.json")!.text()));

test("the page, the adapter, the examples and what to load", async () => {
  const files = await demoFiles(request());
  expect([...files.keys()].sort()).toEqual([
    "README.md",
    "adapter/README.md",
    "adapter/adapter_config.json",
    "adapter/adapter_model.safetensors",
    "assets/demo-a1.js",
    "demo.json",
    "examples/1-1.jpg",
    "index.html",
    "sw.js",
  ]);
  expect(await demoOf(files)).toMatchObject({
    base: { name: "owner/model", revision: "abc123" },
    model_id: "id",
    adapter: ["adapter/adapter_model.safetensors", "adapter/adapter_config.json"],
    examples: [{ question: "What is it?", pictures: ["examples/1-1.jpg"] }],
    licences: ["MIT"],
  });
  const card = await files.get("README.md")!.text();
  expect(card).toMatch(/^---\ntitle: "Ann’s \\"shapes\\""\nsdk: static\napp_file: index.html\n/);
  expect(card).toContain('models:\n- "owner/model"\n');
});

test("the service worker knows every file but itself and the card", async () => {
  const files = await demoFiles(request());
  const [, json] = /^const PAGE_VERSION = (.*);\nkeep\(PAGE_VERSION\)$/.exec(await files.get("sw.js")!.text())!;
  const { shell, onFetch, name } = JSON.parse(json!) as {
    shell: Record<string, [string, number]>;
    onFetch: object;
    name: string;
  };
  const others = [...files.keys()].filter((path) => !["sw.js", "README.md"].includes(path));
  expect(Object.keys(shell)).toEqual(others.sort());
  expect(onFetch).toEqual({});
  const bytes = await files.get("demo.json")!.bytes();
  expect(shell["demo.json"]).toEqual([createHash("sha256").update(bytes).digest("hex").slice(0, 16), bytes.length]);
  const changed = await demoFiles(request({ title: "Another" }));
  expect(await changed.get("sw.js")!.text()).not.toContain(name);
});

test("a small model goes inside", async () => {
  const files = await demoFiles(request({ base: "beside" }));
  expect(await demoOf(files)).toMatchObject({ base: { files: ["model/config.json"] } });
  expect(await files.get("model/config.json")!.text()).toBe("{}");
});

test("the same page is the same zip", async () => {
  const [one, two] = await Promise.all([1, 2].map(async () => (await zipOf(await demoFiles(request()))).bytes()));
  expect(one).toEqual(two);
});

test("what cannot be shown is refused with its name", async () => {
  const example = { question: "What?", pictures: [] };
  await expect(demoFiles(request({ title: " " }))).rejects.toThrow("no title");
  await expect(demoFiles(request({ examples: Array(7).fill(example) }))).rejects.toThrow("There are 7 examples");
  const large = [{ question: "What?", pictures: [picture(MOST_PICTURE_BYTES + 1e5)] }];
  await expect(demoFiles(request({ examples: large }))).rejects.toThrow("A Mug.JPG has 4.1 MB");
});

test.each([
  ["no schema", {}],
  ["a path that leads out", { adapter: ["../secrets"] }],
  ["a path from the root", { adapter: ["/etc/passwd"] }],
  ["an address", { adapter: ["https://evil.example/x"] }],
])("a demo.json with %s is refused", async (_, change) => {
  const good = await demoOf(await demoFiles(request()));
  const json = Object.keys(change).length > 0 ? { ...good, ...change } : {};
  expect(() => parseDemo(json)).toThrow("demo.json is not that of a demo page");
});
