import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import type { OpenedModel } from "../../models/open.ts";
import { parseRecipe } from "../../recipe.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { randomArray } from "../../testing/gpu.ts";
import { type GgufRead, readGguf } from "../../testing/read-gguf.ts";
import { f16ToF32 } from "../../weights/formats/dtype.ts";
import type { MergeTarget } from "../merge.ts";
import type { ImportedModule } from "../peft-import.ts";
import { exportLlamaCpp, llamaCppFiles, type WeightType } from "./export.ts";

/** Whole files by name, and which were begun and given up. */
function memory(fail: (name: string, bytes: number) => void = () => undefined) {
  const files = new Map<string, Uint8Array>();
  const dropped: string[] = [];
  const target: MergeTarget = {
    async create(name) {
      const parts: Uint8Array[] = [];
      let open = true;
      return {
        async write(bytes) {
          parts.push(bytes.slice());
          fail(
            name,
            parts.reduce((sum, part) => sum + part.length, 0),
          );
        },
        async commit() {
          files.set(name, new Uint8Array(Buffer.concat(parts)));
          open = false;
        },
        async abort() {
          if (open) dropped.push(name);
          open = false;
        },
      };
    },
  };
  return { files, dropped, target };
}

const opened = async (name: Parameters<typeof openGolden>[0], recipe = {}): Promise<OpenedModel> =>
  openGoldenModel(await openGolden(name), parseRecipe(recipe));

async function exported(model: OpenedModel, modules: ImportedModule[] = [], type: WeightType = "f16") {
  const { files, target } = memory();
  const notes = await exportLlamaCpp(model, { modules, trained: [] }, { name: "name", type }, target);
  const names = llamaCppFiles(type);
  expect([...files.keys()]).toEqual([names.model, names.vision, names.modelfile]);
  const text = new TextDecoder().decode(files.get(names.modelfile));
  return {
    text: readGguf(files.get(names.model)!),
    vision: readGguf(files.get(names.vision)!),
    modelfile: text,
    notes,
  };
}

const half = ({ tensors }: GgufRead, name: string): Float32Array => {
  const { bytes, type } = tensors.get(name)!;
  expect(type).toBe(1);
  return f16ToF32(new Uint16Array(bytes.slice().buffer));
};

function lora(module: string, [outFeatures, inFeatures]: [number, number]): ImportedModule {
  const rank = 4;
  const [loraA, loraB] = [randomArray(rank * inFeatures, 1), randomArray(outFeatures * rank, 2)];
  return { module, inFeatures, outFeatures, loraA, loraB, rank, scale: 0.5 };
}

/** W + scale * B A, row by row. */
const merged = (weights: Float32Array, m: ImportedModule): number[] =>
  Array.from(weights, (w, at) => {
    const [row, column] = [Math.floor(at / m.inFeatures), at % m.inFeatures];
    let sum = 0;
    for (let k = 0; k < m.rank; k++) sum += m.loraB[row * m.rank + k]! * m.loraA[k * m.inFeatures + column]!;
    return w + m.scale * sum;
  });

function expectNear(actual: Float32Array, wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  const worst = Math.max(...wanted.map((value, i) => Math.abs(value - actual[i]!) / (Math.abs(value) + 1e-3)));
  expect(worst).toBeLessThan(2 ** -10);
}

test("a SmolVLM's two files have its sizes, all of its tensors and its tokens", async () => {
  const model = await opened("smolvlm");
  const { text, vision, modelfile, notes } = await exported(model);
  const { decoder, tower, connector } = model.config;
  expect(text.fields).toMatchObject({
    "general.architecture": "llama",
    "llama.block_count": decoder.numLayers,
    "llama.attention.head_count_kv": decoder.numKvHeads,
    "llama.rope.freq_base": decoder.ropeTheta,
    "llama.vocab_size": model.preparation.vocab,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.add_bos_token": false,
  });
  expect((text.fields["tokenizer.ggml.tokens"] as string[]).length).toBe(model.preparation.vocab);
  expect((text.fields["tokenizer.ggml.token_type"] as number[]).length).toBe(model.preparation.vocab);
  expect(text.tensors.size).toBe(3 + 9 * decoder.numLayers);
  expect(vision.fields).toMatchObject({
    "clip.projector_type": "idefics3",
    "clip.vision.block_count": tower.layersUsed,
    "clip.vision.projector.scale_factor": connector.shuffle,
    "clip.vision.image_mean": [0.5, 0.5, 0.5],
    "clip.use_gelu": true,
  });
  // Embeddings (3), the last norm (2), the projection, and 16 a layer.
  expect(vision.tensors.size).toBe(6 + 16 * tower.layersUsed);
  expect(modelfile).toContain("FROM ./model-f16.gguf\nFROM ./mmproj-f16.gguf\nTEMPLATE");
  expect(modelfile).toContain('PARAMETER stop "<end_of_utterance>"');
  expect(notes.join(" ")).not.toContain("whole, in one tile");
});

