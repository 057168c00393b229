import { describe, expect, test } from "vitest";
import { writeSafetensors } from "../formats/safetensors.ts";
import { openCheckpoint } from "./model-files.ts";
import { filesFromBlobs } from "./source.ts";
import { weightFiles } from "./weight-files.ts";

const tensor = (name: string) => writeSafetensors([{ name, dtype: "F32", shape: [1], data: Float32Array.of(1) }]);
const folder = (files: Record<string, Uint8Array | string>) =>
  filesFromBlobs(
    Object.entries({ "config.json": "{}", ...files }).map(([name, content]) => ({
      path: `m/${name}`,
      blob: new Blob([content as string]),
    })),
  );
const named = (names: string[]) => folder(Object.fromEntries(names.map((name) => [name, ""])));
const shard = (n: number, of: number, prefix = "model", suffix = "") =>
  `${prefix}-${String(n).padStart(5, "0")}-of-${String(of).padStart(5, "0")}${suffix}.safetensors`;
const variant = JSON.stringify({ weight_map: { a: "x.safetensors" } });

describe("without model.safetensors and its index", () => {
  test.each<[string, string[], string[], string]>([
    ["shards", [shard(2, 2), shard(1, 2)], [shard(1, 2), shard(2, 2)], "headers of 2 shards"],
    ["one shard", [shard(1, 1)], [shard(1, 1)], "headers of 1 shard."],
    ["a variant's shards", [shard(1, 1, "model", ".fp16")], [shard(1, 1, "model", ".fp16")], "headers of 1 shard."],
    [
      "shards beside another form of them",
      [shard(1, 1), shard(1, 1, "model", ".fp16"), "extra.safetensors"],
      [shard(1, 1)],
      "headers of 1 shard.",
    ],
    ["a variant", ["model.fp16.safetensors"], ["model.fp16.safetensors"], "read from model.fp16.safetensors"],
    ["another name", ["llava.safetensors", "adapter_model.safetensors"], ["llava.safetensors"], "llava.safetensors"],
  ])("%s are read with a note", async (_, names, files, note) => {
    const found = await weightFiles(named(names));
    expect([found.files, found.note]).toEqual([files, expect.stringContaining(note)]);
  });

  test("the index of a variant", async () => {
    const files = folder({ "model.safetensors.index.fp16.json": variant, "x.safetensors": "" });
    expect(await weightFiles(files)).toEqual({
      files: ["x.safetensors"],
      weightMap: new Map([["a", "x.safetensors"]]),
      note: "model.safetensors.index.json is missing: model.safetensors.index.fp16.json is read instead.",
    });
  });

  test("tensors of all shards are there, and the note with them", async () => {
    const checkpoint = await openCheckpoint(folder({ [shard(1, 2)]: tensor("a"), [shard(2, 2)]: tensor("b") }));
    expect([[...checkpoint.tensors.keys()], checkpoint.note]).toEqual([
      ["a", "b"],
      expect.stringContaining("2 shards"),
    ]);
  });

  test("a tensor that is in two shards is refused", async () => {
    const files = folder({ [shard(1, 2)]: tensor("a"), [shard(2, 2)]: tensor("a") });
    await expect(openCheckpoint(files)).rejects.toMatchObject({
      code: "bad-safetensors",
      message: `The tensor "a" is in ${shard(1, 2)} and in ${shard(2, 2)}.`,
    });
  });
});

test.each<[string, string[], string, string]>([
  [
    "a missing shard",
    [shard(1, 3), shard(3, 3)],
    `${shard(2, 3)} is missing in m, which has 2 of the 3 files of its weights.`,
    "Download what is missing",
  ],
  ["all but one shard", [shard(2, 3)], `${shard(1, 3)}, ${shard(3, 3)} are missing in m, which has 1 of the 3`, ""],
  ["several files", ["a.safetensors", "b.safetensors"], "hold the model is not known: a.safetensors, b.safeten", "Add"],
  ["GGUF", ["llava-q4.gguf", "mmproj.gguf"], "in 2 files (llava-q4.gguf, mmproj.gguf), GGUF", "Hugging Face form"],
  [
    "pickles",
    ["pytorch_model.bin", "training_args.bin"],
    "in pytorch_model.bin, a format that can run",
    "save_pretrained",
  ],
  ["PyTorch's own files", ["consolidated.00.pth"], "in consolidated.00.pth, a format that can run", "convert"],
  ["TensorFlow", ["tf_model.h5"], "TensorFlow", "convert"],
  ["MLX", ["weights.npz"], "MLX", "Hugging Face form"],
  ["ONNX", ["onnx/decoder.onnx"], "ONNX", "Hugging Face form"],
  ["nothing", ["training_args.bin"], "model.safetensors is missing in m.", "every file"],
])("refuses %s by name", async (_, names, message, remedy) => {
  await expect(weightFiles(named(names))).rejects.toMatchObject({
    code: "missing-file",
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});
