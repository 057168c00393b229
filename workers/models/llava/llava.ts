/** LLaVA-1.5: a CLIP tower, two linears, a Llama or Mistral; one crop a picture. transformers: models/llava/. */
import type { VlmConfig } from "../config.ts";
import type { Family, Json, ProcessorAttributes } from "../family.ts";
import { llavaChatTemplate } from "./chat-template.ts";
import { parseLlavaConfig } from "./config.ts";
import { llavaPictures } from "./pictures.ts";
import { decoderShapes, towerShapes } from "./published.ts";

export const llava: Family = {
  modelType: "llava",
  modelClass: "LlavaForConditionalGeneration",
  parseConfig: (json) => parseLlavaConfig(json, "llava"),
  chatTemplate: llavaChatTemplate,
  pictures: llavaPictures,
  processorOf: llavaProcessor,
  pictureSettings: [],
  missingAttributes: llavaAttributes,
  gguf: { architecture: "llama", pairsRotaryRows: true },
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
  },
};

/** CLIPImageProcessor, at the tower's size. */
export function llavaProcessor({ tower: { imageSize: side } }: VlmConfig): Json {
  return { size: { shortest_edge: side }, crop_size: { height: side, width: side } };
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
