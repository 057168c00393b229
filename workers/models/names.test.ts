import { expect, test } from "vitest";
import { llavaNames } from "./llava/names.ts";
import { decoderLayer, neutralName, resolveName, spellingsOf } from "./names.ts";

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
  expect(resolveName(neutral, llavaNames, among(stored, "something.else"))).toBe(stored);
  expect(neutralName(stored, llavaNames)).toBe(neutral);
});

test("a tensor that is not there has no name", () => {
  expect(resolveName("lm_head.weight", llavaNames, among("lm_head.bias"))).toBeUndefined();
});

test("no name of one tensor is a name of another", () => {
  const neutrals = [
    "lm_head.weight",
    "language_model.norm.weight",
    `${decoderLayer(3)}.self_attn.q_proj`,
    "vision_tower.vision_model.encoder.layers.3.mlp.fc1.weight",
    "multi_modal_projector.linear_2.bias",
  ];
  const all = neutrals.flatMap((neutral) => spellingsOf(neutral, llavaNames));
  expect(new Set(all).size).toBe(all.length);
});
