/**
 * `config.json` of Idefics3 and SmolVLM -> sizes: a Llama, SigLIP's tower behind its last norm, pixel shuffle and one linear.
 * transformers: models/idefics3/configuration_idefics3.py and modeling_idefics3.py; models/smolvlm/ has the same maths for pictures.
 */
import { type TowerConfig, tokensPerTile, type VlmConfig } from "../config.ts";
import { configReader } from "../config-json.ts";
import type { Json } from "../family.ts";
import { checkSizes, decoderConfig, isTied } from "../llava/config.ts";
import { idefics3Names } from "./names.ts";
import { positionRows } from "./positions.ts";

export const reader = configReader("Choose a SmolVLM, SmolVLM2 or Idefics3 checkpoint with a Llama language model.");
const { refuse, number, positive, gelu } = reader;

function towerConfig(json: Json): TowerConfig {
  const numLayers = positive(json, "num_hidden_layers", 12);
  const imageSize = positive(json, "image_size", 224);
  const patchSize = positive(json, "patch_size", 32);
  if (imageSize < patchSize) refuse(`image_size ${imageSize} is less than patch_size ${patchSize}`);
  return {
    hiddenSize: positive(json, "hidden_size", 1152),
    intermediateSize: positive(json, "intermediate_size", 3072),
    ...{ numLayers, layersUsed: numLayers, numHeads: positive(json, "num_attention_heads", 16) },
    ...{ imageSize, patchSize, layerNormEps: number(json, "layer_norm_eps", 1e-6) },
    activation: gelu(json.hidden_act, "gelu_pytorch_tanh", "vision"),
    ...{ classToken: "none", patchBias: true, preNorm: false, postNorm: true },
    positionRows: positionRows(Math.floor(imageSize / patchSize)),
  };
}

/** Sizes of a checkpoint. Throws TabTuneError "unsupported-model". */
export function parseIdefics3Config(root: Json, modelType: string): VlmConfig {
  const text = (root.text_config ?? { rms_norm_eps: 1e-5 }) as Json;
  const type = text.model_type ?? "llama";
  if (type !== "llama") refuse(`language model type "${String(type)}" is not supported`);
  const decoder = decoderConfig(text, isTied(root), reader);
  const tower = towerConfig((root.vision_config ?? {}) as Json);
  checkSizes(decoder, tower, reader);
  const shuffle = positive(root, "scale_factor", 2);
  const side = Math.sqrt(tokensPerTile(tower));
  if (side % shuffle !== 0) refuse(`a tile has ${side} patches a side, which scale_factor ${shuffle} does not divide`);
  return {
    ...{ modelType, names: idefics3Names, decoder, tower },
    connector: {
      ...{ inSize: tower.hiddenSize, outSize: decoder.hiddenSize, shuffle, bias: false },
      modules: ["modality_projection.proj"],
      activation: "gelu",
    },
    imageTokenId: number(root, "image_token_id", 128257),
    padTokenId: typeof root.pad_token_id === "number" ? root.pad_token_id : null,
    extraRow: null,
    blends: false,
  };
}
