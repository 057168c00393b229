/** The figures of the catalogue are computed here from the shapes that the published checkpoints have. */
import { describe, expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { parseConfig } from "../model/config.ts";
import { loadingPlan } from "../model/load.ts";
import { allocateWeights, BASELINE_BINDING_BYTES, type TensorFacts } from "../model/weights.ts";
import { loadCost } from "../quant/quantised-cache.ts";
import { fakeOpfs } from "../storage/fake-opfs.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import catalogue from "./catalogue.json" with { type: "json" };
import type { Checkpoint } from "./checkpoint.ts";
import { dtypeBytes } from "./dtype.ts";

const vision = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};
const text = (hidden_size: number, intermediate_size: number, layers: number, kv: number, model_type = "llama") => ({
  model_type,
  hidden_size,
  intermediate_size,
  num_hidden_layers: layers,
  num_attention_heads: 32,
  num_key_value_heads: kv,
  max_position_embeddings: model_type === "llama" ? 4096 : 32768,
  rope_theta: model_type === "llama" ? 1e4 : 1e6,
  sliding_window: null,
});
const published = {
  "bczhou/tiny-llava-v1-hf": { model_type: "llava", dtype: "F32", text_config: text(2048, 5632, 22, 4) },
  "llava-hf/llava-1.5-7b-hf": { model_type: "llava", dtype: "F16", text_config: text(4096, 11008, 32, 32) },
  "llava-hf/llava-v1.6-mistral-7b-hf": {
    model_type: "llava_next",
    dtype: "F16",
    text_config: text(4096, 14336, 32, 8, "mistral"),
    image_grid_pinpoints: [[336, 672]],
  },
} as const;

/** Names and shapes as transformers wrote them before 4.52. */
function tensorsOf({ dtype, text_config: t, model_type }: (typeof published)[keyof typeof published]) {
  const tensors = new Map<string, TensorFacts>();
  const add = (name: string, ...shape: number[]): void => void tensors.set(name, { dtype, shape });
  const affine = (name: string, out: number, ...rest: number[]): void => {
    add(`${name}.weight`, out, ...rest);
    add(`${name}.bias`, out);
  };
  const h = t.hidden_size;
  const kv = (h / t.num_attention_heads) * t.num_key_value_heads;
  const tower = "vision_tower.vision_model";
  const c = vision.hidden_size;
  add(`${tower}.embeddings.class_embedding`, c);
  add(`${tower}.embeddings.patch_embedding.weight`, c, 3, vision.patch_size, vision.patch_size);
  add(`${tower}.embeddings.position_embedding.weight`, (vision.image_size / vision.patch_size) ** 2 + 1, c);
  for (const norm of ["pre_layrnorm", "post_layernorm"]) affine(`${tower}.${norm}`, c);
  for (let n = 0; n < vision.num_hidden_layers; n++) {
    const layer = `${tower}.encoder.layers.${n}`;
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"]) affine(`${layer}.self_attn.${part}`, c, c);
    for (const norm of ["layer_norm1", "layer_norm2"]) affine(`${layer}.${norm}`, c);
    affine(`${layer}.mlp.fc1`, vision.intermediate_size, c);
    affine(`${layer}.mlp.fc2`, c, vision.intermediate_size);
  }
  affine("multi_modal_projector.linear_1", h, c);
  affine("multi_modal_projector.linear_2", h, h);
  if (model_type === "llava_next") add("image_newline", h);
  const language = "language_model.model";
  add(`${language}.embed_tokens.weight`, 32064, h);
  for (let n = 0; n < t.num_hidden_layers; n++) {
    const layer = `${language}.layers.${n}`;
    for (const [part, out] of Object.entries({ q_proj: h, k_proj: kv, v_proj: kv, o_proj: h }))
      add(`${layer}.self_attn.${part}.weight`, out, h);
    for (const part of ["gate_proj", "up_proj"]) add(`${layer}.mlp.${part}.weight`, t.intermediate_size, h);
    add(`${layer}.mlp.down_proj.weight`, h, t.intermediate_size);
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) add(`${layer}.${norm}.weight`, h);
  }
  add(`${language}.norm.weight`, h);
  add("language_model.lm_head.weight", 32064, h);
  return tensors;
}

describe.each(Object.entries(published))("%s", (repo, json) => {
  const shapes = tensorsOf(json);
  let at = 0;
  const tensors = new Map(
    [...shapes].map(([name, { dtype, shape }]) => {
      const start = at;
      at += shape.reduce((product, size) => product * size, dtypeBytes[dtype]);
      return [name, { name, dtype, shape, file: "model.safetensors", start, end: at }];
    }),
  );

  test("figures", async () => {
    const config = parseConfig({ ...json, vision_config: vision });
    const planner = new Planner();
    const quant = {
      type: "nf4",
      blockSize: 64,
      doubleQuant: false,
      modules: ["language_model"] as "language_model"[],
    } as const;
    const settings = { ...quant, modules: [...quant.modules] };
    const { fills, parameters } = allocateWeights(planner, config, tensors, settings);
    expect(planner.largest.bytes).toBeLessThanOrEqual(BASELINE_BINDING_BYTES);
    const checkpoint = { label: repo, tensors, versionOf: () => "1" } as unknown as Checkpoint;
    const cache = await openOpfsCache("weights", fakeOpfs().root);
    const { toRead, prepared } = await loadCost(checkpoint, loadingPlan(checkpoint, fills, settings), cache);
    const entry = catalogue.find((e) => e.repo === repo)!;
    expect(entry).toMatchObject({ parameters, fetchBytes: toRead, diskBytes: prepared });
    // Shown with two digits; the exact figure moves with the layout of the weights on the GPU.
    expect(Math.abs(entry.gpuBytes / planner.totalBytes - 1)).toBeLessThan(0.05);
  });
});

test("the demo model comes first, and every entry has a licence", () => {
  expect(catalogue.map(({ repo }) => repo)).toEqual([null, ...Object.keys(published)]);
  expect(catalogue.every(({ licence, name }) => licence !== "" && name !== "")).toBe(true);
});
