/** The record of a run as the first versions wrote it, with this program's own sizes of a model in place of its config.json. */
import * as v from "valibot";

const sizes = v.record(v.string(), v.union([v.number(), v.string()]));
const written = v.looseObject({
  model: v.object({
    kind: v.string(),
    /** The first versions read no other, but Mistral's, whose layers are the same. */
    languageModel: v.optional(v.string(), "llama"),
    text: sizes,
    vision: sizes,
    projectorActivation: v.string(),
    projectorBias: v.boolean(),
    visionLayersUsed: v.number(),
    featureSelect: v.string(),
    imageTokenId: v.number(),
    padTokenId: v.nullable(v.number()),
    tiedHead: v.optional(v.boolean(), false),
    gridPinpoints: v.array(v.tuple([v.number(), v.number()])),
  }),
  processor: v.optional(
    v.object({ patchSize: v.number(), featureSelect: v.string(), additionalImageTokens: v.number() }),
  ),
});

type Written = v.InferOutput<typeof written>;

/** The sizes under the names of the config.json that they were read from. */
function upgraded({ model, processor, ...rest }: Written): Record<string, unknown> {
  const { text, vision } = model;
  const modelConfig = {
    model_type: model.kind,
    text_config: {
      model_type: model.languageModel,
      hidden_size: text.hiddenSize,
      intermediate_size: text.intermediateSize,
      num_hidden_layers: text.numLayers,
      num_attention_heads: text.numHeads,
      num_key_value_heads: text.numKvHeads,
      head_dim: text.headSize,
      rms_norm_eps: text.rmsNormEps,
      rope_theta: text.ropeTheta,
      max_position_embeddings: text.maxPositions,
      sliding_window: null,
    },
    vision_config: {
      hidden_size: vision.hiddenSize,
      intermediate_size: vision.intermediateSize,
      num_hidden_layers: vision.numLayers,
      num_attention_heads: vision.numHeads,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      layer_norm_eps: vision.layerNormEps,
      hidden_act: vision.activation,
    },
    projector_hidden_act: model.projectorActivation,
    multimodal_projector_bias: model.projectorBias,
    vision_feature_layer: model.visionLayersUsed,
    vision_feature_select_strategy: model.featureSelect,
    image_token_index: model.imageTokenId,
    pad_token_id: model.padTokenId,
    tie_word_embeddings: model.tiedHead,
    image_grid_pinpoints: model.gridPinpoints,
  };
  const attributes = processor && {
    patch_size: processor.patchSize,
    vision_feature_select_strategy: processor.featureSelect,
    num_additional_image_tokens: processor.additionalImageTokens,
  };
  return { ...rest, schema: 1, modelConfig, ...(attributes ? { processor: attributes } : {}) };
}

/** Reads schema 0, and gives schema 1. */
export const schema0 = v.pipe(written, v.transform(upgraded));
