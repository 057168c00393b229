/**
 * Shapes of the published checkpoints, in the words of config.json. Where they are from: 4B from public copies of its config.json; of 2B,
 * Qwen3-1.7B's language model and 4B's tower, whose parameters are then the 2,127,532,032 that the hub counts.
 */
import type { PublishedModel } from "../family.ts";

/** One of so many layers, by its widths and heads. */
const model = (hidden: number, intermediate: number, layers: number, heads: number): PublishedModel => ({
  ...{ dtype: "BF16", vocab: 151936 },
  config: {
    ...{ model_type: "qwen3_vl", image_token_id: 151655, tie_word_embeddings: true },
    text_config: {
      ...{
        model_type: "qwen3_vl_text",
        hidden_size: hidden,
        intermediate_size: intermediate,
        num_hidden_layers: layers,
      },
      ...{ num_attention_heads: heads, num_key_value_heads: 8, head_dim: 128, rms_norm_eps: 1e-6, rope_theta: 5e6 },
      rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: "default" },
      max_position_embeddings: 262144,
    },
    vision_config: {
      ...{ depth: 24, hidden_size: 1024, intermediate_size: 4096, num_heads: 16, num_position_embeddings: 2304 },
      ...{ patch_size: 16, temporal_patch_size: 2, spatial_merge_size: 2, out_hidden_size: hidden },
      deepstack_visual_indexes: [5, 11, 17],
    },
  },
});

export const publishedQwen3Vl: Readonly<Record<string, PublishedModel>> = {
  "Qwen/Qwen3-VL-2B-Instruct": model(2048, 6144, 28, 16),
  "Qwen/Qwen3-VL-4B-Instruct": model(2560, 9728, 36, 32),
};
