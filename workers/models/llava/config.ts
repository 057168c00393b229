/**
 * `config.json` of the LLaVA families -> sizes. Only what the files say, with transformers' own defaults for what hub files leave
 * out (transformers: configuration_llama.py, configuration_mistral.py, configuration_qwen2.py, configuration_clip.py,
 * configuration_siglip.py, configuration_llava.py).
 */
import type { GeluKind } from "../../kernels/activation/gelu.ts";
import type { DecoderConfig, TowerConfig, VlmConfig } from "../config.ts";
import { type ConfigReader, configReader } from "../config-json.ts";
import type { Json } from "../family.ts";
import { llavaNames } from "./names.ts";

/** What the families of LLaVA do not share: their words for a refusal, and what a file means that says nothing. */
export interface LlavaKind {
  reader: ConfigReader;
  /** Of a text_config or a vision_config without a type; `visionConfig` of a file without one. */
  text: LanguageModel;
  tower: TowerKind;
  visionConfig: Json;
  /** Towers that the family's pictures are made for. */
  towers: readonly TowerKind[];
  featureLayer: number;
  select: "default" | "full";
  imageToken: number;
}

export type LanguageModel = "llama" | "mistral" | "qwen2";
type TowerKind = "clip_vision_model" | "siglip_vision_model";

export const reader = configReader(
  "Choose a LLaVA-1.5, LLaVA-NeXT, LLaVA-Interleave or LLaVA-OneVision checkpoint with a Llama, Mistral or Qwen2 language model and a CLIP or SigLIP vision tower.",
);

/** transformers' defaults. */
const textDefaults = {
  llama: { intermediate: 11008, kvHeads: undefined, positions: 2048 },
  mistral: { intermediate: 14336, kvHeads: 8, positions: 131072 },
  qwen2: { intermediate: 22016, kvHeads: 32, positions: 32768 },
} as const satisfies Record<LanguageModel, unknown>;

/** Of `text_config`. */
export function languageModel(json: Json, usual: LanguageModel = "llama", { refuse } = reader): LanguageModel {
  const type = json.model_type ?? usual;
  if (type === "llama" || type === "mistral" || type === "qwen2") return type;
  return refuse(`language model type "${String(type)}" is not supported`);
}

/** Rows within which attention is as without a window; undefined where there is none. */
function windowOf(json: Json, model: LanguageModel, { positive }: ConfigReader): number | undefined {
  if (model === "llama" || json.sliding_window === null) return undefined;
  // Mistral's default, when nothing is said, is a window; Qwen2 has one only where it says that it uses it.
  if (model === "qwen2" && json.use_sliding_window !== true) return undefined;
  return positive(json, "sliding_window", 4096);
}

/** Of `text_config`; `from` is the reader of the family, which refuses in its words, `usual` what a file without a type means. */
export function decoderConfig(
  json: Json,
  tiedHead: boolean,
  from: ConfigReader = reader,
  usual: LanguageModel = "llama",
): DecoderConfig {
  const { refuse, number, positive } = from;
  const model = languageModel(json, usual, from);
  const defaults = textDefaults[model];
  const activation = json.hidden_act ?? "silu";
  if (activation !== "silu") refuse(`language model activation "${String(activation)}" is not supported`);
  // Qwen2's biases are in its class: q, k and v have one whatever its file says, and nothing else does.
  const qkvBias = model === "qwen2";
  if (!qkvBias && (json.attention_bias === true || json.mlp_bias === true))
    refuse("a Llama or Mistral with biases is not supported");
  const hiddenSize = positive(json, "hidden_size", 4096);
  const numHeads = positive(json, "num_attention_heads", 32);
  const rope = (json.rope_parameters ?? json.rope_scaling ?? {}) as Json;
  const ropeType = rope.rope_type ?? rope.type ?? "default";
  if (ropeType !== "default") refuse(`RoPE scaling "${String(ropeType)}" is not supported`);
  const positions = positive(json, "max_position_embeddings", defaults.positions);
  return {
    hiddenSize,
    intermediateSize: positive(json, "intermediate_size", defaults.intermediate),
    numLayers: positive(json, "num_hidden_layers", 32),
    numHeads,
    numKvHeads: positive(json, "num_key_value_heads", defaults.kvHeads ?? numHeads),
    headSize: positive(json, "head_dim", hiddenSize / numHeads),
    rmsNormEps: number(json, "rms_norm_eps", 1e-6),
    ropeTheta: number(json, "rope_theta", number(rope, "rope_theta", 10000)),
    ...{ qkvBias, qkNorm: false, ropeAxes: undefined },
    maxPositions: Math.min(positions, windowOf(json, model, from) ?? positions),
    tiedHead,
  };
}

