import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TabTuneError } from "../errors.ts";
import type { ModuleMatrices } from "../models/adapter-slabs.ts";
import { llavaNames } from "../models/llava/names.ts";
import { readSafetensors, writeSafetensors } from "../weights/formats/safetensors.ts";
import oldLayout from "./fixtures/old-layout.json";
import { exportPeft } from "./peft-export.ts";
import { importLoraInit, importPeft } from "./peft-import.ts";
import { parsePeftKey } from "./peft-names.ts";

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
const configOf = (name: string) => new TextDecoder().decode(fixture(`${name}-adapter_config.json`));
const names = llavaNames;
const SETTINGS = { names, baseModel: "oracle/tiny", alpha: 16, dropout: 0, useRslora: false };

const Q = "language_model.layers.0.self_attn.q_proj";
const DOWN = "language_model.layers.0.mlp.down_proj";
const made = (module: string, rank: number, inFeatures: number, outFeatures: number): ModuleMatrices => ({
  module,
  loraA: Float32Array.from({ length: rank * inFeatures }, (_, i) => i / 7),
  loraB: Float32Array.from({ length: outFeatures * rank }, (_, i) => -i / 3),
  rank,
  inFeatures,
  outFeatures,
});
const two = [made(Q, 2, 4, 6), made(DOWN, 2, 8, 4)];

describe.each([
  { name: "language-model", modules: 14, rank: 16, scale: 2 },
  { name: "all-linear", modules: 34, rank: 8, scale: 2 },
])("an adapter that PEFT wrote ($name)", ({ name, modules, rank, scale }) => {
  test("comes in whole", async () => {
    const adapter = await importPeft(fixture(`${name}-adapter_model.safetensors`), configOf(name), names);
    expect(adapter.baseModel).toMatch(/^oracle\/llava-/);
    expect(adapter.modules.length).toBe(modules);
    for (const module of adapter.modules) expect(module).toMatchObject({ rank, scale });
  });

  test("goes out with the same numbers, and comes in again", async () => {
    const bytes = fixture(`${name}-adapter_model.safetensors`);
    const original = await readSafetensors(bytes);
    const adapter = await importPeft(bytes, configOf(name), names);
    const out = exportPeft(adapter.modules, { ...SETTINGS, alpha: scale * rank });
    const written = await readSafetensors(out.weights);
    expect([...written.metadata]).toEqual([["format", "pt"]]);
    expect(written.tensors.size).toBe(original.tensors.size);
    const place = (key: string) => Object.values(parsePeftKey(key, names)!).join(" ");
    const byPlace = new Map([...original.tensors].map(([key, tensor]) => [place(key), tensor]));
    for (const [key, tensor] of written.tensors) {
      const before = byPlace.get(place(key))!;
      expect(tensor.shape).toEqual(before.shape);
      expect(Buffer.compare(tensor.data, before.data)).toBe(0);
    }
    const sorted = <T extends { module: string }>(list: T[]) => list.toSorted((a, b) => (a.module < b.module ? -1 : 1));
    const again = await importPeft(out.weights, out.config, names);
    expect(sorted(again.modules)).toEqual(sorted(adapter.modules));
  });
});

test("LoRA on the language model has exactly the keys and shapes of the old spelling", async () => {
  const shapes = new Map<string, number[]>(Object.entries(oldLayout.shapes));
  const modules = [...shapes].flatMap(([key, [rank, inFeatures]]) => {
    if (!key.endsWith(".lora_A.weight")) return [];
    const outFeatures = shapes.get(key.replace("lora_A", "lora_B"))![0]!;
    return [made(parsePeftKey(key, names)!.module, rank!, inFeatures!, outFeatures)];
  });
  const { tensors } = await readSafetensors(exportPeft(modules, SETTINGS).weights);
  expect(new Map([...tensors].map(([key, { shape }]) => [key, shape]))).toEqual(shapes);
});

test("the config has the fields that old and new PEFT know, and no other", () => {
  expect(JSON.parse(exportPeft(two, { ...SETTINGS, useRslora: true, dropout: 0.1 }).config)).toEqual({
    alpha_pattern: {},
    base_model_name_or_path: "oracle/tiny",
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: 16,
    lora_dropout: 0.1,
    modules_to_save: null,
    peft_type: "LORA",
    r: 2,
    rank_pattern: {},
    target_modules: ".*language_model.*\\.(q_proj|down_proj)",
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: true,
  });
});

test("equal adapters are equal bytes, whatever the order of modules", () => {
  expect(exportPeft(two.toReversed(), SETTINGS)).toEqual(exportPeft(two, SETTINGS));
});

test("a weight that is not finite is not written", () => {
  const broken = { ...two[0]!, loraB: two[0]!.loraB.with(3, Number.NaN) };
  expect(() => exportPeft([broken], SETTINGS)).toThrow(`A LoRA weight of ${Q} is not a finite number.`);
});

