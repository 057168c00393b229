/**
 * Shapes of the published checkpoints, in the words of config.json. Where they are from: 256M and 2.2B from public copies of their
 * config.json; 500M is SmolLM2-360M's, and in Q8_0 its language model has the bytes of ggml-org/SmolVLM-500M-Instruct-GGUF
 * (436,806,912, of them 409,190,400 weights at 34 bytes for 32; the rest are norms and the tokenizer).
 */
import type { PublishedModel } from "../family.ts";

/** SigLIP-base at 512 pixels, and so400m at 384. */
const base = { hidden_size: 768, num_attention_heads: 12, image_size: 512, patch_size: 16 };
const so400m = {
  ...{ hidden_size: 1152, intermediate_size: 4304, num_hidden_layers: 27, num_attention_heads: 16 },
  ...{ image_size: 384, patch_size: 14 },
};

/** A SmolLM2 by its width, MLP, layers, heads and heads of keys and values. */
const smolLm2 = (hidden_size: number, intermediate_size: number, layers: number, heads: number, kv: number) => ({
  ...{ model_type: "llama", hidden_size, intermediate_size, num_hidden_layers: layers },
  ...{ num_attention_heads: heads, num_key_value_heads: kv, head_dim: 64 },
  ...{ rms_norm_eps: 1e-5, rope_theta: 1e5, max_position_embeddings: 8192 },
});

const small = { vision_config: base, scale_factor: 4, image_token_id: 49190 };
const large = { vision_config: so400m, scale_factor: 3 };
const texts = {
  256: smolLm2(576, 1536, 30, 9, 3),
  500: smolLm2(960, 2560, 32, 15, 5),
  2200: { ...smolLm2(2048, 8192, 24, 32, 32), rope_theta: 273768, max_position_embeddings: 16384 },
};

export const publishedIdefics3: Record<string, PublishedModel> = {
  "HuggingFaceTB/SmolVLM-256M-Instruct": {
    ...{ dtype: "BF16", vocab: 49280 },
    config: { model_type: "idefics3", text_config: texts[256], ...small },
  },
  "HuggingFaceTB/SmolVLM-500M-Instruct": {
    ...{ dtype: "BF16", vocab: 49280 },
    config: { model_type: "idefics3", text_config: texts[500], ...small },
  },
  "HuggingFaceTB/SmolVLM-Instruct": {
    ...{ dtype: "BF16", vocab: 49155 },
    config: { model_type: "idefics3", text_config: texts[2200], ...large, image_token_id: 49153 },
  },
};

export const publishedSmolvlm: Record<string, PublishedModel> = {
  "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": {
    ...{ dtype: "F32", vocab: 49280 },
    config: { model_type: "smolvlm", text_config: texts[256], ...small },
  },
  "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": {
    ...{ dtype: "F32", vocab: 49280 },
    config: { model_type: "smolvlm", text_config: texts[500], ...small },
  },
  "HuggingFaceTB/SmolVLM2-2.2B-Instruct": {
    ...{ dtype: "F32", vocab: 49280 },
    config: { model_type: "smolvlm", text_config: texts[2200], ...large, image_token_id: 49190 },
  },
};