/** What differs between the towers; both have the sizes of a ViT-B where a file leaves them out. */
const towers: Record<TowerKind, { patch: number; eps: number; activation: GeluKind; switches: TowerSwitches }> = {
  clip_vision_model: {
    patch: 32,
    eps: 1e-5,
    activation: "quick_gelu",
    switches: { patchBias: false, preNorm: true, postNorm: false },
  },
  // What is taken of it are hidden states, which its last norm is not part of.
  siglip_vision_model: {
    patch: 16,
    eps: 1e-6,
    activation: "gelu_pytorch_tanh",
    switches: { patchBias: true, preNorm: false, postNorm: false },
  },
};
type TowerSwitches = Pick<TowerConfig, "patchBias" | "preNorm" | "postNorm">;

function towerConfig(root: Json, kind: LlavaKind): TowerConfig {
  const { refuse, number, positive, gelu } = kind.reader;
  const json = (root.vision_config ?? kind.visionConfig) as Json;
  const type = (json.model_type ?? kind.tower) as TowerKind;
  if (!kind.towers.includes(type)) refuse(`vision tower type "${String(type)}" is not supported`);
  const { patch, eps, activation, switches } = towers[type];
  const numLayers = positive(json, "num_hidden_layers", 12);
  const [imageSize, patchSize] = [positive(json, "image_size", 224), positive(json, "patch_size", patch)];
  const full = takesAll(root, kind);
  const hasClass = type === "clip_vision_model";
  if (hasClass && imageSize % patchSize !== 0) refuse("image_size is not a multiple of patch_size");
  if (imageSize < patchSize) refuse(`image_size ${imageSize} is less than patch_size ${patchSize}`);
  if (!hasClass && !full)
    refuse('vision_feature_select_strategy "default" would drop a patch of a tower without a class token');
  return {
    hiddenSize: positive(json, "hidden_size", 768),
    intermediateSize: positive(json, "intermediate_size", 3072),
    ...{ numLayers, layersUsed: layersUsed(root, numLayers, kind) },
    numHeads: positive(json, "num_attention_heads", 12),
    ...{ imageSize, patchSize, layerNormEps: number(json, "layer_norm_eps", eps) },
    activation: gelu(json.hidden_act, activation, "vision"),
    classToken: hasClass ? (full ? "kept" : "dropped") : "none",
    ...switches,
  };
}

/** CLIP ViT-L/14 at 336 pixels: what a file without any vision_config means. One that is there has CLIP's own defaults. */
const vitL336: Json = {
  model_type: "clip_vision_model",
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

/** LLaVA-1.5 and what stands on it. */
export const llavaKind: LlavaKind = {
  reader,
  ...{ text: "llama", tower: "clip_vision_model", visionConfig: vitL336 },
  towers: ["clip_vision_model", "siglip_vision_model"],
  ...{ featureLayer: -2, select: "default", imageToken: 32000 },
};

/** Sizes of a LLaVA checkpoint; families with tiles add their extra row. Throws TabTuneError "unsupported-model". */
export function parseLlavaConfig(root: Json, modelType: string, kind: LlavaKind = llavaKind): VlmConfig {
  const { number, gelu } = kind.reader;
  const decoder = decoderConfig((root.text_config ?? {}) as Json, isTied(root), kind.reader, kind.text);
  const tower = towerConfig(root, kind);
  checkSizes(decoder, tower, kind.reader);
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
    imageTokenId: number(root, "image_token_index", number(root, "image_token_id", kind.imageToken)),
    padTokenId: typeof root.pad_token_id === "number" ? root.pad_token_id : null,
    extraRow: null,
    blends: false,
  };
}

/** Encoder layers that are run: `vision_feature_layer` -2 leaves the last one out. */
function layersUsed(root: Json, numLayers: number, { reader: { refuse }, featureLayer }: LlavaKind): number {
  const hidden = root.vision_feature_layer ?? featureLayer;
  if (typeof hidden !== "number") return refuse("several vision feature layers are not supported");
  const used = hidden < 0 ? numLayers + 1 + hidden : hidden;
  if (used < 0 || used > numLayers) refuse(`vision_feature_layer ${hidden} does not exist`);
  return used;
}

/** Whether all of the tower's rows are taken, or all but the first. */
function takesAll(root: Json, { reader: { refuse }, select: usual }: LlavaKind): boolean {
  const select = root.vision_feature_select_strategy ?? usual;
  if (select !== "default" && select !== "full")
    refuse(`vision_feature_select_strategy "${String(select)}" is not known`);
  return select === "full";
}
