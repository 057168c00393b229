import { expect, test } from "vitest";
import type { TrainedValues } from "../models/adapter-slabs.ts";
import { llavaNames } from "../models/llava/names.ts";
import { randomArray } from "../testing/gpu.ts";
import { bytesOf, type Dtype, f32ToBf16, f32ToF16, toF32 } from "../weights/formats/dtype.ts";
import { readSafetensors, writeSafetensors } from "../weights/formats/safetensors.ts";
import { openCheckpoint } from "../weights/hub/model-files.ts";
import { filesFromBlobs } from "../weights/hub/source.ts";
import { type MergeTarget, mergeAdapter } from "./merge.ts";
import type { ImportedModule } from "./peft-import.ts";

const [out, inputs, rank, scale] = [24, 40, 3, 0.25];
const module = (name: string, seed: number): ImportedModule => ({
  module: `language_model.layers.0.${name}`,
  loraA: randomArray(rank * inputs, seed),
  loraB: randomArray(out * rank, seed + 1),
  rank,
  inFeatures: inputs,
  outFeatures: out,
  scale,
});
const q = module("self_attn.q_proj", 1);
const up = module("mlp.up_proj", 3);
const names = {
  q: "language_model.model.layers.0.self_attn.q_proj.weight",
  up: "language_model.model.layers.0.mlp.up_proj.weight",
};
const weight = randomArray(out * inputs, 9);
const stored = (dtype: Dtype): Uint8Array =>
  dtype === "F16" ? bytesOf(f32ToF16(weight)) : dtype === "BF16" ? bytesOf(f32ToBf16(weight)) : bytesOf(weight);

function model(dtype: Dtype) {
  const shards = {
    "model-00001-of-00002.safetensors": writeSafetensors([
      { name: names.q, dtype, shape: [out, inputs], data: stored(dtype) },
    ]),
    "model-00002-of-00002.safetensors": writeSafetensors([
      { name: names.up, dtype, shape: [out, inputs], data: stored(dtype) },
      { name: "language_model.model.norm.weight", dtype: "F32", shape: [5], data: randomArray(5, 7) },
    ]),
  };
  const weight_map = {
    [names.q]: "model-00001-of-00002.safetensors",
    [names.up]: "model-00002-of-00002.safetensors",
    "language_model.model.norm.weight": "model-00002-of-00002.safetensors",
  };
  const texts = {
    "config.json": "{}",
    "model.safetensors.index.json": JSON.stringify({ weight_map }),
    "pytorch_model.bin": "old",
  };
  return filesFromBlobs(
    Object.entries({ ...shards, ...texts }).map(([name, content]) => ({
      path: `base/${name}`,
      blob: new Blob([content as BlobPart]),
    })),
  );
}

async function merge(dtype: Dtype, modules: ImportedModule[], trained: TrainedValues[] = []) {
  const files = model(dtype);
  const written = new Map<string, Uint8Array>();
  const target: MergeTarget = {
    async create(name) {
      const parts: Uint8Array[] = [];
      return {
        write: async (bytes) => void parts.push(bytes.slice()),
        commit: async () => void written.set(name, new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())),
        abort: async () => undefined,
      };
    },
  };
  await mergeAdapter(files, await openCheckpoint(files), { modules, trained, names: llavaNames }, target);
  return { files, written };
}

test.each<[Dtype, number]>([
  ["F32", 2 ** -23],
  ["F16", 2 ** -11],
  ["BF16", 2 ** -8],
])("%s weights get the adapter's product, rounded once", async (dtype, ulp) => {
  const { files, written } = await merge(dtype, [q, up]);
  // Weights in another form, which would be without the adapter, stay behind.
  expect([...written.keys()].sort()).toEqual(files.names().filter((name) => name !== "pytorch_model.bin"));
  for (const [name, m] of [
    [names.q, q],
    [names.up, up],
  ] as const) {
    const file = name === names.q ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    const { tensors } = await readSafetensors(written.get(file)!);
    const merged = toF32(tensors.get(name)!.data, dtype);
    const base = toF32(stored(dtype).slice(), dtype);
    for (let row = 0; row < out; row++) {
      for (let column = 0; column < inputs; column++) {
        let delta = 0;
        for (let k = 0; k < rank; k++) delta += m.loraB[row * rank + k]! * m.loraA[k * inputs + column]!;
        const exact = base[row * inputs + column]! + scale * delta;
        expect(Math.abs(merged[row * inputs + column]! - exact)).toBeLessThanOrEqual(Math.abs(exact) * ulp + 1e-9);
      }
    }
  }
  const norm = (await readSafetensors(written.get("model-00002-of-00002.safetensors")!)).tensors;
  expect(toF32(norm.get("language_model.model.norm.weight")!.data, "F32")).toEqual(randomArray(5, 7));
});

test("an adapter of nothing gives the model's own bytes", async () => {
  const nothing = { ...q, loraB: new Float32Array(out * rank) };
  const { files, written } = await merge("F16", [nothing]);
  for (const [name, bytes] of written) {
    const reader = await files.open(name);
    expect(bytes).toEqual(await reader.read(0, reader.size));
  }
});

test.each<[string, ImportedModule, string]>([
  ["a module that is not there", { ...q, module: "language_model.layers.7.self_attn.q_proj" }, "has no such tensor"],
  ["a module of another size", { ...q, outFeatures: 8, loraB: q.loraB.slice(0, 8 * rank) }, "a tensor [24,40] where"],
])("%s is refused before anything is written", async (_, wrong, words) => {
  await expect(merge("F16", [wrong])).rejects.toMatchObject({
    code: "bad-adapter",
    message: expect.stringContaining(words),
  });
});

test("integers are refused", async () => {
  const files = filesFromBlobs([
    {
      path: "base/model.safetensors",
      blob: new Blob([
        writeSafetensors([
          { name: names.q, dtype: "U8", shape: [out, inputs], data: new Uint8Array(out * inputs) },
        ]) as Uint8Array<ArrayBuffer>,
      ]),
    },
  ]);
  const target = { create: () => Promise.reject(new Error("nothing is to be written")) };
  await expect(
    mergeAdapter(files, await openCheckpoint(files), { modules: [q], names: llavaNames }, target),
  ).rejects.toMatchObject({
    code: "bad-tensor",
  });
});

test("a tensor that was trained in full takes the base's place, in the base's type", async () => {
  const values = randomArray(out * inputs, 21);
  const full = { name: "language_model.layers.0.mlp.up_proj.weight", shape: [out, inputs], values };
  const { written } = await merge("BF16", [q], [full]);
  const { tensors } = await readSafetensors(written.get("model-00002-of-00002.safetensors")!);
  expect(tensors.get(names.up)!.data).toEqual(bytesOf(f32ToBf16(values)));
  await expect(merge("F16", [q], [{ ...full, shape: [inputs, out] }])).rejects.toMatchObject({ code: "bad-adapter" });
});

test("a merged weight that its type cannot hold is refused, not written as infinity", async () => {
  const far = { ...q, loraB: q.loraB.map((b) => b * 1e7) };
  await expect(merge("F16", [far])).rejects.toMatchObject({
    code: "bad-tensor",
    message: expect.stringMatching(
      /^With the adapter added, language_model\.model\.layers\.0\.self_attn\.q_proj\.weight holds -?\d/,
    ),
  });
  expect((await merge("BF16", [far])).written.size).toBeGreaterThan(2);
});