test("adapters of the decoder and of the tower are in the weights, q and k in llama.cpp's order of rows", async () => {
  const model = await opened("smolvlm");
  const { decoder: d, tower } = model.config;
  const q = lora("language_model.layers.1.self_attn.q_proj", [d.numHeads * d.headSize, d.hiddenSize]);
  const down = lora("language_model.layers.0.mlp.down_proj", [d.hiddenSize, d.intermediateSize]);
  const fc1 = lora("vision_tower.vision_model.encoder.layers.2.mlp.fc1", [tower.intermediateSize, tower.hiddenSize]);
  const { text, vision } = await exported(model, [q, down, fc1]);
  const original = (module: string) => model.readTensor(`${module}.weight`);
  expectNear(half(text, "blk.0.ffn_down.weight"), merged(await original(down.module), down));
  expectNear(half(vision, "v.blk.2.ffn_up.weight"), merged(await original(fc1.module), fc1));
  const rows = merged(await original(q.module), q);
  const [width, size] = [d.hiddenSize, d.headSize];
  const paired = Array.from({ length: rows.length / width }, (_, row) => {
    const [head, i] = [Math.floor(row / size), row % size];
    const from = head * size + (i % 2) * (size / 2) + Math.floor(i / 2);
    return rows.slice(from * width, (from + 1) * width);
  }).flat();
  expectNear(half(text, "blk.1.attn_q.weight"), paired);
});

test("a Qwen2 keeps the order of its rows and has biases; without an own head there is none in the file", async () => {
  const model = await opened("llava-qwen");
  const { text, vision, notes } = await exported(model);
  expect(text.fields).toMatchObject({ "general.architecture": "qwen2", "tokenizer.ggml.pre": "qwen2" });
  const k = "language_model.layers.0.self_attn.k_proj";
  expectNear(half(text, "blk.0.attn_k.weight"), [...(await model.readTensor(`${k}.weight`))]);
  expect(text.tensors.get("blk.0.attn_k.bias")!.type).toBe(0);
  expect(text.tensors.has("output.weight")).toBe(false);
  // Its last layer is run too, and it has no class token.
  expect(vision.fields["clip.vision.feature_layer"]).toEqual([model.config.tower.numLayers]);
  expect(vision.tensors.has("v.class_embd")).toBe(false);
  expect(notes.join(" ")).not.toContain("class token");
});

test("a CLIP tower leaves out what is behind the feature layer, and its class token is told to be misplaced", async () => {
  const model = await opened("llava-mha");
  const { text, vision, notes } = await exported(model);
  const { numLayers } = model.config.tower;
  expect(vision.fields["clip.vision.block_count"]).toBe(numLayers - 1);
  expect(vision.tensors.has(`v.blk.${numLayers - 1}.ln1.weight`)).toBe(false);
  expect(vision.tensors.has("v.post_ln.weight")).toBe(false);
  expect(text.fields).toMatchObject({ "tokenizer.ggml.model": "llama", "tokenizer.ggml.add_space_prefix": true });
  expect(notes.some((note) => note.includes("issue 25814"))).toBe(true);
});

test("LLaVA-NeXT's grids are width by height, and how tiles are laid out is told", async () => {
  const { vision, notes } = await exported(await opened("llava-next-mistral"));
  expect(vision.fields["clip.vision.image_grid_pinpoints"]).toEqual([112, 56, 56, 112, 112, 112, 56, 168, 168, 56]);
  expect(vision.tensors.has("v.image_newline")).toBe(true);
  expect(notes.some((note) => note.includes("one behind the other"))).toBe(true);
});

