/** LLaVA-OneVision: a SigLIP tower, two linears, a Qwen2; a picture alone in its row is cut into tiles. transformers: models/llava_onevision/. */
import type { Family, Json } from "../family.ts";
import { llavaChatTemplate } from "../llava/chat-template.ts";
import { llavaGguf } from "../llava/llava.ts";
import { cappedGrids } from "../llava/pictures.ts";
import { parseLlavaOnevisionConfig, pinpointsOf } from "./config.ts";
import { llavaOnevisionPictures } from "./pictures.ts";
import { publishedOnevision } from "./published.ts";

export const llavaOnevision: Family = {
  modelType: "llava_onevision",
  modelClass: "LlavaOnevisionForConditionalGeneration",
  parseConfig: parseLlavaOnevisionConfig,
  chatTemplate: (json) => llavaChatTemplate(json, "qwen2"),
  pictures: llavaOnevisionPictures,
  processorOf: ({ tower: { imageSize: side } }): Json => ({
    ...{ image_processor_type: "LlavaOnevisionImageProcessor", size: { height: side, width: side } },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
  }),
  pictureSettings: ["maxImageTiles"],
  writtenSettings: (files) => cappedGrids(files, pinpointsOf(files.configJson as Json)),
  missingAttributes: (said, { tower }) =>
    said.num_image_tokens != null && said.vision_feature_select_strategy != null
      ? undefined
      : {
          num_image_tokens: Math.floor(tower.imageSize / tower.patchSize) ** 2,
          vision_feature_select_strategy: "full",
        },
  gguf: (json) => llavaGguf(json, "qwen2"),
  published: publishedOnevision,
};
