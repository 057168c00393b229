/**
 * `config.json` of Qwen3-VL -> sizes: a Qwen3 with three rotary positions a token; its tower is in vision-config.ts.
 * transformers: models/qwen3_vl/configuration_qwen3_vl.py and modeling_qwen3_vl.py.
 */
import type { DecoderConfig, VlmConfig } from "../config.ts";
import { configReader } from "../config-json.ts";
import type { Json } from "../family.ts";
import { checkSizes, isTied } from "../llava/config.ts";
import { qwen3VlNames } from "./names.ts";
import { connectorsOf, towerOf } from "./vision-config.ts";

export const reader = configReader(
  "Choose a Qwen3-VL checkpoint that is no mixture of experts, such as Qwen3-VL-2B-Instruct.",
);
const { refuse, number, positive } = reader;

/** Sizes of a checkpoint. Throws TabTuneError "unsupported-model". */
export function parseQwen3VlConfig(root: Json): VlmConfig {
  const text = (root.text_config ?? {}) as Json;
  const vision = (root.vision_config ?? {}) as Json;
  const decoder = decoderOf(text, isTied(root));
  const tower = towerOf(vision, reader);
  checkSizes(decoder, tower, reader);
  const { connector, deepstack } = connectorsOf(vision, decoder.hiddenSize, reader);
  const depths = deepstack?.length ?? 0;
  if (depths > decoder.numLayers)
    refuse(`deepstack_visual_indexes names ${depths} layers, and the language model has ${decoder.numLayers}`);
  const pad = root.pad_token_id ?? text.pad_token_id;
  return {
    ...{ modelType: "qwen3_vl", names: qwen3VlNames, decoder, tower, connector, deepstack },
    imageTokenId: number(root, "image_token_id", 151655),
    padTokenId: typeof pad === "number" ? pad : null,
    extraRow: null,
    blends: false,
  };
}

function decoderOf(json: Json, tiedHead: boolean): DecoderConfig {
  const type = json.model_type ?? "qwen3_vl_text";
  if (type !== "qwen3_vl_text") refuse(`language model type "${String(type)}" is not supported`);
  const activation = json.hidden_act ?? "silu";
  if (activation !== "silu") refuse(`language model activation "${String(activation)}" is not supported`);
  if (json.attention_bias === true) refuse("a Qwen3 with biases is not supported");
  const rope = (json.rope_parameters ?? json.rope_scaling ?? {}) as Json;
  const ropeType = rope.rope_type ?? rope.type ?? "default";
  if (ropeType !== "default") refuse(`RoPE scaling "${String(ropeType)}" is not supported`);
  if (rope.mrope_interleaved === false) refuse('"mrope_interleaved" is false, and transformers knows only true');
  const numHeads = positive(json, "num_attention_heads", 32);
  const headSize = positive(json, "head_dim", 128);
  return {
    hiddenSize: positive(json, "hidden_size", 4096),
    intermediateSize: positive(json, "intermediate_size", 22016),
    numLayers: positive(json, "num_hidden_layers", 32),
    ...{ numHeads, headSize },
    numKvHeads: json.num_key_value_heads === null ? numHeads : positive(json, "num_key_value_heads", 32),
    rmsNormEps: number(json, "rms_norm_eps", 1e-6),
    ropeTheta: number(json, "rope_theta", number(rope, "rope_theta", 500000)),
    ropeAxes: interleavedAxes(headSize / 2, sectionOf(rope)),
    ...{ qkNorm: true, qkvBias: false },
    maxPositions: positive(json, "max_position_embeddings", 128000),
    tiedHead,
  };
}

/** Pairs of a head that turn by time, row and column. */
function sectionOf({ mrope_section: section = [24, 20, 20] }: Json): number[] {
  const sound =
    Array.isArray(section) && section.length === 3 && section.every((n) => Number.isSafeInteger(n) && n > 0);
  return sound ? section : refuse('"mrope_section" is not a list of three whole numbers above 0');
}

/** The same of a config.json. */
export function sectionsOf({ text_config }: Json): number[] {
  const text = (text_config ?? {}) as Json;
  return sectionOf((text.rope_parameters ?? text.rope_scaling ?? {}) as Json);
}

/**
 * By which of time, row and column each pair of a head turns: in turns, as long as the sections of row and column last, and by time from
 * there on. transformers: Qwen3VLTextRotaryEmbedding.recomposition_frequencies.
 */
const interleavedAxes = (pairs: number, section: readonly number[]): number[] =>
  Array.from({ length: pairs }, (_, i) => (i % 3 > 0 && i < 3 * section[i % 3]! ? i % 3 : 0));