test("scores are the ranks of merges, so that llama.cpp merges in the order of the tokenizer", async () => {
  const model = await opened("llava-mha");
  const { text } = await exported(model);
  const tokens = text.fields["tokenizer.ggml.tokens"] as string[];
  const scores = text.fields["tokenizer.ggml.scores"] as number[];
  const { merges } = JSON.parse(model.preparation.tokenizerJson).model as { merges: [string, string][] };
  const texts = merges.map((merge) => merge.join(""));
  const firsts = texts.filter((merge, i) => texts.indexOf(merge) === i);
  const ordered = firsts.map((merge) => scores[tokens.indexOf(merge)]!);
  expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
  expect(new Set(ordered).size).toBe(firsts.length);
});

test("Q8_0 is for rows of whole blocks; others stay F16", async () => {
  const { text, vision } = await exported(await opened("llava-qwen"), [], "q8_0");
  expect(text.fields["general.file_type"]).toBe(7);
  const type = (name: string) => text.tensors.get(name)!.type;
  // 64 is two blocks, 176 are five and a half.
  expect([type("blk.0.attn_q.weight"), type("blk.0.ffn_down.weight"), type("blk.0.attn_norm.weight")]).toEqual([
    8, 1, 0,
  ]);
  expect(new Set([...vision.tensors.values()].map((t) => t.type))).toEqual(new Set([0, 1]));
});

test("pictures that training showed whole are told to be shown otherwise", async () => {
  const { vision, notes } = await exported(await opened("smolvlm", { do_image_splitting: false }));
  expect(vision.fields["clip.vision.preproc_image_size"]).toBe(64);
  expect(notes.some((note) => note.startsWith("Training showed each picture whole, in one tile"))).toBe(true);
});

test("a family that llama.cpp does not know is refused before anything is written, with what to do instead", async () => {
  const { files, dropped, target } = memory();
  const going = exportLlamaCpp(await opened("onevision"), { modules: [] }, { name: "n", type: "f16" }, target);
  await expect(going).rejects.toMatchObject({
    code: "unsupported-model",
    message: "llama.cpp cannot see with a model of the type llava_onevision, so no files are made for it.",
    remedy: expect.stringContaining("Write the merged model instead"),
  });
  expect([files.size, dropped]).toEqual([0, []]);
});

test("a template whose turns differ by their number is refused", async () => {
  const chat_template =
    "{% for m in messages %}{{ loop.index }}{% for p in m['content'] %}{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}{% endfor %}<end_of_utterance>{% endfor %}";
  const model = await opened("smolvlm", { chat_template });
  const going = exportLlamaCpp(model, { modules: [] }, { name: "n", type: "f16" }, memory().target);
  await expect(going).rejects.toMatchObject({
    code: "unsupported-model",
    message: expect.stringContaining("chat template"),
  });
});

test("an adapter of another model is refused before anything is written", async () => {
  const { files, dropped, target } = memory();
  const other = lora("language_model.layers.40.mlp.up_proj", [8, 8]);
  const going = exportLlamaCpp(await opened("smolvlm"), { modules: [other] }, { name: "n", type: "f16" }, target);
  await expect(going).rejects.toMatchObject({ code: "bad-adapter" });
  expect([files.size, dropped]).toEqual([0, []]);
});

test("a weight that F16 cannot hold is refused, and the file is given up", async () => {
  const model = await opened("smolvlm");
  const { hiddenSize, intermediateSize } = model.config.decoder;
  const up = lora("language_model.layers.0.mlp.up_proj", [intermediateSize, hiddenSize]);
  const { files, dropped, target } = memory();
  const modules = [{ ...up, scale: 1e7 }];
  const going = exportLlamaCpp(model, { modules }, { name: "n", type: "f16" }, target);
  await expect(going).rejects.toMatchObject({
    code: "bad-tensor",
    message: expect.stringContaining("blk.0.ffn_up.weight"),
  });
  expect([[...files.keys()], dropped]).toEqual([[], ["model-f16.gguf"]]);
});

test("a disk that is full in the middle ends the export: the file that was begun is given up", async () => {
  const { files, dropped, target } = memory((name, bytes) => {
    if (name.startsWith("mmproj") && bytes > 50_000) throw new TabTuneError("storage-full", "There is no room.", "");
  });
  const going = exportLlamaCpp(await opened("smolvlm"), { modules: [] }, { name: "n", type: "f16" }, target);
  await expect(going).rejects.toMatchObject({ code: "storage-full" });
  expect([[...files.keys()], dropped]).toEqual([["model-f16.gguf"], ["mmproj-f16.gguf"]]);
});

