import { expect, test } from "vitest";
import { llava } from "../models/llava/llava.ts";
import { randomArray } from "../testing/gpu.ts";
import { readGguf } from "../testing/read-gguf.ts";
import { ggufLora } from "./gguf.ts";
import type { ImportedModule } from "./peft-import.ts";

const [heads, kvHeads, headSize, hidden, rank] = [4, 2, 6, 24, 3];
const module = (name: string, outFeatures: number, seed: number): ImportedModule => ({
  module: `language_model.layers.1.${name}`,
  loraA: randomArray(rank * hidden, seed),
  loraB: randomArray(outFeatures * rank, seed + 1),
  rank,
  inFeatures: hidden,
  outFeatures,
  scale: 0.25,
});
const modules = [
  module("self_attn.q_proj", heads * headSize, 1),
  module("self_attn.k_proj", kvHeads * headSize, 3),
  module("self_attn.v_proj", kvHeads * headSize, 5),
  module("mlp.gate_proj", 40, 7),
];
const facts = { name: "ä test", numHeads: heads, numKvHeads: kvHeads, gguf: llava.gguf!({}) };

function parse(file: Uint8Array) {
  const { version, fields, tensors } = readGguf(file);
  const read = [...tensors].map(([name, { shape, type, bytes }]) => {
    expect(type).toBe(0);
    return [name, { shape, data: new Float32Array(bytes.slice().buffer) }] as const;
  });
  return { version, fields, tensors: new Map(read) };
}

const { version, fields, tensors } = parse(ggufLora({ modules, trained: [] }, facts));

test("header and keys are what llama.cpp asks for", () => {
  expect(version).toBe(3);
  expect(fields).toEqual({
    "general.architecture": "llama",
    "general.type": "adapter",
    "general.name": "ä test",
    "general.file_type": 0,
    "adapter.type": "lora",
    "adapter.lora.alpha": 0.25 * rank,
  });
  expect([...tensors.keys()]).toEqual([
    "blk.1.attn_q.weight.lora_a",
    "blk.1.attn_q.weight.lora_b",
    "blk.1.attn_k.weight.lora_a",
    "blk.1.attn_k.weight.lora_b",
    "blk.1.attn_v.weight.lora_a",
    "blk.1.attn_v.weight.lora_b",
    "blk.1.ffn_gate.weight.lora_a",
    "blk.1.ffn_gate.weight.lora_b",
  ]);
});

test("A is as it was, and so are B of v and of the MLP", () => {
  const [q, , v, gate] = modules as [ImportedModule, ImportedModule, ImportedModule, ImportedModule];
  expect(tensors.get("blk.1.attn_q.weight.lora_a")).toEqual({ shape: [rank, hidden], data: q.loraA });
  expect(tensors.get("blk.1.attn_v.weight.lora_b")).toEqual({ shape: [kvHeads * headSize, rank], data: v.loraB });
  expect(tensors.get("blk.1.ffn_gate.weight.lora_b")).toEqual({ shape: [40, rank], data: gate.loraB });
});

test.each([
  ["q", 0, heads],
  ["k", 1, kvHeads],
] as const)("rows of B of %s: neighbours are what transformers rotates together", (letter, index, count) => {
  const { data } = tensors.get(`blk.1.attn_${letter}.weight.lora_b`)!;
  const { loraB } = modules[index]!;
  for (let head = 0; head < count; head++) {
    for (let i = 0; i < headSize; i++) {
      const pair = i >> 1;
      const row = head * headSize + (i % 2 === 0 ? pair : headSize / 2 + pair);
      const at = (head * headSize + i) * rank;
      expect(data.slice(at, at + rank)).toEqual(loraB.slice(row * rank, (row + 1) * rank));
    }
  }
});

test("modules of different rank become one rank", () => {
  const small = {
    ...module("self_attn.o_proj", 24, 11),
    rank: 1,
    loraA: randomArray(hidden, 1),
    loraB: randomArray(24, 2),
  };
  const file = parse(ggufLora({ modules: [...modules, small], trained: [] }, facts));
  expect(file.tensors.get("blk.1.attn_output.weight.lora_a")!.shape).toEqual([rank, hidden]);
});

test("LoRA of the tower is refused, and the whole model offered", () => {
  const vision = { ...modules[0]!, module: "vision_tower.vision_model.encoder.layers.0.mlp.fc1" };
  expect(() => ggufLora({ modules: [vision], trained: [] }, facts)).toThrow(
    expect.objectContaining({
      code: "bad-adapter",
      message: expect.stringContaining("llama.cpp's LoRA of a language model cannot hold"),
      remedy: expect.stringContaining("gguf --merged"),
    }),
  );
});
