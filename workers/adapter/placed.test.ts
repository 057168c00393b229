/** What an adapter is on a model: which modules it changes, and what is not trained on. */
import { expect, test } from "vitest";
import { llavaNames } from "../models/llava/names.ts";
import { parseRecipe } from "../recipe.ts";
import { exportPeft } from "./peft-export.ts";
import { type ImportedModule, importPeft } from "./peft-import.ts";
import { placedAdapter, recipeKeysOf, untrainable } from "./placed.ts";

const Q = "language_model.layers.0.self_attn.q_proj";
const V = "language_model.layers.0.self_attn.v_proj";
const made = (module: string, rank: number, scale: number): ImportedModule => ({
  module,
  loraA: new Float32Array(rank * 4).fill(2),
  loraB: new Float32Array(rank * 6).fill(3),
  rank,
  inFeatures: 4,
  outFeatures: 6,
  scale,
});
const imported = (modules: ImportedModule[], lora = { rank: 2, alpha: 8, useRslora: false, dropout: 0 }) => ({
  modules,
  trained: [],
  baseModel: "",
  lora,
});

test("what it leaves out is zero, and its own values are as they were", () => {
  const { lora, settings } = placedAdapter(imported([made(Q, 2, 4)]));
  expect(settings).toMatchObject({ rank: 2, alpha: 8, useRslora: false, targets: "language-model" });
  const size = { inFeatures: 4, outFeatures: 6 };
  expect(lora({ module: Q, ...size }).loraB).toEqual(new Float32Array(12).fill(3));
  expect(lora({ module: V, ...size })).toEqual({ loraA: new Float32Array(8), loraB: new Float32Array(12) });
});

test("the recipe's keys are the adapter's, rank-stabilised too", async () => {
  const settings = { names: llavaNames, baseModel: "", alpha: 6, dropout: 0, useRslora: true };
  const { weights, config } = exportPeft([made(Q, 3, 1)], settings);
  const adapter = await importPeft(weights, config, llavaNames);
  expect(recipeKeysOf(placedAdapter(adapter).settings)).toEqual({
    lora_r: 3,
    lora_alpha: 6,
    use_rslora: true,
    target_modules: "language-model",
    modules_to_save: null,
  });
});

test("several ranks of one scale can be trained on, several scales cannot", () => {
  const ranks = imported([made(Q, 4, 4), made(V, 2, 4)]);
  expect(untrainable(ranks)).toBeUndefined();
  expect(parseRecipe(recipeKeysOf(placedAdapter(ranks).settings))).toMatchObject({ loraR: 4, loraAlpha: 16 });
  expect(untrainable(imported([made(Q, 2, 4), made(V, 2, 8)]))?.message).toBe(
    "The adapter's modules have 2 different scales (alpha / rank from 4 to 8); training on needs one for all.",
  );
});

test("a rank that no kernel has, and a projector both in full and with LoRA, are refused", () => {
  expect(() => placedAdapter(imported([made(Q, 513, 1)]))).toThrow(
    "The adapter's rank is 513; at most 512 can be run.",
  );
  const twice = imported([made("multi_modal_projector.linear_1", 2, 4)]);
  const trained = [{ name: "multi_modal_projector.linear_1.weight", shape: [1], values: new Float32Array(1) }];
  expect(() => placedAdapter({ ...twice, trained })).toThrow(
    "trains multi_modal_projector.linear_1 in full and with LoRA",
  );
});
