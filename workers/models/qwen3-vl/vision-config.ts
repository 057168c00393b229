/**
 * `vision_config` of Qwen3-VL -> sizes: a tower that sees pictures whole, at any size, with one linear for query, key and value; the merger
 * behind it, and one for each layer whose output is added behind the decoder's first layers.
 * transformers: models/qwen3_vl/configuration_qwen3_vl.py; epsilons and the mergers' GELU are modeling_qwen3_vl.py's.
 */
import type { ConnectorConfig, TowerConfig, TowerModules, VlmConfig } from "../config.ts";
import type { ConfigReader } from "../config-json.ts";
import type { Json } from "../family.ts";

const EPS = 1e-6;

const modules: TowerModules = {
  ...{ norm1: "norm1", norm2: "norm2", qkv: ["attn.qkv"], out: "attn.proj" },
  ...{ fc1: "mlp.linear_fc1", fc2: "mlp.linear_fc2" },
};

/** Patches a side that become one feature. */
const mergeOf = (json: Json, { positive }: ConfigReader): number => positive(json, "spatial_merge_size", 2);

export function towerOf(json: Json, reader: ConfigReader): TowerConfig {
  const { refuse, positive, gelu } = reader;
  const type = json.model_type ?? "qwen3_vl";
  if (type !== "qwen3_vl" && type !== "qwen3_vl_vision") refuse(`vision tower type "${String(type)}" is not supported`);
  if (positive(json, "in_channels", 3) !== 3) refuse("a vision tower of other than three colours is not supported");
  const numLayers = positive(json, "depth", 27);
  const [hiddenSize, numHeads] = [positive(json, "hidden_size", 1152), positive(json, "num_heads", 16)];
  if (hiddenSize % numHeads !== 0 || (hiddenSize / numHeads) % 4 !== 0)
    refuse(
      "heads of the vision tower do not have rows and columns of pairs: hidden_size / num_heads is no multiple of 4",
    );
  const tableSide = Math.sqrt(positive(json, "num_position_embeddings", 2304));
  if (!Number.isInteger(tableSide)) refuse("num_position_embeddings is no square");
  const patchSize = positive(json, "patch_size", 16);
  return {
    ...{ hiddenSize, numHeads, numLayers, layersUsed: numLayers },
    intermediateSize: positive(json, "intermediate_size", 4304),
    ...{ imageSize: patchSize * mergeOf(json, reader), patchSize, frames: positive(json, "temporal_patch_size", 2) },
    ...{ layerNormEps: EPS, activation: gelu(json.hidden_act, "gelu_pytorch_tanh", "vision") },
    ...{ classToken: "none", patchBias: true, preNorm: false, postNorm: false, modules },
    freeSize: { tableSide, ropeTheta: ropeThetaOf(json, reader) },
  };
}

/** The base of the tower's rotary angles, which only newer files may say. */
function ropeThetaOf(json: Json, { refuse, number }: ConfigReader): number {
  const rope = (json.rope_parameters ?? {}) as Json;
  const kind = rope.rope_type ?? "axial";
  if (kind !== "axial" && kind !== "default") refuse(`the vision tower's RoPE "${String(kind)}" is not supported`);
  return number(rope, "rope_theta", 10000);
}

/** In the order in which their outputs are added: transformers takes a layer's place in the list, and collects them by depth. */
function deepstackLayers(json: Json, { refuse, positive }: ConfigReader): number[] {
  const [value, numLayers] = [json.deepstack_visual_indexes ?? [8, 16, 24], positive(json, "depth", 27)];
  const isLayer = (n: unknown): n is number =>
    Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) < numLayers;
  if (!Array.isArray(value) || !value.every(isLayer))
    return refuse(`"deepstack_visual_indexes" is not a list of layers below ${numLayers}`);
  if (value.some((layer, n) => n > 0 && layer <= value[n - 1]!))
    return refuse('"deepstack_visual_indexes" does not go from the first layers to the last');
  return value;
}

/** The merger, whose norm is over patches, and those of DeepStack, whose norms are over what becomes one feature. */
export function connectorsOf(
  json: Json,
  textSize: number,
  reader: ConfigReader,
): Required<Pick<VlmConfig, "connector" | "deepstack">> {
  const { positive, refuse } = reader;
  const [inSize, outSize] = [positive(json, "hidden_size", 1152), positive(json, "out_hidden_size", 3584)];
  if (outSize !== textSize) refuse(`out_hidden_size is ${outSize}, and the language model's hidden_size ${textSize}`);
  const shuffle = mergeOf(json, reader);
  const of = (over: "rows" | "shuffled"): ConnectorConfig => ({
    ...{ inSize, outSize, shuffle, hiddenSize: inSize * shuffle ** 2, norm: { over, eps: EPS } },
    ...{ modules: ["linear_fc1", "linear_fc2"], activation: "gelu", bias: true },
  });
  const deepstack = deepstackLayers(json, reader).map((layer) => ({ layer, connector: of("shuffled") }));
  return { connector: of("rows"), deepstack };
}
