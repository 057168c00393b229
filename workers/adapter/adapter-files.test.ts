/** What is taken for an adapter, and what is said of one that is not whole. */
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { adapterIn } from "./adapter-files.ts";
import { mayBeAdapter, namesAdapter } from "./file-names.ts";

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const file = (path: string, bytes: Uint8Array = text(path)) => ({ path, blob: new Blob([bytes as BlobPart]) });
const both = (folder: string) => [file(`${folder}adapter_model.safetensors`), file(`${folder}adapter_config.json`)];
const zipOf = (paths: string[]): Uint8Array => zipSync(Object.fromEntries(paths.map((path) => [path, text(path)])));

test.each<[string, string[], boolean]>([
  ["the two files", ["adapter_model.safetensors", "adapter_config.json"], true],
  [
    "a run's folder with rows of a log",
    ["out/adapter_config.json", "out/adapter_model.safetensors", "out/steps.jsonl"],
    true,
  ],
  ["one of them", ["adapter_config.json"], true],
  ["pickled weights", ["a/adapter_model.bin"], true],
  ["a model's folder", ["m/config.json", "m/model.safetensors"], false],
  ["a model's folder with an adapter in it", ["m/config.json", "m/model.safetensors", "m/adapter_config.json"], false],
  ["data", ["train.jsonl", "images/1.png"], false],
])("%s", (_, paths, adapter) => {
  expect(namesAdapter(paths)).toBe(adapter);
});

test("a single zip may be one until its names are read", async () => {
  expect(mayBeAdapter(["set.zip"])).toBe(true);
  expect(mayBeAdapter(["set.zip", "more.zip"])).toBe(false);
  expect(await adapterIn([file("set.zip", zipOf(["metadata.jsonl", "1.png"]))], "")).toBeUndefined();
  // Whoever reads data tells what is wrong with it.
  expect(await adapterIn([file("set.zip", zipOf(["metadata.jsonl"]).subarray(0, 20))], "")).toBeUndefined();
});

test.each<[string, ReturnType<typeof file>[], string]>([
  ["files without a folder", both(""), "2 files"],
  ["a folder, with checkpoints in it", [...both("mine/"), ...both("mine/checkpoint-5/")], "mine"],
  ["a zip", [file("voice.zip", zipOf(["adapter_model.safetensors", "adapter_config.json"]))], "voice"],
  ["a zip with a folder in it", [file("voice.zip", zipOf(both("x/").map(({ path }) => path)))], "voice"],
])("%s", async (_, files, label) => {
  const found = (await adapterIn(files, "2 files"))!;
  expect(found.label).toBe(label);
  expect(found.config).toMatch(/^(mine\/|x\/)?adapter_config\.json$/);
  expect(new TextDecoder().decode(found.weights)).toBe(found.config.replace("config.json", "model.safetensors"));
});

test.each<[string, ReturnType<typeof file>[], RegExp, RegExp]>([
  ["one file", [file("adapter_model.safetensors")], /^adapter_config\.json is missing beside/, /both files/],
  ["the other", [file("a/adapter_config.json")], /^adapter_model\.safetensors is missing beside/, /both files/],
  ["two adapters", [...both("run-1/"), ...both("run-2/")], /There are 2 adapters: run-1, run-2/, /one of these/],
  [
    "a pickle",
    [file("adapter_model.bin"), file("adapter_config.json")],
    /adapter_model\.bin, a pickle: a program/,
    /safe_serialization=True/,
  ],
  [
    "a zip that was cut off",
    [file("voice.zip", zipOf(["adapter_model.safetensors", "adapter_config.json"]).subarray(0, 90))],
    /^voice\.zip is no whole zip/,
    /whole file/,
  ],
])("%s is refused", async (_, files, message, remedy) => {
  await expect(adapterIn(files, "")).rejects.toMatchObject({
    code: "bad-adapter",
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
});

test("an entry of a zip whose bytes are damaged is refused", async () => {
  const zip = zipSync({
    "adapter_model.safetensors": text("weights"),
    "adapter_config.json": [text("{...}"), { level: 0 }],
  });
  const at = Buffer.from(zip).indexOf("{...}");
  zip[at] = 0x21;
  await expect(adapterIn([file("a.zip", zip)], "")).rejects.toMatchObject({
    code: "bad-adapter",
    message: expect.stringContaining("a.zip/adapter_config.json cannot be"),
  });
});
