/**
 * `config.json` of a LLaVA checkpoint -> sizes. Only what the files say, with transformers' own defaults for what hub files leave
 * out (transformers: configuration_llama.py, configuration_mistral.py, configuration_clip.py, configuration_llava.py).
 * The vocabulary is not read here: the rows of the embedding tensor are the truth.
 */
import { TabTuneError } from "../errors.ts";

export interface TextConfig {
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  numHeads: number;
  numKvHeads: number;
  headSize: number;
  rmsNormEps: number;
  ropeTheta: number;
  /** Longest sequence. A sliding window counts too: within it attention is as without one. */
  maxPositions: number;
}

export type Gelu = "quick_gelu" | "gelu" | "gelu_pytorch_tanh";

export interface VisionConfig {
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  numHeads: number;
  imageSize: number;
  patchSize: number;
  layerNormEps: number;
  activation: Gelu;
}

export interface LlavaConfig {
  kind: "llava" | "llava_next";
  languageModel: "llama" | "mistral";
  text: TextConfig;
  vision: VisionConfig;
  projectorActivation: Gelu;
  projectorBias: boolean;
  /** Encoder layers that are run: `vision_feature_layer` -2 leaves the last one out. */
  visionLayersUsed: number;
  featureSelect: "default" | "full";
  imageTokenId: number;
  padTokenId: number | null;
  /** The output head is the embedding table; where it is not, the checkpoint has an `lm_head` of its own. */
  tiedHead: boolean;
  gridPinpoints: [number, number][];
  /** Cap on the tiles of one picture, from the recipe. */
  maxImageTiles: number | null;
}

type Json = Record<string, unknown>;

const refuse = (what: string): never => {
  throw new TabTuneError(
    "unsupported-model",
    `config.json: ${what}.`,
    "Choose a LLaVA-1.5 or LLaVA-NeXT checkpoint with a Llama or Mistral language model and a CLIP vision tower.",
  );
};

function number(json: Json, key: string, fallback?: number): number {
  const value = json[key] ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value)) return refuse(`"${key}" is not a number`);
  return value;
}

function positive(json: Json, key: string, fallback?: number): number {
  const value = number(json, key, fallback);
  if (!Number.isInteger(value) || value <= 0) return refuse(`"${key}" is ${value}, not a positive whole number`);
  return value;
}

function gelu(value: unknown, fallback: Gelu, where: string): Gelu {
  const name = value ?? fallback;
  if (name === "quick_gelu" || name === "gelu" || name === "gelu_pytorch_tanh") return name;
  return refuse(`${where} activation "${String(name)}" is not known`);
}

function languageModel(json: Json): "llama" | "mistral" {
  const type = json.model_type ?? "llama";
  if (type === "llama" || type === "mistral") return type;
  return refuse(`language model type "${String(type)}" is not supported`);
}

function textConfig(json: Json): TextConfig {
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
    maxPositions: windowed ? Math.min(positions, positive(json, "sliding_window", 4096)) : positions,
  };
}

function visionConfig(json: Json): VisionConfig {
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

/** (height, width) of the grids of llava-v1.6. */
const usualPinpoints = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]; // biome-ignore format: a row

function pinpoints(value: unknown): [number, number][] {
  const isSide = (side: unknown): boolean => Number.isSafeInteger(side) && (side as number) > 0;
  const sound =
    Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isSide));
  return sound ? (value as [number, number][]) : refuse('"image_grid_pinpoints" is not a list of heights and widths');
}

/**
 * transformers up to 4.x asks the language model's configuration, 5.x the whole model's. Files write only what is no default, and
 * false is the default of Llama, Mistral and (5.x) LLaVA: a head that is tied is said to be so in one of the two places.
 */
function isTied(root: Json): boolean {
  const text = (root.text_config ?? {}) as Json;
  return root.tie_word_embeddings === true || text.tie_word_embeddings === true;
}

/** Throws TabTuneError "not-a-llava-checkpoint" or "unsupported-model". */
export function parseConfig(json: unknown, maxImageTiles: number | null = null): LlavaConfig {
  const root = (typeof json === "object" && json !== null ? json : {}) as Json;
  const type = root.model_type;
  if (type !== "llava" && type !== "llava_next") {
    throw new TabTuneError(
      "not-a-llava-checkpoint",
      `config.json says model_type "${String(type)}", which is not a LLaVA model.`,
      "Choose the folder of a LLaVA checkpoint in Hugging Face form, such as llava-hf/llava-1.5-7b-hf.",
    );
  }
  const text = textConfig((root.text_config ?? {}) as Json);
  const vision = visionConfig((root.vision_config ?? vitL336) as Json);
  if (text.numHeads % text.numKvHeads !== 0) refuse("num_attention_heads is not a multiple of num_key_value_heads");
  if (vision.imageSize % vision.patchSize !== 0) refuse("image_size is not a multiple of patch_size");
  for (const [name, size] of Object.entries({
    "text hidden_size": text.hiddenSize,
    "text intermediate_size": text.intermediateSize,
    "vision hidden_size": vision.hiddenSize,
    "vision intermediate_size": vision.intermediateSize,
  })) {
    if (size % 8 !== 0) refuse(`${name} ${size} is not a multiple of 8`);
  }
  const featureLayer = root.vision_feature_layer ?? -2;
  if (typeof featureLayer !== "number") refuse("several vision feature layers are not supported");
  const hidden = featureLayer as number;
  const visionLayersUsed = hidden < 0 ? vision.numLayers + 1 + hidden : hidden;
  if (visionLayersUsed < 0 || visionLayersUsed > vision.numLayers)
    refuse(`vision_feature_layer ${hidden} does not exist`);
  const select = root.vision_feature_select_strategy ?? "default";
  if (select !== "default" && select !== "full")
    refuse(`vision_feature_select_strategy "${String(select)}" is not known`);
  return {
    kind: type,
    languageModel: languageModel((root.text_config ?? {}) as Json),
    text,
    vision,
    projectorActivation: gelu(root.projector_hidden_act, "gelu", "projector"),
    projectorBias: root.multimodal_projector_bias !== false,
    visionLayersUsed,
    featureSelect: select as "default" | "full",
    imageTokenId: number(root, "image_token_index", number(root, "image_token_id", 32000)),
    tiedHead: isTied(root),
    padTokenId: typeof root.pad_token_id === "number" ? root.pad_token_id : null,
    gridPinpoints: type === "llava_next" ? pinpoints(root.image_grid_pinpoints ?? usualPinpoints) : [],
    maxImageTiles,
  };
}

/** Patches of one tile: (imageSize / patchSize)². */
export const patchesPerTile = (v: VisionConfig): number => (v.imageSize / v.patchSize) ** 2;

/** Feature rows that one tile gives the language model. */
export const featuresPerTile = (c: LlavaConfig): number =>
  patchesPerTile(c.vision) + (c.featureSelect === "full" ? 1 : 0);

/** Columns of the packed q|k|v projection. */
export const qkvSize = (t: TextConfig): number => (t.numHeads + 2 * t.numKvHeads) * t.headSize;
