/** The published checkpoints by their shapes: what plans, the catalogue and the bench are computed from without the files. */
import { type LlavaConfig, parseConfig } from "./config.ts";
import type { TensorFacts } from "./weights.ts";

export const vision = {
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
export const published = {
  "bczhou/tiny-llava-v1-hf": { model_type: "llava", dtype: "F32", text_config: text(2048, 5632, 22, 4) },
  "llava-hf/llava-1.5-7b-hf": { model_type: "llava", dtype: "F16", text_config: text(4096, 11008, 32, 32) },
  "llava-hf/llava-v1.6-mistral-7b-hf": {
    model_type: "llava_next",
    dtype: "F16",
    text_config: text(4096, 14336, 32, 8, "mistral"),
    image_grid_pinpoints: [
      [336, 672],
      [672, 336],
      [672, 672],
      [1008, 336],
      [336, 1008],
    ],
  },
} as const;

export type Published = keyof typeof published;

export const configOf = (repo: Published): LlavaConfig => parseConfig({ ...published[repo], vision_config: vision });

/** A checkpoint by its config.json; without the last two, with the published models' tower and vocabulary. */
export interface CheckpointShapes {
  model_type: "llava" | "llava_next";
  dtype: TensorFacts["dtype"];
  text_config: Pick<
    ReturnType<typeof text>,
    "hidden_size" | "intermediate_size" | "num_hidden_layers" | "num_attention_heads" | "num_key_value_heads"
  >;
  vision_config?: typeof vision;
  vocab_size?: number;
}

/** Names and shapes of the tensors, as transformers wrote them before 4.52. */
export function tensorsOf({
  dtype,
  text_config: t,
  model_type,
  vision_config: v = vision,
  vocab_size: vocab = 32064,
}: CheckpointShapes): Map<string, TensorFacts> {
  const tensors = new Map<string, TensorFacts>();
  const add = (name: string, ...shape: number[]): void => void tensors.set(name, { dtype, shape });
  const affine = (name: string, out: number, ...rest: number[]): void => {
    add(`${name}.weight`, out, ...rest);
    add(`${name}.bias`, out);
  };
  const h = t.hidden_size;
  const kv = (h / t.num_attention_heads) * t.num_key_value_heads;
  const tower = "vision_tower.vision_model";
  const c = v.hidden_size;
  add(`${tower}.embeddings.class_embedding`, c);
  add(`${tower}.embeddings.patch_embedding.weight`, c, 3, v.patch_size, v.patch_size);
  add(`${tower}.embeddings.position_embedding.weight`, (v.image_size / v.patch_size) ** 2 + 1, c);
  for (const norm of ["pre_layrnorm", "post_layernorm"]) affine(`${tower}.${norm}`, c);
  for (let n = 0; n < v.num_hidden_layers; n++) {
    const layer = `${tower}.encoder.layers.${n}`;
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"]) affine(`${layer}.self_attn.${part}`, c, c);
    for (const norm of ["layer_norm1", "layer_norm2"]) affine(`${layer}.${norm}`, c);
    affine(`${layer}.mlp.fc1`, v.intermediate_size, c);
    affine(`${layer}.mlp.fc2`, c, v.intermediate_size);
  }
  affine("multi_modal_projector.linear_1", h, c);
  affine("multi_modal_projector.linear_2", h, h);
  if (model_type === "llava_next") add("image_newline", h);
  const language = "language_model.model";
  add(`${language}.embed_tokens.weight`, vocab, h);
  for (let n = 0; n < t.num_hidden_layers; n++) {
    const layer = `${language}.layers.${n}`;
    for (const [part, out] of Object.entries({ q_proj: h, k_proj: kv, v_proj: kv, o_proj: h }))
      add(`${layer}.self_attn.${part}.weight`, out, h);
    for (const part of ["gate_proj", "up_proj"]) add(`${layer}.mlp.${part}.weight`, t.intermediate_size, h);
    add(`${layer}.mlp.down_proj.weight`, h, t.intermediate_size);
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) add(`${layer}.${norm}.weight`, h);
  }
  add(`${language}.norm.weight`, h);
  add("language_model.lm_head.weight", vocab, h);
  return tensors;
}
