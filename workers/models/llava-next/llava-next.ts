/** LLaVA-NeXT (v1.6): LLaVA-1.5 with pictures cut into the tiles of a grid. transformers: models/llava_next/. */
import type { Family, Json } from "../family.ts";
import { llavaChatTemplate } from "../llava/chat-template.ts";
import { parseLlavaConfig } from "../llava/config.ts";
import { llavaAttributes, llavaProcessor } from "../llava/llava.ts";
import { mistralShapes, towerShapes } from "../llava/published.ts";
import { llavaNextPictures, pinpointsOf } from "./pictures.ts";

export const llavaNext: Family = {
  modelType: "llava_next",
  modelClass: "LlavaNextForConditionalGeneration",
  parseConfig(json: Json) {
    pinpointsOf(json);
    return { ...parseLlavaConfig(json, "llava_next"), extraRow: "image_newline" };
  },
  chatTemplate: llavaChatTemplate,
  pictures: llavaNextPictures,
  processorOf: llavaProcessor,
  pictureSettings: ["maxImageTiles"],
  missingAttributes: llavaAttributes,
  gguf: { architecture: "llama", pairsRotaryRows: true },
  published: {
    "llava-hf/llava-v1.6-mistral-7b-hf": {
      dtype: "F16",
      vocab: 32064,
      config: {
        model_type: "llava_next",
        text_config: mistralShapes(4096, 14336, 32, 8),
        vision_config: towerShapes,
        image_grid_pinpoints: pinpointsOf({}),
      },
    },
  },
};
