/** Shapes that the published checkpoints of the LLaVA families share, in the words of config.json. */

/** CLIP ViT-L/14 at 336 pixels. */
export const towerShapes = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

/** A Llama of so many key-value heads. */
export const decoderShapes = (
  hidden_size: number,
  intermediate_size: number,
  layers: number,
  kv: number,
  heads = 32,
) => ({
  model_type: "llama",
  hidden_size,
  intermediate_size,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  max_position_embeddings: 4096,
  rope_theta: 1e4,
});

/** Llama 3 8B. */
export const llama3Shapes = {
  ...decoderShapes(4096, 14336, 32, 8),
  rms_norm_eps: 1e-5,
  max_position_embeddings: 8192,
  rope_theta: 5e5,
};

/** A Mistral of so many key-value heads, without a window. */
export const mistralShapes = (hidden_size: number, intermediate_size: number, layers: number, kv: number) => ({
  ...decoderShapes(hidden_size, intermediate_size, layers, kv),
  model_type: "mistral",
  max_position_embeddings: 32768,
  rope_theta: 1e6,
  sliding_window: null,
});

/** A Qwen2 with a tied table of 152,000 rows. */
export const qwen2Shapes = (hidden: number, intermediate: number, layers: number, heads: number, kv: number) => ({
  model_type: "qwen2",
  hidden_size: hidden,
  intermediate_size: intermediate,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kv,
  max_position_embeddings: 32768,
  rope_theta: 1e6,
  tie_word_embeddings: true,
});

/** SigLIP so400m at 384 pixels without its last layer, whose output is taken as it is. */
export const siglipShapes = {
  model_type: "siglip_vision_model",
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 26,
  num_attention_heads: 16,
  image_size: 384,
  patch_size: 14,
};

/** public/demo/model/config.json; a test holds the two together. */
export const demoShapes = {
  model_type: "llava",
  image_token_index: 3,
  text_config: {
    model_type: "llama",
    hidden_size: 192,
    intermediate_size: 512,
    num_hidden_layers: 5,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
  },
  vision_config: {
    hidden_size: 192,
    intermediate_size: 512,
    num_hidden_layers: 5,
    num_attention_heads: 3,
    image_size: 96,
    patch_size: 16,
  },
  vocab_size: 2048,
};