test("tensors go through in pieces, and the progress ends at all of their bytes", async () => {
  const model = await opened("smolvlm");
  const seen: { bytes: number; total: number }[] = [];
  await exportLlamaCpp(model, { modules: [] }, { name: "n", type: "f16" }, memory().target, (p) => void seen.push(p));
  expect(seen.length).toBeGreaterThan(60);
  expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).sort((a, b) => a - b));
  expect(seen.at(-1)!.bytes).toBe(seen.at(-1)!.total);
});

test("a Qwen3-VL's two files: norms of heads, sections, frames, connectors in between, and no marks that llama.cpp writes itself", async () => {
  const model = await opened("qwen3-vl");
  const { text, vision, notes } = await exported(model);
  const { decoder, tower, connector } = model.config;
  expect(text.fields).toMatchObject({
    "general.architecture": "qwen3vl",
    "qwen3vl.rope.dimension_sections": [6, 5, 5, 0],
    "qwen3vl.n_deepstack_layers": 3,
    "qwen3vl.attention.key_length": decoder.headSize,
    "tokenizer.ggml.pre": "qwen2",
  });
  // Table and last norm; two norms of rows, two of heads and seven linears a layer.
  expect(text.tensors.size).toBe(2 + 11 * decoder.numLayers);
  expect(text.fields["tokenizer.chat_template"]).not.toContain("vision_start");
  expect(vision.fields).toMatchObject({
    "clip.projector_type": "qwen3vl_merger",
    "clip.vision.image_size": 6 * tower.patchSize,
    "clip.vision.spatial_merge_size": 2,
    "clip.vision.is_deepstack_layers": [false, true, true, true, false],
    "clip.vision.projection_dim": connector.outSize,
  });
  // The patch embedding (2 and a bias), positions, the norm in front of the merger, the merger (4), three in between (6), 12 a layer.
  expect(vision.tensors.size).toBe(3 + 1 + 2 + 4 + 3 * 6 + 12 * tower.layersUsed);
  expect(vision.tensors.get("v.blk.4.attn_qkv.weight")!.shape).toEqual([3 * tower.hiddenSize, tower.hiddenSize]);
  expect(vision.tensors.get("v.deepstack.3.fc1.weight")).toBeDefined();
  const patch = await model.readTensor("vision_tower.vision_model.embeddings.patch_embedding.weight");
  const area = tower.patchSize ** 2;
  for (const [frame, name] of ["v.patch_embd.weight", "v.patch_embd.weight.1"].entries()) {
    const { bytes } = vision.tensors.get(name)!;
    const values = new Float32Array(bytes.slice().buffer);
    expect(values).toHaveLength(patch.length / 2);
    for (const i of [0, area - 1, area, 4 * area + 7, values.length - 1]) {
      expect(values[i]).toBe(patch[(Math.floor(i / area) * 2 + frame) * area + (i % area)]);
    }
  }
  // ggml's type 8 is Q8_0, which all linears of this width are; the tower stays F16, its type 1.
  const smaller = await exported(model, [], "q8_0");
  expect(smaller.text.fields["general.file_type"]).toBe(7);
  const linears = [...smaller.text.tensors].filter(([name]) => /\.(attn_(q|k|v|output)|ffn_\w+)\.weight$/.test(name));
  expect(linears.filter(([name]) => !name.includes("norm")).map(([, { type }]) => type)).toEqual(
    Array(7 * decoder.numLayers).fill(8),
  );
  expect(smaller.vision.tensors.get("v.blk.4.attn_qkv.weight")!.type).toBe(1);
  expect(notes.join(" ")).toContain("fills up to whole blocks with black");
  // What its pictures are resized to is not what llama.cpp takes by itself.
  expect(notes.join(" ")).toContain("--image-min-tokens 4 --image-max-tokens 30");
});

test("a template that writes nothing around pictures is refused where llama.cpp does by itself", async () => {
  const chat_template =
    "{% for m in messages %}{{ m['role'] + ':' }}{% for c in m['content'] %}{% if c['type'] == 'image' %}<|image_pad|>{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>{% endfor %}";
  const { target } = memory();
  const model = await opened("qwen3-vl", { chat_template });
  const adapter = { modules: [], trained: [] };
  await expect(exportLlamaCpp(model, adapter, { name: "name", type: "f16" }, target)).rejects.toThrow(TabTuneError);
});
