import { expect, test } from "vitest";
import { checkpointNames, languageModule, resolveName } from "./names.ts";

const among =
  (...names: string[]) =>
  (name: string): boolean =>
    names.includes(name);

test.each([
  ["language_model.layers.0.mlp.up_proj.weight", "language_model.model.layers.0.mlp.up_proj.weight"],
  ["language_model.layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight"],
  ["language_model.embed_tokens.weight", "language_model.model.embed_tokens.weight"],
  ["language_model.norm.weight", "model.language_model.norm.weight"],
  ["lm_head.weight", "language_model.lm_head.weight"],
  ["lm_head.weight", "lm_head.weight"],
  ["vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.vision_model.pre_layrnorm.bias"],
  ["vision_tower.vision_model.pre_layrnorm.bias", "model.vision_tower.vision_model.pre_layrnorm.bias"],
  ["vision_tower.vision_model.pre_layrnorm.bias", "model.vision_tower.pre_layrnorm.bias"],
  ["multi_modal_projector.linear_1.weight", "multi_modal_projector.linear_1.weight"],
  ["multi_modal_projector.linear_1.weight", "model.multi_modal_projector.linear_1.weight"],
  ["image_newline", "image_newline"],
  ["image_newline", "model.image_newline"],
])("%s is found as %s", (neutral, stored) => {
  expect(resolveName(neutral, among(stored, "something.else"))).toBe(stored);
});

test("a tensor that is not there has no name", () => {
  expect(resolveName("lm_head.weight", among("lm_head.bias"))).toBeUndefined();
});

test("no name of one tensor is a name of another", () => {
  const neutrals = [
    "lm_head.weight",
    "language_model.norm.weight",
    languageModule(3, "q_proj"),
    "vision_tower.vision_model.encoder.layers.3.mlp.fc1.weight",
    "multi_modal_projector.linear_2.bias",
  ];
  const all = neutrals.flatMap(checkpointNames);
  expect(new Set(all).size).toBe(all.length);
});

test("modules of a layer", () => {
  expect(languageModule(0, "q_proj")).toBe("language_model.layers.0.self_attn.q_proj");
  expect(languageModule(1, "o_proj")).toBe("language_model.layers.1.self_attn.o_proj");
  expect(languageModule(12, "down_proj")).toBe("language_model.layers.12.mlp.down_proj");
});