describe("scale and rank", () => {
  const config = (change: object) => JSON.stringify({ ...JSON.parse(exportPeft(two, SETTINGS).config), ...change });
  const weights = exportPeft([made(Q, 2, 4, 6), made(DOWN, 2, 8, 4)], SETTINGS).weights;
  const scales = async (change: object, bytes = weights) => {
    const { modules } = await importPeft(bytes, config(change), names);
    return Object.fromEntries(modules.map(({ module, scale }) => [module, scale]));
  };

  test.each([
    [{}, 8, 8],
    [{ use_rslora: true }, 16 / Math.SQRT2, 16 / Math.SQRT2],
    [{ alpha_pattern: { down_proj: 4 } }, 8, 2],
    [{ alpha_pattern: { "^model.language_model.layers.0.mlp.down_proj": 4 } }, 8, 2],
    [{ alpha_pattern: { "language_model.model.layers.0.self_attn.q_proj": 1, q_proj: 9 } }, 0.5, 8],
    [{ alpha_pattern: { "^q_proj": 4, roj: 4 } }, 8, 8],
  ])("%j", async (change, q, down) => {
    expect(await scales(change)).toEqual({ [Q]: q, [DOWN]: down });
  });

  test("a rank_pattern holds where the shapes agree with it", async () => {
    const parts = [made(Q, 4, 4, 6), made(DOWN, 2, 8, 4)].map((m) => exportPeft([m], SETTINGS).weights);
    const tensors = (await Promise.all(parts.map((part) => readSafetensors(part)))).flatMap((file) => [
      ...file.tensors,
    ]);
    const mixed = writeSafetensors(tensors.map(([name, tensor]) => ({ name, ...tensor })));
    expect(await scales({ rank_pattern: { q_proj: 4 } }, mixed)).toEqual({ [Q]: 4, [DOWN]: 8 });
    await expect(importPeft(mixed, config({}), names)).rejects.toMatchObject({
      code: "bad-adapter",
      message: `The adapter's ${Q} has A [4,4] and B [6,4], but its config says rank 2.`,
    });
  });

  test.each<[object, RegExp]>([
    [{ peft_type: "IA3" }, /of type "IA3"/],
    [{ use_dora: true }, /use_dora \(true\)/],
    [{ bias: "all" }, /biases \("all"\)/],
    [{ modules_to_save: ["lm_head"] }, /modules_to_save \(\["lm_head"\]\)/],
    [{ modules_to_save: ["multi_modal_projector"] }, /saves multi_modal_projector, whose weights it does not hold/],
    [{ fan_in_fan_out: true }, /fan_in_fan_out/],
    [{ layer_replication: [[0, 4]] }, /layer_replication/],
    [{ init_lora_weights: "pissa_niter_16" }, /changes the base weights too/],
    [{ r: 0 }, /r is 0; it must be a whole number/],
    [{ r: "8" }, /r is "8"/],
    [{ lora_alpha: null }, /lora_alpha is null/],
    [{ rank_pattern: { "(a+)+$": 4 } }, /the expression "\(a\+\)\+\$"/],
    [{ alpha_pattern: { q_proj: -1 } }, /alpha_pattern of q_proj is -1/],
    [{ rank_pattern: [4] }, /rank_pattern is \[4\]/],
  ])("%j is refused", async (change, message) => {
    const error = await importPeft(weights, config(change), names).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TabTuneError);
    expect(error).toMatchObject({ code: "bad-adapter", message: expect.stringMatching(message) });
  });

  test.each(["{", "[]", "null"])("a config %s is refused", async (text) => {
    await expect(importPeft(weights, text, names)).rejects.toMatchObject({ code: "bad-adapter" });
  });
});

