/**
 * `config.json` of the LLaVA families -> sizes. Only what the files say, with transformers' own defaults for what hub files leave
 * out (transformers: configuration_llama.py, configuration_mistral.py, configuration_clip.py, configuration_llava.py).
 */
import type { DecoderConfig, TowerConfig, VlmConfig } from "../config.ts";
import { type ConfigReader, configReader } from "../config-json.ts";
import type { Json } from "../family.ts";
import { llavaNames } from "./names.ts";

export const reader = configReader(
  "Choose a LLaVA-1.5 or LLaVA-NeXT checkpoint with a Llama or Mistral language model and a CLIP vision tower.",
);
const { refuse, number, positive, gelu } = reader;

/** Of `text_config`. */
export function languageModel(json: Json): "llama" | "mistral" {
  const type = json.model_type ?? "llama";
  if (type === "llama" || type === "mistral") return type;
  return refuse(`language model type "${String(type)}" is not supported`);
}

/** Of `text_config`; `from` is the reader of the family, which refuses in its words. */
export function decoderConfig(json: Json, tiedHead: boolean, from: ConfigReader = reader): DecoderConfig {
  const { refuse, number, positive } = from;
  const mistral = languageModel(json) === "mistral";
  const activation = json.hidden_act ?? "silu";
  if (activation !== "silu") refuse(`language model activation "${String(activation)}" is not supported`);
  if (json.attention_bias === true || json.mlp_bias === true) refuse("language models with biases are not supported");
  const hiddenSize = positive(json, "hidden_size", 4096);
  const numHeads = positive(json, "num_attention_heads", 32);
  const rope = (json.rope_parameters ?? json.rope_scaling ?? {}) as Json;
  const ropeType = rope.rope_type ?? rope.type ?? "default";
  if (ropeType !== "default") refuse(`RoPE scaling "${String(ropeType)}" is not supported`);
  const positions = positive(json, "max_position_embeddings", mistral ? 131072 : 2048);
  // null says that there is none; Mistral's default, when nothing is said, is a window.
  const windowed = mistral && json.sliding_window !== null;
  return {
    hiddenSize,
    intermediateSize: positive(json, "intermediate_size", mistral ? 14336 : 11008),
    numLayers: positive(json, "num_hidden_layers", 32),
    numHeads,
    numKvHeads: positive(json, "num_key_value_heads", mistral ? 8 : numHeads),
    headSize: positive(json, "head_dim", hiddenSize / numHeads),
    rmsNormEps: number(json, "rms_norm_eps", 1e-6),
    ropeTheta: number(json, "rope_theta", number(rope, "rope_theta", 10000)),
    qkvBias: false,
    maxPositions: windowed ? Math.min(positions, positive(json, "sliding_window", 4096)) : positions,
    tiedHead,
  };
}

function towerConfig(json: Json): Omit<TowerConfig, "layersUsed" | "classToken"> {
  const type = json.model_type ?? "clip_vision_model";
  if (type !== "clip_vision_model") refuse(`vision tower type "${String(type)}" is not supported`);
  return {
    hiddenSize: positive(json, "hidden_size", 768),
    intermediateSize: positive(json, "intermediate_size", 3072),
    numLayers: positive(json, "num_hidden_layers", 12),
    numHeads: positive(json, "num_attention_heads", 12),
    imageSize: positive(json, "image_size", 224),
    patchSize: positive(json, "patch_size", 32),
    layerNormEps: number(json, "layer_norm_eps", 1e-5),
    activation: gelu(json.hidden_act, "quick_gelu", "vision"),
    ...{ patchBias: false, preNorm: true, postNorm: false },
  };
}

/** CLIP ViT-L/14 at 336 pixels: what a file without any vision_config means. One that is there has CLIP's own defaults. */
const vitL336: Json = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

/**
 * transformers up to 4.x asks the language model's configuration, 5.x the whole model's. Files write only what is no default, and
 * false is the default of Llama, Mistral and (5.x) LLaVA: a head that is tied is said to be so in one of the two places.
 */
export function isTied(root: Json): boolean {
  const text = (root.text_config ?? {}) as Json;
  return root.tie_word_embeddings === true || text.tie_word_embeddings === true;
}

/** What the kernels ask of sizes. */
export function checkSizes(
  decoder: DecoderConfig,
  vision: Pick<TowerConfig, "hiddenSize" | "intermediateSize">,
  { refuse }: ConfigReader,
): void {
  if (decoder.numHeads % decoder.numKvHeads !== 0)
    refuse("num_attention_heads is not a multiple of num_key_value_heads");
  for (const [name, size] of Object.entries({
    "text hidden_size": decoder.hiddenSize,
    "text intermediate_size": decoder.intermediateSize,
    "vision hidden_size": vision.hiddenSize,
    "vision intermediate_size": vision.intermediateSize,
  })) {
    if (size % 8 !== 0) refuse(`${name} ${size} is not a multiple of 8`);
  }
}

/** LlavaMultiModalProjector. */
export const llavaConnector = { shuffle: 1, modules: ["linear_1", "linear_2"] } as const;

/** Sizes of a LLaVA checkpoint; LLaVA-NeXT adds its extra row. Throws TabTuneError "unsupported-model". */
export function parseLlavaConfig(root: Json, modelType: string): VlmConfig {
  const decoder = decoderConfig((root.text_config ?? {}) as Json, isTied(root));
  const vision = towerConfig((root.vision_config ?? vitL336) as Json);
  checkSizes(decoder, vision, reader);
  if (vision.imageSize % vision.patchSize !== 0) refuse("image_size is not a multiple of patch_size");
  const tower: TowerConfig = {
    ...vision,
    layersUsed: layersUsed(root, vision.numLayers),
    classToken: keepsClass(root) ? "kept" : "dropped",
  };
  return {
    modelType,
    names: llavaNames,
    decoder,
    tower,
    connector: {
      inSize: tower.hiddenSize,
      outSize: decoder.hiddenSize,
      ...llavaConnector,
      activation: gelu(root.projector_hidden_act, "gelu", "projector"),
      bias: root.multimodal_projector_bias !== false,
    },
    imageTokenId: number(root, "image_token_index", number(root, "image_token_id", 32000)),
    padTokenId: typeof root.pad_token_id === "number" ? root.pad_token_id : null,
    extraRow: null,
    blends: false,
  };
}

/** Encoder layers that are run: `vision_feature_layer` -2 leaves the last one out. */
function layersUsed(root: Json, numLayers: number): number {
  const featureLayer = root.vision_feature_layer ?? -2;
  if (typeof featureLayer !== "number") refuse("several vision feature layers are not supported");
  const hidden = featureLayer as number;
  const used = hidden < 0 ? numLayers + 1 + hidden : hidden;
  if (used < 0 || used > numLayers) refuse(`vision_feature_layer ${hidden} does not exist`);
  return used;
}

function keepsClass(root: Json): boolean {
  const select = root.vision_feature_select_strategy ?? "default";
  if (select !== "default" && select !== "full")
    refuse(`vision_feature_select_strategy "${String(select)}" is not known`);
  return select === "full";
}
