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
export const decoderShapes = (hidden_size: number, intermediate_size: number, layers: number, kv: number) => ({
  model_type: "llama",
  hidden_size,
  intermediate_size,
  num_hidden_layers: layers,
  num_attention_heads: 32,
  num_key_value_heads: kv,
  max_position_embeddings: 4096,
  rope_theta: 1e4,
});

/** A Mistral of so many key-value heads, without a window. */
export const mistralShapes = (hidden_size: number, intermediate_size: number, layers: number, kv: number) => ({
  ...decoderShapes(hidden_size, intermediate_size, layers, kv),
  model_type: "mistral",
  max_position_embeddings: 32768,
  rope_theta: 1e6,
  sliding_window: null,
});

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
