import { expect, test } from "vitest";
import { TabTuneError } from "../../errors.ts";
import { featuresPerTile, patchesPerTile, qkvSize } from "../config.ts";
import { pinpointsOf } from "../llava-next/pictures.ts";
import { pinpointsOf as onevisionPinpoints } from "../llava-onevision/config.ts";
import { parseConfig } from "../registry.ts";
import { chatTemplates, llavaChatTemplate } from "./chat-template.ts";

import layouts from "./fixtures/configs.json" with { type: "json" };

const text = {
  model_type: "llama",
  hidden_size: 64,
  num_attention_heads: 4,
  intermediate_size: 128,
  num_hidden_layers: 2,
};
const vision = {
  model_type: "clip_vision_model",
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  image_size: 56,
  patch_size: 14,
};
const llava = (changes: object = {}, t: object = {}, v: object = {}) => ({
  model_type: "llava",
  text_config: { ...text, ...t },
  vision_config: { ...vision, ...v },
  ...changes,
});

test.each(layouts)("as transformers reads it: $name", ({ json, resolved }) => {
  expect(parseConfig(json)).toMatchObject(resolved.config);
  if (json.model_type === "llava_next") expect(pinpointsOf(json)).toEqual(resolved.gridPinpoints);
  if (json.model_type === "llava_onevision") expect(onevisionPinpoints(json)).toEqual(resolved.gridPinpoints);
});

test("what hub files leave out has transformers' defaults", () => {
  const config = parseConfig({ model_type: "llava", text_config: {}, vision_config: {} });
  expect(config.decoder).toEqual({
    hiddenSize: 4096,
    intermediateSize: 11008,
    numLayers: 32,
    numHeads: 32,
    numKvHeads: 32,
    headSize: 128,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    qkvBias: false,
    qkNorm: false,
    ropeAxes: undefined,
    maxPositions: 2048,
    tiedHead: false,
  });
  expect(config).toMatchObject({ imageTokenId: 32000, padTokenId: null, extraRow: null });
  expect(config.connector).toEqual({
    ...{ inSize: 768, outSize: 4096, activation: "gelu", bias: true },
    ...{ shuffle: 1, modules: ["linear_1", "linear_2"] },
  });
  expect(config.tower).toMatchObject({ hiddenSize: 768, imageSize: 224, patchSize: 32, activation: "quick_gelu" });
  expect(config.tower).toMatchObject({ layersUsed: 11, classToken: "dropped" });
});

test.each([
  ["nothing is said", {}, {}, false],
  ["the whole is tied", { tie_word_embeddings: true }, {}, true],
  ["the language model is tied", {}, { tie_word_embeddings: true }, true],
  ["both are not", { tie_word_embeddings: false }, { tie_word_embeddings: false }, false],
])("the head is tied where one of the two configurations says so: %s", (_, root, t, tied) => {
  expect(parseConfig(llava(root, t)).decoder.tiedHead).toBe(tied);
});

test("Mistral has defaults of its own", () => {
  const json = { ...llava(), model_type: "llava_next", text_config: { model_type: "mistral" } };
  expect(llavaChatTemplate(json)).toBe(chatTemplates.mistral);
  expect(parseConfig(json).decoder).toMatchObject({ numKvHeads: 8, intermediateSize: 14336, maxPositions: 4096 });
});

test("the base of RoPE lies beside the sizes or, in transformers 5, with the other RoPE parameters", () => {
  expect(parseConfig(llava({}, { rope_theta: 1e6 })).decoder.ropeTheta).toBe(1e6);
  const newer = { rope_parameters: { rope_type: "default", rope_theta: 5e5 } };
  expect(parseConfig(llava({}, newer)).decoder.ropeTheta).toBe(5e5);
});

test("sizes that follow from others", () => {
  const gqa = parseConfig(llava({}, { num_key_value_heads: 2, head_dim: 24 }));
  expect(qkvSize(gqa.decoder)).toBe((4 + 2 * 2) * 24);
  expect(patchesPerTile(gqa.tower)).toBe(16);
  expect(featuresPerTile(gqa)).toBe(16);
  expect(featuresPerTile(parseConfig(llava({ vision_feature_select_strategy: "full" })))).toBe(17);
});

test.each([
  [-2, 2],
  [-1, 3],
  [1, 1],
  [3, 3],
])("vision_feature_layer %i runs %i layers", (layer, used) => {
  expect(parseConfig(llava({ vision_feature_layer: layer })).tower.layersUsed).toBe(used);
});

test("the image token goes by two names", () => {
  expect(parseConfig(llava({ image_token_index: 7 })).imageTokenId).toBe(7);
  expect(parseConfig(llava({ image_token_id: 8 })).imageTokenId).toBe(8);
});

test.each<[string, object, RegExp]>([
  ["another family", { model_type: "bert" }, /"bert", which is no model that can be trained here/],
  ["no object", [] as object, /no model that can be trained/],
  ["another language model", llava({}, { model_type: "gemma" }), /language model type "gemma"/],
  ["another tower", llava({}, {}, { model_type: "vit" }), /vision tower type "vit"/],
  [
    "SigLIP in tiles made for CLIP",
    { ...llava({}, {}, { model_type: "siglip_vision_model" }), model_type: "llava_next" },
    /vision tower type "siglip_vision_model"/,
  ],
  [
    "a patch dropped for a class token",
    llava({}, {}, { model_type: "siglip_vision_model" }),
    /"default" would drop a patch of a tower without a class token/,
  ],
  [
    "tiles smaller than a patch",
    llava({ vision_feature_select_strategy: "full" }, {}, { model_type: "siglip_vision_model", image_size: 13 }),
    /image_size 13 is less than patch_size 14/,
  ],
  ["another activation", llava({}, { hidden_act: "gelu" }), /activation "gelu"/],
  ["scaled RoPE", llava({}, { rope_scaling: { type: "linear", factor: 2 } }), /RoPE scaling "linear"/],
  ["a window of nothing", llava({}, { model_type: "mistral", sliding_window: 0 }), /"sliding_window" is 0/],
  ["a grid of words", { ...llava({ image_grid_pinpoints: ["336x672"] }), model_type: "llava_next" }, /grid_pinpoints/],
  ["biases", llava({}, { attention_bias: true }), /biases/],
  ["heads that do not divide", llava({}, { num_key_value_heads: 3 }), /multiple of num_key_value_heads/],
  ["patches that do not fit", llava({}, {}, { image_size: 57 }), /multiple of patch_size/],
  ["an odd size", llava({}, { intermediate_size: 100 }), /intermediate_size 100 is not a multiple of 8/],
  ["no size", llava({}, { hidden_size: 0 }), /"hidden_size" is 0/],
  ["a size in words", llava({}, { hidden_size: "64" }), /"hidden_size" is not a number/],
  ["several feature layers", llava({ vision_feature_layer: [-2, -1] }), /several vision feature layers/],
  ["a feature layer too many", llava({ vision_feature_layer: 4 }), /vision_feature_layer 4 does not exist/],
])("refused in a sentence: %s", (_, json, message) => {
  expect(() => parseConfig(json)).toThrow(message);
  expect(() => parseConfig(json)).toThrow(TabTuneError);
});
