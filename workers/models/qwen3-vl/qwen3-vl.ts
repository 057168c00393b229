/**
 * Qwen3-VL: a Qwen3 with three rotary positions a token, a tower that sees pictures whole and at any size, and DeepStack.
 * transformers: models/qwen3_vl/. Its videos are not read.
 */
import { writtenLimits } from "../../data/pictures/smart-resize.ts";
import { type Family, nothingWritten } from "../family.ts";
import { parseQwen3VlConfig } from "./config.ts";
import { qwen3VlGguf, qwen3VlVision } from "./llama-cpp.ts";
import { qwen3VlPictures } from "./pictures.ts";
import { publishedQwen3Vl } from "./published.ts";

/** What its own template makes of conversations, for a checkpoint without one. */
const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}" +
  "{% for item in message['content'] %}" +
  "{% if item['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>" +
  "{% elif item['type'] == 'text' %}{{ item['text'] }}{% endif %}" +
  "{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

export const qwen3Vl: Family = {
  modelType: "qwen3_vl",
  modelClass: "Qwen3VLForConditionalGeneration",
  parseConfig: parseQwen3VlConfig,
  chatTemplate: () => chatTemplate,
  pictures: qwen3VlPictures,
  processorOf: ({ tower: { patchSize, imageSize, frames } }) => ({
    size: { shortest_edge: 65_536, longest_edge: 16_777_216 },
    ...{ patch_size: patchSize, merge_size: imageSize / patchSize, temporal_patch_size: frames },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
  }),
  pictureSettings: ["minPixels", "maxPixels"],
  writtenSettings: ({ processorJson, ...limits }) => ({
    ...nothingWritten,
    processor: writtenLimits(processorJson, limits),
  }),
  missingAttributes: () => undefined,
  // By its publisher's cookbooks/2d_grounding.ipynb (QwenLM/Qwen3-VL#1741); the generation before wrote pixels of the resized picture.
  boxes: { scale: 1000, decimals: 0 },
  gguf: qwen3VlGguf,
  vision: qwen3VlVision,
  published: publishedQwen3Vl,
};
