/** Published checkpoints of LLaVA-OneVision, in the words of config.json. */
import type { PublishedModel } from "../family.ts";
import { qwen2Shapes, siglipShapes } from "../llava/published.ts";

export const publishedOnevision: Readonly<Record<string, PublishedModel>> = {
  "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": {
    dtype: "F16",
    vocab: 152000,
    config: {
      model_type: "llava_onevision",
      text_config: qwen2Shapes(896, 4864, 24, 14, 2),
      vision_config: siglipShapes,
      image_token_index: 151646,
    },
  },
};
