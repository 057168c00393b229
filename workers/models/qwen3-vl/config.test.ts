import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { Planner } from "../../gpu/buffers.ts";
import { allocateAdapter } from "../adapter.ts";
import { axesOf, featuresPerTile, patchesPerTile, ropeWords } from "../config.ts";
import { published, publishedTensors } from "../published.ts";
import { parseConfig } from "../registry.ts";

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../testing/goldens/qwen3-vl/model/config.json", import.meta.url)), "utf8"),
);
const json = (root: object = {}, text: object = {}, vision: object = {}) => ({
  ...golden,
  ...root,
  text_config: { ...golden.text_config, ...text },
  vision_config: { ...golden.vision_config, ...vision },
});

test("what files leave out has transformers' defaults", () => {
  const config = parseConfig({ model_type: "qwen3_vl", vision_config: { out_hidden_size: 4096 } });
  expect(config).toMatchObject({ imageTokenId: 151655, padTokenId: null, extraRow: null, blends: false });
  expect(config.decoder).toMatchObject({
    ...{ hiddenSize: 4096, intermediateSize: 22016, numLayers: 32, numHeads: 32, numKvHeads: 32, headSize: 128 },
    ...{ rmsNormEps: 1e-6, ropeTheta: 500000, maxPositions: 128000, tiedHead: false, qkNorm: true, qkvBias: false },
  });
  expect(config.tower).toMatchObject({
    ...{ hiddenSize: 1152, intermediateSize: 4304, numLayers: 27, layersUsed: 27, numHeads: 16, patchSize: 16 },
    ...{ imageSize: 32, frames: 2, layerNormEps: 1e-6, activation: "gelu_pytorch_tanh" },
    freeSize: { tableSide: 48, ropeTheta: 10000 },
  });
  expect(config.deepstack?.map(({ layer }) => layer)).toEqual([8, 16, 24]);
});

test("the layout that transformers 5 writes means the same", () => {
  const { rope_scaling, rope_theta, ...text } = golden.text_config;
  const newer = {
    ...golden,
    text_config: { ...text, rope_parameters: { ...rope_scaling, rope_theta } },
    vision_config: {
      ...golden.vision_config,
      ...{ model_type: "qwen3_vl_vision", rope_parameters: { rope_theta: 10000, rope_type: "axial" } },
    },
  };
  expect(parseConfig(newer)).toEqual(parseConfig(golden));
});

test("pairs turn by time, row and column by turns, as long as the sections last", () => {
  const { decoder } = parseConfig(golden);
  expect(axesOf(decoder)).toBe(3);
  expect(decoder.ropeAxes).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  expect(ropeWords(decoder)).toBe(32 * (10_240 + 1));
  const whole = parseConfig(published.get("Qwen/Qwen3-VL-2B-Instruct")!.config).decoder.ropeAxes!;
  expect(whole.slice(57)).toEqual([0, 1, 2, 0, 0, 0, 0]);
  expect([0, 1, 2].map((axis) => whole.filter((a) => a === axis).length)).toEqual([24, 20, 20]);
});

test("a tile is the square of patches that becomes one feature", () => {
  const config = parseConfig(golden);
  expect(config.tower.imageSize).toBe(16);
  expect(patchesPerTile(config.tower)).toBe(4);
  expect(featuresPerTile(config)).toBe(1);
  expect(config.connector).toMatchObject({
    inSize: 64,
    hiddenSize: 256,
    outSize: 64,
    norm: { over: "rows", eps: 1e-6 },
  });
  expect(config.deepstack?.[0]).toMatchObject({ layer: 1, connector: { norm: { over: "shuffled" } } });
});

test.each([
  ["Qwen/Qwen3-VL-2B-Instruct", 2_127_532_032],
  ["Qwen/Qwen3-VL-4B-Instruct", 4_437_815_808],
])("%s has as many parameters as the hub counts", (repo, parameters) => {
  const tensors = [...publishedTensors(repo).values()];
  expect(tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(parameters);
});

test.each<[string, object, RegExp]>([
  ["a mixture of experts", json({}, { model_type: "qwen3_vl_moe_text" }), /language model type "qwen3_vl_moe_text"/],
  ["another activation", json({}, { hidden_act: "gelu" }), /activation "gelu"/],
  ["biases", json({}, { attention_bias: true }), /biases/],
  ["scaled RoPE", json({}, { rope_scaling: { rope_type: "yarn", factor: 4 } }), /RoPE scaling "yarn"/],
  ["sections one after the other", json({}, { rope_scaling: { mrope_interleaved: false } }), /mrope_interleaved/],
  ["two sections", json({}, { rope_scaling: { mrope_section: [8, 8] } }), /mrope_section/],
  ["heads that do not divide", json({}, { num_key_value_heads: 3 }), /multiple of num_key_value_heads/],
  ["another tower", json({}, {}, { model_type: "vit" }), /vision tower type "vit"/],
  ["a merger of another width", json({}, {}, { out_hidden_size: 128 }), /out_hidden_size is 128/],
  ["no square of positions", json({}, {}, { num_position_embeddings: 35 }), /no square/],
  ["more depths than layers", json({}, { num_hidden_layers: 2 }), /names 3 layers/],
  ["a depth that is not there", json({}, {}, { deepstack_visual_indexes: [1, 5] }), /deepstack_visual_indexes/],
  ["depths out of order", json({}, {}, { deepstack_visual_indexes: [2, 1] }), /from the first layers to the last/],
  ["odd heads of the tower", json({}, {}, { num_heads: 32 }), /multiple of 4/],
])("refused in a sentence: %s", (_, refused, message) => {
  expect(() => parseConfig(refused)).toThrow(message);
  expect(() => parseConfig(refused)).toThrow(TabTuneError);
});

test("a connector with a norm is not trained in full, and that is said", () => {
  const lora = { rank: 2, alpha: 4, useRslora: false, trainProjector: true };
  const allocate = () => allocateAdapter(new Planner(), parseConfig(golden), lora, { training: true });
  expect(allocate).toThrow(/modules_to_save/);
  expect(allocate).toThrow(TabTuneError);
});