describe("weights", () => {
  const config = exportPeft(two, SETTINGS).config;
  const A = "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight";
  const B = A.replace("lora_A", "lora_B");
  const tensor = (name: string, shape: number[], values?: number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return { name, dtype: "F32" as const, shape, data: Float32Array.from({ length }, (_, i) => values?.[i] ?? 0) };
  };
  type Entries = Parameters<typeof writeSafetensors>[0];

  test.each<[string, Entries, RegExp]>([
    ["no tensors", [], /no LoRA weights/],
    ["half a pair", [tensor(A, [2, 4])], /only lora_A of/],
    [
      "both spellings of one",
      [tensor(A, [2, 4]), tensor(B, [6, 2]), tensor(A.replace("language_model.model", "model.language_model"), [2, 4])],
      /lora_A of .* twice/,
    ],
    [
      "an lm_head",
      [tensor("base_model.model.language_model.lm_head.lora_A.weight", [2, 4])],
      /no LoRA weight of this family/,
    ],
    [
      "full weights",
      [tensor("base_model.model.model.multi_modal_projector.linear_1.weight", [2, 4])],
      /no LoRA weight/,
    ],
    ["a vector", [tensor(A, [8]), tensor(B, [6, 2])], /shape \[8\]; it must be a matrix/],
    ["a NaN", [tensor(A, [2, 4], [0, Number.NaN]), tensor(B, [6, 2])], /not a finite number/],
  ])("with %s are refused", async (_, entries, message) => {
    await expect(importPeft(writeSafetensors(entries), config, names)).rejects.toMatchObject({
      code: "bad-adapter",
      message: expect.stringMatching(message),
    });
  });

  test("half precision is read exactly", async () => {
    const bf16 = new Uint16Array(8).fill(0x3fc0);
    const f16 = new Uint16Array(12).fill(0xb800);
    const bytes = writeSafetensors([
      { name: A, dtype: "BF16", shape: [2, 4], data: bf16 },
      { name: B, dtype: "F16", shape: [6, 2], data: f16 },
    ]);
    const [module] = (await importPeft(bytes, config, names)).modules;
    expect([...module!.loraA]).toEqual(Array(8).fill(1.5));
    expect([...module!.loraB]).toEqual(Array(12).fill(-0.5));
  });

  test("an adapter for another model is refused", async () => {
    const { weights } = exportPeft(two, SETTINGS);
    const fit = new Map([
      [Q, { inFeatures: 4, outFeatures: 6 }],
      [DOWN, { inFeatures: 8, outFeatures: 4 }],
    ]);
    expect((await importPeft(weights, config, names, fit)).modules.length).toBe(2);
    const narrow = new Map(fit).set(Q, { inFeatures: 5, outFeatures: 6 });
    await expect(importPeft(weights, config, names, narrow)).rejects.toThrow(
      `The adapter was made for another model: its ${Q} maps 4 -> 6, the model's 5 -> 6.`,
    );
    fit.delete(DOWN);
    await expect(importPeft(weights, config, names, fit)).rejects.toThrow(
      `The adapter was made for another model: it changes ${DOWN}, which this one does not have.`,
    );
  });
});

describe("a LoRA start", () => {
  const sizes = new Map([
    [Q, { inFeatures: 4, outFeatures: 6 }],
    [DOWN, { inFeatures: 8, outFeatures: 4 }],
  ]);

  test("may leave B out: it is zero", async () => {
    const { tensors } = await readSafetensors(exportPeft(two, SETTINGS).weights);
    const onlyA = [...tensors]
      .filter(([name]) => name.includes("lora_A"))
      .map(([name, tensor]) => ({ name, ...tensor }));
    const start = await importLoraInit(writeSafetensors(onlyA), { sizes, rank: 2, names });
    const q = start.find(({ module }) => module === Q)!;
    expect(q.loraA).toEqual(two[0]!.loraA);
    expect(q.loraB).toEqual(new Float32Array(12));
    const whole = await importLoraInit(exportPeft(two, SETTINGS).weights, { sizes, rank: 2, names });
    expect(whole.find(({ module }) => module === DOWN)).toEqual(two[1]);
  });

  test.each<[string, ModuleMatrices[], number, RegExp]>([
    ["another rank", two, 4, /the run has rank 4 and (4 -> 6|8 -> 4)/],
    ["a module missing", [two[0]!], 2, /no lora_A for .*down_proj/],
    ["another size", [two[0]!, made(DOWN, 2, 7, 4)], 2, /A \[2,7\] and B \[4,2\]/],
    ["a module more", [...two, made(DOWN.replace("0", "1"), 2, 8, 4)], 2, /the run has no such module/],
  ])("with %s is refused", async (_, modules, rank, message) => {
    const { weights } = exportPeft(modules, SETTINGS);
    await expect(importLoraInit(weights, { sizes, rank: rank, names })).rejects.toMatchObject({
      code: "bad-adapter",
      message: expect.stringMatching(message),
    });
  });
});

test("a projector that was trained in full goes out and comes back in f32, under the new names", async () => {
  const trained = [1, 2].flatMap((n) => [
    {
      name: `multi_modal_projector.linear_${n}.weight`,
      shape: [3, 2],
      values: Float32Array.from({ length: 6 }, (_, i) => n + i / 7),
    },
    { name: `multi_modal_projector.linear_${n}.bias`, shape: [3], values: Float32Array.from([n, -n, 0.5]) },
  ]);
  const { weights, config } = exportPeft(two, SETTINGS, trained);
  expect(JSON.parse(config).modules_to_save).toEqual(["multi_modal_projector"]);
  const { tensors } = await readSafetensors(weights);
  expect([...tensors.keys()]).toContain("base_model.model.model.multi_modal_projector.linear_1.weight");
  const back = await importPeft(weights, config, names);
  expect(back.trained.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
    trained.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
  expect(back.modules).toHaveLength(two.length);
});
