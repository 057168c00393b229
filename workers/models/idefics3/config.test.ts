import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { featuresPerTile, patchesPerTile, towerRowsPerTile } from "../config.ts";
import { rowsOf } from "../fill-weights.ts";
import { configOf } from "../published.ts";
import { parseConfig } from "../registry.ts";
import { positionRows } from "./positions.ts";

const text = {
  ...{ model_type: "llama", hidden_size: 64, num_attention_heads: 4, intermediate_size: 128 },
  num_hidden_layers: 2,
};
const vision = {
  ...{ hidden_size: 32, intermediate_size: 64, num_hidden_layers: 3, num_attention_heads: 2 },
  ...{ image_size: 64, patch_size: 8 },
};
const json = (changes: object = {}, t: object = {}, v: object = {}) => ({
  model_type: "idefics3",
  text_config: { ...text, ...t },
  vision_config: { ...vision, ...v },
  ...changes,
});

test("what files leave out has transformers' defaults", () => {
  const config = parseConfig({ model_type: "smolvlm", vision_config: { image_size: 256 } });
  expect(config).toMatchObject({ modelType: "smolvlm", imageTokenId: 128257, padTokenId: null, extraRow: null });
  expect(config.decoder).toMatchObject({ hiddenSize: 4096, numLayers: 32, rmsNormEps: 1e-5, tiedHead: false });
  expect(parseConfig(json()).decoder.rmsNormEps).toBe(1e-6);
  expect(config.tower).toEqual({
    ...{ hiddenSize: 1152, intermediateSize: 3072, numLayers: 12, layersUsed: 12, numHeads: 16 },
    ...{ imageSize: 256, patchSize: 32, layerNormEps: 1e-6, activation: "gelu_pytorch_tanh" },
    ...{ classToken: "none", patchBias: true, preNorm: false, postNorm: true, positionRows: undefined },
  });
  expect(config.connector).toMatchObject({ inSize: 1152, outSize: 4096, shuffle: 2, bias: false });
});

test.each([
  ["HuggingFaceTB/SmolVLM-256M-Instruct", 1024, 64],
  ["HuggingFaceTB/SmolVLM-500M-Instruct", 1024, 64],
  // 384 = 27 x 14 + 6: the rest of a tile is not seen.
  ["HuggingFaceTB/SmolVLM2-2.2B-Instruct", 729, 81],
])("%s: %i patches a tile, %i features", (repo, patches, features) => {
  const config = configOf(repo);
  expect([patchesPerTile(config.tower), towerRowsPerTile(config.tower)]).toEqual([patches, patches]);
  expect(featuresPerTile(config)).toBe(features);
  expect(config.tower.positionRows).toBeUndefined();
});

test("positions in buckets: patches have their own rows, but for some sides, where float32 falls one short", () => {
  const sides = Array.from({ length: 40 }, (_, i) => i + 1);
  expect(sides.filter((side) => positionRows(side) !== undefined)).toEqual([19, 25, 29, 31, 38, 40]);
  const rows = positionRows(25)!;
  expect(rows).toHaveLength(625);
  const moved = rows.flatMap((row, i) => (row === i ? [] : [[i, row]]));
  for (const [i, row] of moved) expect([i! - 1, i! - 25, i! - 26]).toContain(row);
});

test("a table's rows in another order", () => {
  expect([...rowsOf(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 0, 0])]).toEqual([5, 6, 1, 2, 1, 2]);
});

test.each<[string, object, RegExp]>([
  ["another language model", json({}, { model_type: "qwen2" }), /language model type "qwen2"/],
  ["a shuffle that does not fit", json({ scale_factor: 3 }), /8 patches a side, which scale_factor 3/],
  ["a tile of less than a patch", json({}, {}, { image_size: 4 }), /image_size 4 is less than patch_size 8/],
  ["heads that do not divide", json({}, { num_key_value_heads: 3 }), /multiple of num_key_value_heads/],
  ["an odd size", json({}, {}, { intermediate_size: 100 }), /vision intermediate_size 100 is not a multiple of 8/],
  ["sides that differ", json({}, {}, { image_size: [64, 32] }), /"image_size" is not a number/],
])("refused in a sentence: %s", (_, file, message) => {
  expect(() => parseConfig(file)).toThrow(message);
  expect(() => parseConfig(file)).toThrow(TabTuneError);
  expect(() => parseConfig(file)).toThrow(expect.objectContaining({ remedy: expect.stringContaining("SmolVLM") }));
});
