/**
 * LLaVA-1.5 and LLaVA-Interleave: a CLIP or SigLIP tower, two linears, a Llama, Mistral or Qwen2; one square a picture.
 * transformers: models/llava/.
 */
import type { BoxConvention } from "../../data/boxes/convention.ts";
import type { VlmConfig } from "../config.ts";
import { type Family, type GgufForm, type Json, nothingWritten, type ProcessorAttributes } from "../family.ts";
import { llavaChatTemplate } from "./chat-template.ts";
import { type LanguageModel, languageModel, parseLlavaConfig } from "./config.ts";
import { llavaVision } from "./llama-cpp.ts";
import { llavaPictures } from "./pictures.ts";
import { decoderShapes, llama3Shapes, qwen2Shapes, siglipShapes, towerShapes } from "./published.ts";

/**
 * Shares of the picture with two decimals, as in the data that LLaVA-1.5 was trained on (haotian-liu/LLaVA#606). There they are counted
 * on the padded square that its original code makes; here, as in transformers, no picture is padded.
 */
export const llavaBoxes: BoxConvention = { scale: 1, decimals: 2 };

export const llava: Family = {
  modelType: "llava",
  modelClass: "LlavaForConditionalGeneration",
  parseConfig: (json) => parseLlavaConfig(json, "llava"),
  chatTemplate: (json) => llavaChatTemplate(json),
  pictures: llavaPictures,
  processorOf: llavaProcessor,
  boxes: llavaBoxes,
  pictureSettings: [],
  writtenSettings: () => nothingWritten,
  missingAttributes: llavaAttributes,
  gguf: (json) => llavaGguf(json),
  vision: llavaVision,
  published: {
    "bczhou/tiny-llava-v1-hf": {
      dtype: "F32",
      vocab: 32064,
      config: { model_type: "llava", text_config: decoderShapes(2048, 5632, 22, 4), vision_config: towerShapes },
    },
    "llava-hf/llava-1.5-7b-hf": {
      dtype: "F16",
      vocab: 32064,
      config: { model_type: "llava", text_config: decoderShapes(4096, 11008, 32, 32), vision_config: towerShapes },
    },
    "llava-hf/llava-1.5-13b-hf": {
      dtype: "F16",
      vocab: 32064,
      config: { model_type: "llava", text_config: decoderShapes(5120, 13824, 40, 40, 40), vision_config: towerShapes },
    },
    "xtuner/llava-llama-3-8b-v1_1-transformers": {
      dtype: "F16",
      vocab: 128320,
      config: { model_type: "llava", text_config: llama3Shapes, vision_config: towerShapes },
    },
    "llava-hf/llava-interleave-qwen-0.5b-hf": {
      dtype: "F16",
      vocab: 152000,
      config: {
        model_type: "llava",
        text_config: qwen2Shapes(1024, 2816, 24, 16, 16),
        vision_config: siglipShapes,
        image_token_index: 151646,
        vision_feature_layer: -1,
        vision_feature_select_strategy: "full",
      },
    },
  },
};

/** Llama and Mistral are one architecture to llama.cpp; it rotates halves of Qwen2's heads, as transformers does. */
export const llavaGguf = (configJson: Json, usual?: LanguageModel): GgufForm =>
  languageModel((configJson.text_config ?? {}) as Json, usual) === "qwen2"
    ? { architecture: "qwen2", pairsRotaryRows: false }
    : { architecture: "llama", pairsRotaryRows: true };

/** CLIPImageProcessor at the tower's size, or SigLIP's where the tower has no class token. */
export function llavaProcessor({ tower: { imageSize: side, classToken } }: VlmConfig): Json {
  const square = { height: side, width: side };
  return classToken === "none"
    ? { image_processor_type: "SiglipImageProcessor", size: square }
    : { size: { shortest_edge: side }, crop_size: square };
}

/** LLaVA's processors count image slots by three attributes, which checkpoints without a full processor_config.json leave unset. */
export function llavaAttributes(said: Json, { tower }: VlmConfig): ProcessorAttributes | undefined {
  if (said.patch_size != null && said.vision_feature_select_strategy != null) return undefined;
  return {
    patch_size: tower.patchSize,
    vision_feature_select_strategy: tower.classToken === "kept" ? "full" : "default",
    num_additional_image_tokens: tower.classToken === "none" ? 0 : 1,
  };
}
