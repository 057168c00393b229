import { expect, test } from "vitest";
import { modelFolder } from "./model-folder.ts";
import { filesFromBlobs } from "./source.ts";

/** The files of a chosen folder, with their texts. */
const chosen = (folder: string, files: Record<string, string>) =>
  filesFromBlobs(Object.entries(files).map(([name, text]) => ({ path: `${folder}/${name}`, blob: new Blob([text]) })));
const model = (folder: string) => ({ [`${folder}/config.json`]: "{}", [`${folder}/model.safetensors`]: "" });
const cache = "models--llava-hf--llava-1.5-7b-hf";

test.each<[string, string, Record<string, string>, [label: string, note: unknown]]>([
  ["the model's own folder", "m", { "config.json": "{}", ...model("checkpoint-5") }, ["m", undefined]],
  [
    "the snapshot that refs/main names",
    cache,
    { "refs/main": "abc\n", ...model("snapshots/abc"), ...model("snapshots/def"), "blobs/0": "" },
    [
      "llava-hf/llava-1.5-7b-hf",
      `${cache} is a folder of the hub's cache: snapshots/abc is read, the one that refs/main names.`,
    ],
  ],
  [
    "the only snapshot",
    "model",
    { "refs/main": "abc", ...model("snapshots/def") },
    ["model", expect.stringContaining("snapshots/def is read, the only one with a model.")],
  ],
  [
    "a folder one level down",
    "downloads",
    { "README.md": "", ...model("llava") },
    ["llava", "downloads has no config.json itself: the model in its folder llava is read."],
  ],
  [
    "a folder two levels down",
    "downloads",
    { "README.md": "", "other/config.json": "{}", ...model("a/b") },
    ["b", expect.stringContaining("a/b is read")],
  ],
])("%s is read", async (_, folder, files, [label, note]) => {
  const found = await modelFolder(chosen(folder, files));
  expect([found.label, found.note]).toEqual([label, note]);
  expect(found.has("config.json")).toBe(true);
  expect(await found.readText("config.json")).toBe("{}");
});

test("what a place knows of its files goes along", async () => {
  const files = Object.assign(chosen("m", { "README.md": "", ...model("sub") }), {
    versionOf: (name: string) => `version of ${name}`,
    published: (name: string) => ({ sha256: name, forget: async () => undefined }),
  });
  const found = await modelFolder(files);
  expect(found.names()).toEqual(["config.json", "model.safetensors"]);
  expect(found.versionOf?.("model.safetensors")).toBe("version of sub/model.safetensors");
  expect(found.published?.("model.safetensors")?.sha256).toBe("sub/model.safetensors");
});

test.each<[string, Record<string, string>, string, string]>([
  [
    "several snapshots without refs/main",
    { "blobs/0": "", ...model("snapshots/a"), ...model("snapshots/b") },
    "which of its snapshots is meant is not known: snapshots/a, snapshots/b.",
    "Choose one of these",
  ],
  [
    "snapshots of dead links",
    { "refs/main": "abc", "snapshots/abc/README.md": "" },
    "none of its snapshots has a config.json",
    "blobs",
  ],
  [
    "the whole cache",
    { [`${cache}/refs/main`]: "abc", "models--a--b/refs/main": "c" },
    `m is the hub's cache, with 2 models in it: models--a--b, ${cache}.`,
    "Choose the folder of one model, such as models--a--b",
  ],
  ["several models", { "x.txt": "", ...model("a"), ...model("b") }, "holds 2 models: a, b.", "one of them"],
  [
    "GGUF",
    { "llava-q4.gguf": "", "mmproj.gguf": "" },
    "weights in 2 files (llava-q4.gguf, mmproj.gguf), GGUF",
    "Hugging Face form",
  ],
  ["weights alone", { "model.safetensors": "", ...model("other") }, "m has weights and no config.json", "config.json"],
  [
    "a pipeline",
    { "model_index.json": "{}", ...model("text_encoder") },
    "a pipeline of diffusers",
    "Hugging Face form",
  ],
  ["PyTorch's own files", { "consolidated.00.pth": "", "params.json": "{}" }, "consolidated.00.pth", "convert"],
  [
    "an adapter",
    { "adapter_config.json": '{"base_model_name_or_path":"llava-hf/x"}', "adapter_model.safetensors": "" },
    "m holds an adapter (adapter_config.json)",
    "Choose the folder of its base model: llava-hf/x.",
  ],
  ["an adapter beside config.json", { "config.json": "{}", "adapter_config.json": "{}" }, "m holds an adapter", "base"],
  ["anything else", { "README.md": "" }, "m has no config.json.", "Hugging Face form"],
])("%s is named", async (_, files, message, remedy) => {
  await expect(modelFolder(chosen("m", files))).rejects.toMatchObject({
    code: "not-a-checkpoint",
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});
