import { describe, expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { refuseOtherConfig, refuseOtherTensors } from "./other-kinds.ts";
import { configOf, published, publishedTensors } from "./published.ts";
import { familyOf } from "./registry.ts";
import { allocateWeights } from "./weights.ts";

const thrown = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};
const original = {
  architectures: ["LlavaLlamaForCausalLM"],
  model_type: "llava",
  mm_vision_tower: "openai/clip-vit-large-patch14-336",
  hidden_size: 4096,
  num_hidden_layers: 32,
};

describe("the original LLaVA layout", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["7B", {}, "for LLaVA-1.5 7B it is llava-hf/llava-1.5-7b-hf"],
    ["13B", { hidden_size: 5120, num_hidden_layers: 40, model_type: "llava_llama" }, "llava-hf/llava-1.5-13b-hf"],
    ["tiles", { image_aspect_ratio: "anyres" }, "llava-hf/llava-v1.6-vicuna-7b-hf"],
    [
      "Mistral",
      { architectures: ["LlavaMistralForCausalLM"], model_type: "llava_mistral", image_aspect_ratio: "anyres" },
      "llava-hf/llava-v1.6-mistral-7b-hf",
    ],
    ["sizes that nobody converted", { hidden_size: 32 }, "such as llava-hf/llava-1.5-7b-hf"],
    [
      "another language model",
      { architectures: ["LlavaQwenForCausalLM"], model_type: "llava_qwen" },
      "such as llava-hf/llava-1.5-7b-hf",
    ],
    ["without architectures", { architectures: undefined }, "llava-hf/llava-1.5-7b-hf"],
    ["by its class alone", { mm_vision_tower: undefined }, "llava-hf/llava-1.5-7b-hf"],
  ])("%s", (_, changes, advice) => {
    expect(thrown(() => familyOf({ ...original, ...changes }))).toMatchObject({
      code: "not-a-checkpoint",
      message: expect.stringContaining("original LLaVA repository"),
      remedy: expect.stringContaining(advice),
    });
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["AWQ", { quantization_config: { quant_method: "awq", bits: 4 } }, "by AWQ (quantization_config"],
  ["GPTQ", { quantization_config: { quant_method: "gptq" } }, "by GPTQ"],
  ["GPTQ of the language model", { text_config: { quantization_config: { quant_method: "gptq" } } }, "by GPTQ"],
  ["another method", { quantization_config: { quant_method: "compressed-tensors" } }, "by compressed-tensors"],
  ["no method", { quantization_config: { w_bit: 4 } }, "by a method without a name"],
  ["8 bits", { quantization_config: { load_in_8bit: true } }, "by bitsandbytes in 8 bits"],
  ["MLX", { quantization: { group_size: 64, bits: 4 } }, "by MLX"],
])("quantised weights are named: %s", (_, changes, how) => {
  expect(thrown(() => familyOf({ model_type: "llava", ...changes }))).toMatchObject({
    code: "unsupported-model",
    message: expect.stringContaining(`The checkpoint is quantised ${how}`),
    remedy: expect.stringContaining("unquantised original"),
  });
});

test.each<[string, Record<string, unknown>]>([
  ["4 bits of bitsandbytes", { quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } }],
  ["early files", { quantization_config: { load_in_4bit: true, load_in_8bit: false } }],
  ["none", { quantization_config: null }],
  ["an empty one", { quantization_config: {} }],
  ["fields of the original beside a converted configuration", { mm_hidden_size: 1024, text_config: {} }],
  ...[...published].map(([repo, { config }]): [string, Record<string, unknown>] => [repo, config]),
])("%s is fine", (_, config) => {
  refuseOtherConfig(config);
});

test.each([
  ["model.mm_projector.0.weight", "original LLaVA repository"],
  ["model.layers.0.self_attn.q_proj.qweight", "by GPTQ or AWQ"],
  ["model.layers.0.self_attn.q_proj.weight_packed", 'the tensor "model.layers.0.self_attn.q_proj.weight_packed"'],
  ["model.layers.0.self_attn.q_proj.SCB", "8 bits"],
])("tensor %s tells", (name, message) => {
  const error = thrown(() => refuseOtherTensors(["a.weight", name]));
  expect(error).toMatchObject({ message: expect.stringContaining(message) });
});

test("a configuration without model_type says so", () => {
  expect(thrown(() => familyOf({}))).toMatchObject({ message: expect.stringContaining("says no model_type") });
  expect(thrown(() => familyOf([]))).toMatchObject({ code: "not-a-checkpoint" });
});

test.each<[string, Record<string, unknown>, string]>([
  ["Qwen2-VL", { model_type: "qwen2_vl", vision_config: {} }, 'is of Qwen2-VL (model_type "qwen2_vl")'],
  ["PaliGemma", { model_type: "paligemma", vision_config: {} }, "is of PaliGemma"],
  ["Idefics2", { model_type: "idefics2", vision_config: {} }, "is of Idefics2"],
  ["SmolLM2", { model_type: "llama", vocab_size: 49152 }, "a language model without a vision tower"],
  ["something else", { model_type: "bert", vision_config: {} }, 'says model_type "bert"'],
])("another kind of model is named: %s", (_, json, words) => {
  expect(thrown(() => familyOf(json))).toMatchObject({
    code: "not-a-checkpoint",
    message: expect.stringContaining(words),
    remedy: expect.stringContaining("idefics3, smolvlm"),
  });
});

test.each([
  ["HuggingFaceTB/SmolVLM-256M-Instruct", /connector/, "connector", "model.connector.modality_projection.proj.weight"],
  ["llava-hf/llava-interleave-qwen-0.5b-hf", /vision_tower/, "vision tower", "vision_tower.vision_model."],
  ["bczhou/tiny-llava-v1-hf", /language_model\.model/, "language model", "language_model.model."],
])("%s without a part says which it lacks, as its files spell it", (repo, part, words, tensor) => {
  const whole = publishedTensors(repo);
  const tensors = new Map([...whole].filter(([name]) => !part.test(name)));
  expect(tensors.size).toBeLessThan(whole.size);
  const told = {
    code: "missing-tensor",
    message: expect.stringMatching(`no ${words}: .*${tensor.replaceAll(".", "\\.")}`),
  };
  expect(thrown(() => allocateWeights(new Planner(), configOf(repo), tensors, undefined))).toMatchObject(told);
});

test("a checkpoint that lacks one tensor of a part says which", () => {
  const tensors = publishedTensors("bczhou/tiny-llava-v1-hf");
  tensors.delete("multi_modal_projector.linear_2.weight");
  expect(
    thrown(() => allocateWeights(new Planner(), configOf("bczhou/tiny-llava-v1-hf"), tensors, undefined)),
  ).toMatchObject({
    code: "missing-tensor",
    message: expect.stringContaining("(multi_modal_projector.linear_2.weight)"),
  });
});
